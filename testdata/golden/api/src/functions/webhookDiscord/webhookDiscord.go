// Package webhookdiscord is a serverless function.
package webhookdiscord

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler serves /webhookDiscord.
//
// To reach handle, a request must pass these checks, in order:
//   - webhooks.Require rejects requests not signed by Discord (401),
//     and all requests if the secret is not set.
//     It also responds to Discord's handshakes.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Discord, webhooks.Options{SecretEnv: "DISCORD_PUBLIC_KEY"}),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "webhookDiscord", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookDiscord function"})
}
