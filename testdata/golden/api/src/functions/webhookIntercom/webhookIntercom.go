// Package webhookintercom is a serverless function.
package webhookintercom

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler serves /webhookIntercom.
//
// To reach handle, a request must pass these checks, in order:
//   - webhooks.Require rejects requests not signed by Intercom (401),
//     and all requests if the secret is not set.
//     It also responds to Intercom's handshakes.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Intercom, webhooks.Options{SecretEnv: "INTERCOM_CLIENT_SECRET"}),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "webhookIntercom", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookIntercom function"})
}
