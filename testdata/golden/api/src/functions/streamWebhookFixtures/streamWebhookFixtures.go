// Package streamwebhookfixtures is a serverless function.
package streamwebhookfixtures

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler serves /streamWebhookFixtures.
//
// To reach handle, a request must pass these checks, in order:
//   - webhooks.Require rejects requests without a valid signature (401),
//     and all requests if the secret is not set.
var Handler = fn.ChainStream(handle,
	webhooks.Require(webhooks.SHA256, webhooks.Options{
		SignatureHeader: "X-Webhook-Signature",
		SecretEnv:       "STREAM_WEBHOOK_FIXTURES_WEBHOOK_SECRET",
	}),
)

// payload is the part of a message that handle uses. Add its fields, such as
// ID string `json:"id"`.
type payload struct{}

// handle responds to requests that passed the checks with server-sent events.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "streamWebhookFixtures", "method", event.HTTPMethod, "path", event.Path)

	var message payload
	body, err := fn.Body(event)
	if err == nil {
		err = json.Unmarshal(body, &message)
	}
	if err != nil {
		slog.WarnContext(ctx, "invalid payload", "reason", err)
		return fn.Buffered(fn.JSON(http.StatusBadRequest, map[string]string{"message": "invalid payload"}))
	}

	// Each event is sent at once. Send your own until ctx is done, which it is when
	// the client disconnects.
	return fn.Stream("text/event-stream", func(w io.Writer) error {
		for _, text := range []string{"first", "second", "third"} {
			if err := fn.SendEvent(w, map[string]string{"text": text}); err != nil {
				return err
			}
		}
		return nil
	})
}
