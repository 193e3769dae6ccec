// Package webhookskipverifier answers requests to /webhookSkipVerifier.
package webhookskipverifier

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler answers requests to /webhookSkipVerifier.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - webhooks.Require lets every request pass, which is for development alone:
//     choose a scheme that verifies.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Skip, webhooks.Options{}),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "webhookSkipVerifier", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookSkipVerifier function"})
}
