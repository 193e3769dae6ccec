// Package corsorigins is a serverless function.
package corsorigins

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/cors"
	"example.com/golden/api/src/lib/fn"
)

// Handler serves /corsOrigins.
//
// A deployed function is an open endpoint: anyone can call it. To reach handle,
// a request must pass these checks, in order:
//   - cors.Allow answers preflight requests, so that pages on the listed
//     origins can call the function. All other requests pass.
var Handler = fn.Chain(handle,
	cors.Allow(cors.Options{Origins: []string{
		"https://app.example.com",
		"https://*.example.org:8443",
		"http://localhost:5173",
	}}),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "corsOrigins", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "corsOrigins function"})
}
