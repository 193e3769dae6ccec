// Package webhooksns is a serverless function.
package webhooksns

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler serves /webhookSns.
//
// To reach handle, a request must pass these checks, in order:
//   - webhooks.Require rejects requests not signed by Amazon SNS (401),
//     and all requests if the secret is not set.
//     It also responds to Amazon SNS's handshakes.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.SNS, webhooks.Options{SecretEnv: "SNS_TOPIC_ARN"}),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "webhookSns", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookSns function"})
}
