// Package webhookdiscourse answers requests to /webhookDiscourse.
package webhookdiscourse

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler answers requests to /webhookDiscourse.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - webhooks.Require answers 401 unless the request is signed as Discourse signs.
//     While DISCOURSE_WEBHOOK_SECRET is unset, none is.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Discourse, webhooks.Options{SecretEnv: "DISCOURSE_WEBHOOK_SECRET"}),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "webhookDiscourse", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookDiscourse function"})
}
