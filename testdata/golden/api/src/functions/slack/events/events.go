// Package events is a serverless function.
package events

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler serves /slack/events.
//
// To reach handle, a request must pass these checks, in order:
//   - webhooks.Require rejects requests not signed by Slack (401),
//     and all requests if the secret is not set.
//     It also responds to Slack's handshakes.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Slack, webhooks.Options{SecretEnv: "SLACK_SIGNING_SECRET"}),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "slack/events", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "slack/events function"})
}
