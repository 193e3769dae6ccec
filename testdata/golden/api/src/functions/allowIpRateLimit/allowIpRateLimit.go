// Package allowipratelimit is a serverless function.
package allowipratelimit

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/ipallow"
	"example.com/golden/api/src/lib/ratelimit"
)

// Handler serves /allowIpRateLimit.
//
// To reach handle, a request must pass these checks, in order:
//   - ipallow.Require rejects client IP addresses that are not listed (401).
//   - ratelimit.Require rejects requests above the rate limit of a client IP
//     address (429). Each instance of the function counts separately.
var Handler = fn.Chain(handle,
	ipallow.Require("2001:db8::/32"),
	ratelimit.Require(ratelimit.PerMinute(1), ratelimit.Options{}),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "allowIpRateLimit", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "allowIpRateLimit function"})
}
