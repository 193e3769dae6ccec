// Package allowips answers requests to /allowIps.
package allowips

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/ipallow"
)

// Handler answers requests to /allowIps.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - ipallow.Require answers 401 to addresses that are not on its list.
var Handler = fn.Chain(handle,
	ipallow.Require(
		"10.0.0.0/8",
		"203.0.113.7",
		"2001:db8::/32",
		"::1",
	),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "allowIps", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "allowIps function"})
}
