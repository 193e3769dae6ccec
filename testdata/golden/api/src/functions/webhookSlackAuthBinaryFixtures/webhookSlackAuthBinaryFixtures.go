// Package webhookslackauthbinaryfixtures is a serverless function.
package webhookslackauthbinaryfixtures

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/png"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler serves /webhookSlackAuthBinaryFixtures.
//
// To reach handle, a request must pass these checks, in order:
//   - webhooks.Require rejects requests not signed by Slack (401),
//     and all requests if the secret is not set.
//     It also responds to Slack's handshakes.
//   - auth.Require rejects requests without a signed-in user (401).
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Slack, webhooks.Options{SecretEnv: "SLACK_SIGNING_SECRET"}),
	auth.Require(),
)

// payload is the part of a message that handle uses. Add its fields, such as
// ID string `json:"id"`.
type payload struct{}

// handle responds to requests that passed the checks.
// webhooks.Once ("fngen add webhooks/once") skips messages that are sent again.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "webhookSlackAuthBinaryFixtures", "method", event.HTTPMethod, "path", event.Path)

	var message payload
	body, err := fn.Body(event)
	if err == nil {
		err = json.Unmarshal(body, &message)
	}
	if err != nil {
		slog.WarnContext(ctx, "invalid payload", "reason", err)
		return fn.JSON(http.StatusBadRequest, map[string]string{"message": "invalid payload"})
	}

	// Replace this image of one pixel with your own data.
	var data bytes.Buffer
	if err := png.Encode(&data, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		return events.APIGatewayProxyResponse{}, err
	}
	return fn.Binary("image/png", data.Bytes())
}
