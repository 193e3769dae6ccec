// Package ratelimitwebhookslack answers requests to /rateLimitWebhookSlack.
package ratelimitwebhookslack

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/ratelimit"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler answers requests to /rateLimitWebhookSlack.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - ratelimit.Require answers 429 to addresses that send more than 1 request
//     an hour. Each instance of the function counts for itself.
//   - webhooks.Require answers 401 unless the request is signed as Slack signs.
//     While SLACK_SIGNING_SECRET is unset, none is.
//     It answers Slack's handshakes itself.
var Handler = fn.Chain(handle,
	ratelimit.Require(ratelimit.PerHour(1), ratelimit.Options{}),
	webhooks.Require(webhooks.Slack, webhooks.Options{SecretEnv: "SLACK_SIGNING_SECRET"}),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "rateLimitWebhookSlack", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "rateLimitWebhookSlack function"})
}
