// Package webhooktwilio is a serverless function.
package webhooktwilio

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler serves /webhookTwilio.
//
// To reach handle, a request must pass these checks, in order:
//   - webhooks.Require rejects requests not signed by Twilio (401),
//     and all requests if the secret is not set.
//     URLEnv names the variable with the public URL, which Twilio signs too.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Twilio, webhooks.Options{
		SecretEnv: "TWILIO_AUTH_TOKEN",
		URLEnv:    "TWILIO_WEBHOOK_URL",
	}),
)

// handle responds to requests that passed the checks.
// webhooks.Once ("fngen add webhooks/once") skips messages that are sent again.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "webhookTwilio", "method", event.HTTPMethod, "path", event.Path)

	form, err := fn.Form(event)
	if err != nil {
		slog.WarnContext(ctx, "invalid payload", "reason", err)
		return fn.JSON(http.StatusBadRequest, map[string]string{"message": "invalid payload"})
	}
	_ = form // form.Get returns the value of a field

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookTwilio function"})
}
