// Package webhookzoom answers requests to /webhookZoom.
package webhookzoom

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler answers requests to /webhookZoom.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - webhooks.Require answers 401 unless the request is signed as Zoom signs.
//     While ZOOM_WEBHOOK_SECRET_TOKEN is unset, none is.
//     It answers Zoom's handshakes itself.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Zoom, webhooks.Options{SecretEnv: "ZOOM_WEBHOOK_SECRET_TOKEN"}),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "webhookZoom", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookZoom function"})
}
