// Package cors is a serverless function.
package cors

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/cors"
	"example.com/golden/api/src/lib/fn"
)

// Handler serves /cors.
//
// A deployed function is an open endpoint: anyone can call it. To reach handle,
// a request must pass these checks, in order:
//   - cors.Allow answers preflight requests, so that pages on any origin can
//     call the function, but without cookies. All other requests pass.
var Handler = fn.Chain(handle,
	cors.Allow(cors.Options{Origins: []string{"*"}}),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "cors", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "cors function"})
}
