// Package ratelimitauth is a serverless function.
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

// Handler serves /rateLimitAuth.
//
// To reach handle, a request must pass these checks, in order:
//   - ratelimit.Require rejects requests above the rate limit of a client IP
//     address (429). Each instance of the function counts separately.
//   - auth.Require rejects requests without a signed-in user (401), and users
//     without a required role (403).
var Handler = fn.Chain(handle,
	ratelimit.Require(ratelimit.PerHour(1), ratelimit.Options{}),
	auth.Require("admin"),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "rateLimitAuth", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "rateLimitAuth function"})
}
