// Package webhookokta is a serverless function.
package webhookokta

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler serves /webhookOkta.
//
// To reach handle, a request must pass these checks, in order:
//   - webhooks.Require rejects requests not signed by Okta (401),
//     and all requests if the secret is not set.
//     It also responds to Okta's handshakes.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Okta, webhooks.Options{SecretEnv: "OKTA_EVENT_HOOK_SECRET"}),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "webhookOkta", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookOkta function"})
}
