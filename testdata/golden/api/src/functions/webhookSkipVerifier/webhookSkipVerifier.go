// Package webhookskipverifier is a serverless function.
package webhookskipverifier

import (
	"context"
	"encoding/json"
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
//   - webhooks.Require accepts all requests, because webhooks.Skip is meant for
//     development. Use another scheme before you deploy the function.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.Skip, webhooks.Options{}),
)

// payload is the part of a message that handle uses. Add its fields, such as
// ID string `json:"id"`.
type payload struct{}

// handle responds to requests that passed the checks.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "webhookSkipVerifier", "method", event.HTTPMethod, "path", event.Path)

	var message payload
	body, err := fn.Body(event)
	if err == nil {
		err = json.Unmarshal(body, &message)
	}
	if err != nil {
		slog.WarnContext(ctx, "invalid payload", "reason", err)
		return fn.JSON(http.StatusBadRequest, map[string]string{"message": "invalid payload"})
	}

	return fn.JSON(http.StatusOK, map[string]string{"data": "webhookSkipVerifier function"})
}
