// Package corsauth is a serverless function.
package corsauth

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/cors"
	"example.com/golden/api/src/lib/fn"
)

// Handler serves /corsAuth.
//
// To reach handle, a request must pass these checks, in order:
//   - cors.Allow answers preflight requests, so that pages on the listed
//     origins can call the function. All other requests pass.
//   - auth.Require rejects requests without a signed-in user (401).
var Handler = fn.Chain(handle,
	cors.Allow(cors.Options{Origins: []string{"https://app.example.com"}}),
	auth.Require(),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "corsAuth", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "corsAuth function"})
}
