// Package webhooksns is a serverless function.
package webhooksns

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler serves /webhookSns.
//
// To reach handle, a request must pass these checks, in order:
//   - webhooks.Require rejects requests not signed by Amazon SNS (401),
//     and all requests if the secret is not set.
//     The secret is the ARN of the topic. Subscriptions to it are confirmed.
//     It also responds to Amazon SNS's handshakes.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.SNS, webhooks.Options{SecretEnv: "SNS_TOPIC_ARN"}),
)

// payload is the part of a message that handle uses. Add its fields, such as
// ID string `json:"id"`.
type payload struct{}

// handle responds to requests that passed the checks.
// webhooks.Once ("fngen add webhooks/once") skips messages that are sent again.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "webhookSns", "method", event.HTTPMethod, "path", event.Path)

	var message payload
	body, err := fn.Body(event)
	if err == nil {
		err = json.Unmarshal(body, &message)
	}
	if err != nil {
		slog.WarnContext(ctx, "invalid payload", "reason", err)
		return fn.JSON(http.StatusBadRequest, map[string]string{"message": "invalid payload"})
	}

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookSns function"})
}
