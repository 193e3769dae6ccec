// Package allowipratelimit answers requests to /allowIpRateLimit.
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

// Handler answers requests to /allowIpRateLimit.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - ipallow.Require answers 401 to addresses that are not on its list.
//   - ratelimit.Require answers 429 to addresses that send more than 1 request
//     a minute. Each instance of the function counts for itself.
var Handler = fn.Chain(handle,
	ipallow.Require("2001:db8::/32"),
	ratelimit.Require(ratelimit.PerMinute(1), ratelimit.Options{}),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "allowIpRateLimit", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "allowIpRateLimit function"})
}
