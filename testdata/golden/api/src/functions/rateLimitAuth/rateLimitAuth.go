// Package ratelimitauth answers requests to /rateLimitAuth.
package ratelimitauth

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/ratelimit"
)

// Handler answers requests to /rateLimitAuth.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - ratelimit.Require answers 429 to addresses that send more than 1 request
//     an hour. Each instance of the function counts for itself.
//   - auth.Require answers 401 where nobody is signed in, and 403 to users
//     without the role admin.
var Handler = fn.Chain(handle,
	ratelimit.Require(ratelimit.PerHour(1), ratelimit.Options{}),
	auth.Require("admin"),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "rateLimitAuth", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "rateLimitAuth function"})
}
