// Package ratelimitburst answers requests to /rateLimitBurst.
package ratelimitburst

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/ratelimit"
)

// Handler answers requests to /rateLimitBurst.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - ratelimit.Require answers 429 to addresses that send more than 100 requests
//     a minute, or 20 at once. Each instance of the function counts for itself.
var Handler = fn.Chain(handle,
	ratelimit.Require(ratelimit.PerMinute(100).WithBurst(20), ratelimit.Options{}),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "rateLimitBurst", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "rateLimitBurst function"})
}
