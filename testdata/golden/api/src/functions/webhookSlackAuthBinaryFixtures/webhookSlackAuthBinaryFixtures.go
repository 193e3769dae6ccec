// Package webhookslackauthbinaryfixtures answers requests to /webhookSlackAuthBinaryFixtures.
package webhookslackauthbinaryfixtures

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler answers requests to /webhookSlackAuthBinaryFixtures.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - webhooks.Require answers 401 unless the request is signed as Slack signs.
//     While SLACK_SIGNING_SECRET is unset, none is.
//     It answers Slack's handshakes itself.
//   - auth.Require answers 401 where nobody is signed in.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Slack, webhooks.Options{SecretEnv: "SLACK_SIGNING_SECRET"}),
	auth.Require(),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "webhookSlackAuthBinaryFixtures", "method", event.HTTPMethod, "path", event.Path)

	// A picture of one pixel: put your own in its place.
	var data bytes.Buffer
	if err := png.Encode(&data, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		return events.APIGatewayProxyResponse{}, err
	}
	return fn.Binary("image/png", data.Bytes())
}
