// Package webhookauthrole is a serverless function.
package webhookauthrole

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler serves /webhookAuthRole.
//
// To reach handle, a request must pass these checks, in order:
//   - webhooks.Require rejects requests without a valid signature (401),
//     and all requests if the secret is not set.
//   - auth.Require rejects requests without a signed-in user (401), and users
//     without a required role (403).
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.SHA256, webhooks.Options{
		SignatureHeader: "X-Webhook-Signature",
		SecretEnv:       "WEBHOOK_AUTH_ROLE_WEBHOOK_SECRET",
	}),
	auth.Require("admin"),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "webhookAuthRole", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookAuthRole function"})
}
