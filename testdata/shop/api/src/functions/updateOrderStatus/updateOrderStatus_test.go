package updateorderstatus

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"example.com/shop/api/src/lib/db"
	"example.com/shop/api/src/lib/fntest"
	"example.com/shop/api/src/lib/scenario"
	"example.com/shop/api/src/lib/webhooks"
	"example.com/shop/api/src/services/orders"
)

// secret is the key that the sender signs with.
const secret = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"

// options are the options that the sender signs with.
var options = webhooks.Options{Secret: secret, SignatureHeader: "X-Webhook-Signature"}

// body is the body of a response.
type body struct {
	Order   orders.Order
	Message string
	Error   string
}

// call sends Handler an update of an order, signed with options. It returns the
// status of the response and its body.
func call(t *scenario.T, trackingNumber string, options webhooks.Options) (status int, b body) {
	t.Helper()
	event := fntest.SignedWebhook(
		fntest.Event{
			HTTPMethod: http.MethodPost,
			Path:       "/updateOrderStatus",
			Payload:    map[string]any{"trackingNumber": trackingNumber, "status": orders.Delivered},
		},
		webhooks.Signer(webhooks.SHA256, options),
	)
	response := fntest.Call(t, Handler, event)
	if err := json.Unmarshal([]byte(response.Body), &b); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, b
}

// checkStatus checks the status of an order in the database.
func checkStatus(t *scenario.T, order orders.Order, want orders.Status) {
	t.Helper()
	if err := db.From(t.Context()).NewSelect().Model(&order).WherePK().Scan(t.Context()); err != nil {
		t.Fatal(err)
	}
	if order.Status != want {
		t.Errorf("order %d is %s, want %s", order.ID, order.Status, want)
	}
}

func TestHandler(t *testing.T) {
	t.Setenv("UPDATE_ORDER_STATUS_WEBHOOK_SECRET", secret)

	standard.Run(t, "with a shipped order, updates the status to DELIVERED", func(t *scenario.T, s *Scenario) {
		order := s.Order.Shipped
		status, got := call(t, order.TrackingNumber, options)

		if status != http.StatusOK {
			t.Errorf("status = %d, want %d", status, http.StatusOK)
		}
		if want := fmt.Sprintf("Updated order %d to DELIVERED", order.ID); !strings.Contains(got.Message, want) {
			t.Errorf("message = %q, want %q in it", got.Message, want)
		}
		if got.Order.ID != order.ID || got.Order.Status != orders.Delivered {
			t.Errorf("order = %+v", got.Order)
		}
		checkStatus(t, order, orders.Delivered)
		checkStatus(t, s.Order.Placed, orders.Placed)
	})
}

func TestHandlerRejectsUnsignedRequests(t *testing.T) {
	t.Setenv("UPDATE_ORDER_STATUS_WEBHOOK_SECRET", secret)

	tests := []struct {
		name    string
		options webhooks.Options
	}{
		{
			name:    "with an invalid signature header, the webhook is unauthorized",
			options: webhooks.Options{Secret: secret, SignatureHeader: "X-Webhook-Signature-Invalid"},
		},
		{
			name:    "with the wrong webhook secret the webhook is unauthorized",
			options: webhooks.Options{Secret: "MY-NAME-IS-WERNER-BRANDES-VERIFY-ME", SignatureHeader: "X-Webhook-Signature"},
		},
	}
	for _, test := range tests {
		standard.Run(t, test.name, func(t *scenario.T, s *Scenario) {
			order := s.Order.Shipped
			status, _ := call(t, order.TrackingNumber, test.options)

			if status != http.StatusUnauthorized {
				t.Errorf("status = %d, want %d", status, http.StatusUnauthorized)
			}
			checkStatus(t, order, orders.Shipped)
		})
	}
}

func TestHandlerFails(t *testing.T) {
	t.Setenv("UPDATE_ORDER_STATUS_WEBHOOK_SECRET", secret)

	tests := []struct {
		name           string
		trackingNumber func(s *Scenario) string
	}{
		{
			name:           "when the tracking number cannot be found, returns an error",
			trackingNumber: func(*Scenario) string { return "1Z-DOES-NOT-EXIST" },
		},
		{
			name:           "when the order has not yet shipped, returns an error",
			trackingNumber: func(s *Scenario) string { return s.Order.Placed.TrackingNumber },
		},
		{
			name:           "when the order has already been delivered, returns an error",
			trackingNumber: func(s *Scenario) string { return s.Order.Delivered.TrackingNumber },
		},
	}
	for _, test := range tests {
		standard.Run(t, test.name, func(t *scenario.T, s *Scenario) {
			status, got := call(t, test.trackingNumber(s), options)

			if status != http.StatusInternalServerError {
				t.Errorf("status = %d, want %d", status, http.StatusInternalServerError)
			}
			if got.Error == "" {
				t.Error("the response has no error")
			}
			if want := "Unable to update the order status"; got.Message != want {
				t.Errorf("message = %q, want %q", got.Message, want)
			}
			checkStatus(t, s.Order.Placed, orders.Placed)
		})
	}
}
