// Package updateorderstatus is a serverless function that updates orders.
package updateorderstatus

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/shop/api/src/lib/fn"
	"example.com/shop/api/src/lib/webhooks"
	"example.com/shop/api/src/services/orders"
)

// Handler serves /updateOrderStatus.
//
// To reach handle, a request must pass these checks, in order:
//   - webhooks.Require rejects requests without a valid signature (401),
//     and all requests if the secret is not set.
var Handler = fn.Chain(handle,
	webhooks.Require(webhooks.SHA256, webhooks.Options{
		SignatureHeader: "X-Webhook-Signature",
		SecretEnv:       "UPDATE_ORDER_STATUS_WEBHOOK_SECRET",
	}),
)

// handle updates the status of the order with a tracking number.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "updateOrderStatus", "method", event.HTTPMethod, "path", event.Path)

	body, err := fn.Body(event)
	if err != nil {
		return failed(err)
	}
	var update struct {
		TrackingNumber string        `json:"trackingNumber"`
		Status         orders.Status `json:"status"`
	}
	if err := json.Unmarshal(body, &update); err != nil {
		return failed(err)
	}
	order, err := orders.Advance(ctx, update.TrackingNumber, update.Status)
	if err != nil {
		return failed(err)
	}
	return fn.JSON(http.StatusOK, map[string]any{
		"order": order,
		"message": fmt.Sprintf("Updated order %d to %s at %s",
			order.ID, order.Status, order.UpdatedAt.Format(time.RFC3339)),
	})
}

// failed returns a response with the error. The sender may see the error, because
// its signature was valid.
func failed(err error) (events.APIGatewayProxyResponse, error) {
	return fn.JSON(http.StatusInternalServerError, map[string]string{
		"error":   err.Error(),
		"message": "Unable to update the order status",
	})
}
