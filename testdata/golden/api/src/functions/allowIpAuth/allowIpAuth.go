// Package allowipauth answers requests to /allowIpAuth.
package allowipauth

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/ipallow"
)

// Handler answers requests to /allowIpAuth.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - ipallow.Require answers 401 to addresses that are not on its list.
//   - auth.Require answers 401 where nobody is signed in.
var Handler = fn.Chain(handle,
	ipallow.Require("10.0.0.0/8"),
	auth.Require(),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "allowIpAuth", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "allowIpAuth function"})
}
