// Package webhooksha1verifier answers requests to /webhookSha1Verifier.
package webhooksha1verifier

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler answers requests to /webhookSha1Verifier.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - webhooks.Require answers 401 unless the signature verifies. While
//     WEBHOOK_SHA1_VERIFIER_WEBHOOK_SECRET is unset, none does.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.SHA1, webhooks.Options{
		SignatureHeader: "X-Webhook-Signature",
		SecretEnv:       "WEBHOOK_SHA1_VERIFIER_WEBHOOK_SECRET",
	}),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "webhookSha1Verifier", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookSha1Verifier function"})
}
