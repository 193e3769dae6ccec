// Package webhooktypeform is a serverless function.
package webhooktypeform

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler serves /webhookTypeform.
//
// To reach handle, a request must pass these checks, in order:
//   - webhooks.Require rejects requests not signed by Typeform (401),
//     and all requests if the secret is not set.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Typeform, webhooks.Options{SecretEnv: "TYPEFORM_WEBHOOK_SECRET"}),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "webhookTypeform", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookTypeform function"})
}
