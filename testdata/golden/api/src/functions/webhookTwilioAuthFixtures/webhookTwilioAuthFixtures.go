// Package webhooktwilioauthfixtures answers requests to /webhookTwilioAuthFixtures.
package webhooktwilioauthfixtures

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler answers requests to /webhookTwilioAuthFixtures.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - webhooks.Require answers 401 unless the request is signed as Twilio signs.
//     While TWILIO_AUTH_TOKEN is unset, none is.
//     TWILIO_WEBHOOK_URL is the address that Twilio calls, which it signs.
//   - auth.Require answers 401 where nobody is signed in, and 403 to users
//     without the role admin.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Twilio, webhooks.Options{
		SecretEnv: "TWILIO_AUTH_TOKEN",
		URLEnv:    "TWILIO_WEBHOOK_URL",
	}),
	auth.Require("admin"),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "webhookTwilioAuthFixtures", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookTwilioAuthFixtures function"})
}
