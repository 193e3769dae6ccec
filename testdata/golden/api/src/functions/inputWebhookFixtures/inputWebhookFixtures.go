// Package inputwebhookfixtures is a serverless function.
package inputwebhookfixtures

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// input is the body of a request, in JSON. Fields with omitempty are optional.
type input struct {
	Name string `json:"name"`
	Age  *int   `json:"age,omitempty"`
}

// Validate returns an error for each field that is invalid.
func (in input) Validate() error {
	var errs []error
	if in.Name == "" {
		errs = append(errs, fn.Invalid("name", "must not be empty"))
	}
	return errors.Join(errs...)
}

// Handler serves /inputWebhookFixtures.
//
// To reach handle, a request must pass these checks, in order:
//   - webhooks.Require rejects requests without a valid signature (401),
//     and all requests if the secret is not set.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.SHA256, webhooks.Options{
		SignatureHeader: "X-Webhook-Signature",
		SecretEnv:       "INPUT_WEBHOOK_FIXTURES_WEBHOOK_SECRET",
	}),
)

// handle responds to requests that passed the checks.
// webhooks.Once ("fngen add webhooks/once") skips messages that are sent again.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "inputWebhookFixtures", "method", event.HTTPMethod, "path", event.Path)

	in, err := fn.Decode[input](event)
	if err != nil {
		return fn.Problem(err)
	}
	return fn.JSON(http.StatusOK, map[string]input{"data": in})
}
