// Package webhookopenai is a serverless function.
package webhookopenai

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler serves /webhookOpenai.
//
// To reach handle, a request must pass these checks, in order:
//   - webhooks.Require rejects requests not signed by OpenAI (401),
//     and all requests if the secret is not set.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.OpenAI, webhooks.Options{SecretEnv: "OPENAI_WEBHOOK_SECRET"}),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "webhookOpenai", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookOpenai function"})
}
