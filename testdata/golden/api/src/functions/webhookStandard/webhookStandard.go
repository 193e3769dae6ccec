// Package webhookstandard answers requests to /webhookStandard.
package webhookstandard

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler answers requests to /webhookStandard.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - webhooks.Require answers 401 unless the request is signed as Standard Webhooks signs.
//     While STANDARD_WEBHOOK_SECRET is unset, none is.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Standard, webhooks.Options{SecretEnv: "STANDARD_WEBHOOK_SECRET"}),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "webhookStandard", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookStandard function"})
}
