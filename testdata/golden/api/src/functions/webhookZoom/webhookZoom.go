// Package webhookzoom is a serverless function.
package webhookzoom

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler serves /webhookZoom.
//
// To reach handle, a request must pass these checks, in order:
//   - webhooks.Require rejects requests not signed by Zoom (401),
//     and all requests if the secret is not set.
//     It also responds to Zoom's handshakes.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Zoom, webhooks.Options{SecretEnv: "ZOOM_WEBHOOK_SECRET_TOKEN"}),
)

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "webhookZoom", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookZoom function"})
}
