// Package webhooksquare answers requests to /webhookSquare.
package webhooksquare

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler answers requests to /webhookSquare.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - webhooks.Require answers 401 unless the request is signed as Square signs.
//     While SQUARE_WEBHOOK_SIGNATURE_KEY is unset, none is.
//     SQUARE_WEBHOOK_URL is the address that Square calls, which it signs.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Square, webhooks.Options{
		SecretEnv: "SQUARE_WEBHOOK_SIGNATURE_KEY",
		URLEnv:    "SQUARE_WEBHOOK_URL",
	}),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "webhookSquare", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookSquare function"})
}
