// Package allowipratelimitwebhookauthbinaryfixtures answers requests to /allowIpRateLimitWebhookAuthBinaryFixtures.
package allowipratelimitwebhookauthbinaryfixtures

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/ipallow"
	"example.com/golden/api/src/lib/ratelimit"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler answers requests to /allowIpRateLimitWebhookAuthBinaryFixtures.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - ipallow.Require answers 401 to addresses that are not on its list.
//   - ratelimit.Require answers 429 to addresses that send more than 10 requests
//     a second. Each instance of the function counts for itself.
//   - webhooks.Require answers 401 unless the signature verifies. While
//     ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_BINARY_FIXTURES_WEBHOOK_SECRET is unset, none does.
//   - auth.Require answers 401 where nobody is signed in.
var Handler = fn.Chain(handle,
	ipallow.Require("127.0.0.0/8", "::1"),
	ratelimit.Require(ratelimit.PerSecond(10), ratelimit.Options{}),
	webhooks.Require(webhooks.SHA256, webhooks.Options{
		SignatureHeader: "X-Webhook-Signature",
		SecretEnv:       "ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_BINARY_FIXTURES_WEBHOOK_SECRET",
	}),
	auth.Require(),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "allowIpRateLimitWebhookAuthBinaryFixtures", "method", event.HTTPMethod, "path", event.Path)

	// A picture of one pixel: put your own in its place.
	var data bytes.Buffer
	if err := png.Encode(&data, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
		return events.APIGatewayProxyResponse{}, err
	}
	return fn.Binary("image/png", data.Bytes())
}
