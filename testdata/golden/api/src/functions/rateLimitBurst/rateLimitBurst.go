// Package ratelimitburst is a serverless function.
package ratelimitburst

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/ratelimit"
)

// Handler serves /rateLimitBurst.
//
// A deployed function is an open endpoint: anyone can call it. To reach handle,
// a request must pass these checks, in order:
//   - ratelimit.Require rejects requests above the rate limit of a client IP
//     address (429). Each instance of the function counts on its own.
var Handler = fn.Chain(handle,
	ratelimit.Require(ratelimit.PerMinute(100).WithBurst(20), ratelimit.Options{}),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "rateLimitBurst", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "rateLimitBurst function"})
}
