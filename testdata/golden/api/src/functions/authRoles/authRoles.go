// Package authroles answers requests to /authRoles.
package authroles

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fn"
)

// Handler answers requests to /authRoles.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - auth.Require answers 401 where nobody is signed in, and 403 to users
//     without the role admin or editor.
var Handler = fn.Chain(handle,
	auth.Require("admin", "editor"),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "authRoles", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "authRoles function"})
}
