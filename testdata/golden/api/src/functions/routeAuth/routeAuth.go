// Package routeauth is a serverless function.
package routeauth

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fn"
)

// Routes lists the requests that Handler answers.
var Routes = []string{"PUT /accounts/{id}"}

// Handler serves the requests that Routes lists.
//
// To reach handle, a request must pass these checks, in order:
//   - auth.Require rejects requests without a signed-in user (401).
var Handler = fn.Chain(handle,
	auth.Require(),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "routeAuth", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{
		"data": "routeAuth function",
		"id":   event.PathParameters["id"],
	})
}
