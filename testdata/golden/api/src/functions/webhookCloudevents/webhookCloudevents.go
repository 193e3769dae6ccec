// Package webhookcloudevents is a serverless function.
package webhookcloudevents

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler serves /webhookCloudevents.
//
// To reach handle, a request must pass these checks, in order:
//   - webhooks.Require rejects requests without a valid signature (401),
//     and all requests if the secret is not set.
//     It also responds to the sender's handshakes.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.CloudEvents, webhooks.Options{SecretEnv: "CLOUDEVENTS_ACCESS_TOKEN"}),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "webhookCloudevents", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookCloudevents function"})
}
