// Package webhookskipverifier is a serverless function.
package webhookskipverifier

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler serves /webhookSkipVerifier.
//
// A deployed function is an open endpoint: anyone can call it. To reach handle,
// a request must pass these checks, in order:
//   - webhooks.Require accepts every request, because webhooks.Skip is for
//     development. Use another scheme before you deploy the function.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Skip, webhooks.Options{}),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "webhookSkipVerifier", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookSkipVerifier function"})
}
