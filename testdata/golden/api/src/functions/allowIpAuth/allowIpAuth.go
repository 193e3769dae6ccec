// Package allowipauth is a serverless function.
package allowipauth

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/ipallow"
)

// Handler serves /allowIpAuth.
//
// To reach handle, a request must pass these checks, in order:
//   - ipallow.Require rejects client IP addresses that are not listed (401).
//   - auth.Require rejects requests without a signed-in user (401).
var Handler = fn.Chain(handle,
	ipallow.Require("10.0.0.0/8"),
	auth.Require(),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "allowIpAuth", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "allowIpAuth function"})
}
