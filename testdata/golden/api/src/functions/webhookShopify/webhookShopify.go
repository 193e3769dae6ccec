// Package webhookshopify answers requests to /webhookShopify.
package webhookshopify

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/webhooks"
)

// Handler answers requests to /webhookShopify.
//
// A deployed function is an open endpoint: anyone can call it. What comes in
// passes these, in order, before it reaches handle:
//   - webhooks.Require answers 401 unless the request is signed as Shopify signs.
//     While SHOPIFY_API_SECRET is unset, none is.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Shopify, webhooks.Options{SecretEnv: "SHOPIFY_API_SECRET"}),
)

// handle answers the requests that Handler lets pass.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received", "function", "webhookShopify", "method", event.HTTPMethod, "path", event.Path)

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookShopify function"})
}
