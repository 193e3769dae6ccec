// Package webhookdiscord answers requests to /webhookDiscord.
package webhookdiscord

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler answers requests to /webhookDiscord.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - webhooks.Require answers 401 unless the request is signed as Discord signs.
//     While DISCORD_PUBLIC_KEY is unset, none is.
//     It answers Discord's handshakes itself.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Discord, webhooks.Options{SecretEnv: "DISCORD_PUBLIC_KEY"}),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "webhookDiscord", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookDiscord function"})
}
