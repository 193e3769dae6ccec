// Package allowip is a serverless function.
package allowip

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/ipallow"
)

// Handler serves /allowIp.
//
// To reach handle, a request must pass these checks, in order:
//   - ipallow.Require rejects client IP addresses that are not listed (401).
var Handler = fn.Chain(handle,
	ipallow.Require("203.0.113.7"),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "allowIp", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "allowIp function"})
}
