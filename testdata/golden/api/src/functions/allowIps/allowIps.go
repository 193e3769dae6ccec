// Package allowips is a serverless function.
package allowips

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/ipallow"
)

// Handler serves /allowIps.
//
// To reach handle, a request must pass these checks, in order:
//   - ipallow.Require rejects client IP addresses that are not listed (401).
var Handler = fn.Chain(handle,
	ipallow.Require(
		"10.0.0.0/8",
		"203.0.113.7",
		"2001:db8::/32",
		"::1",
	),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "allowIps", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "allowIps function"})
}
