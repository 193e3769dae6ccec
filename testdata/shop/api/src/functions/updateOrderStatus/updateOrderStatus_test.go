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

// The sender signs with secret and puts the signature in header.
const (
	secret = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"
	header = "X-Webhook-Signature"
)

// A result is the status and body of a response.
type result struct {
	Status  int
	Order   orders.Order
	Message string
	Error   string
}

// call sends a signed update to the handler.
func call(t *scenario.T, trackingNumber string, status orders.Status, secret, header string) result {
	t.Helper()
	event := fntest.SignedWebhook(
		fntest.Event{
			HTTPMethod: http.MethodPost,
			Path:       "/updateOrderStatus",
			Payload:    map[string]any{"trackingNumber": trackingNumber, "status": status},
		},
		webhooks.Signer(webhooks.SHA256, webhooks.Options{Secret: secret, SignatureHeader: header}),
	)
	response, err := Handler(fntest.Context(t), event)
	if err != nil {
		t.Fatal(err)
	}
	r := result{Status: response.StatusCode}
	if err := json.Unmarshal([]byte(response.Body), &r); err != nil {
		t.Fatal(err)
	}
	return r
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
		got := call(t, order.TrackingNumber, orders.Delivered, secret, header)
		if got.Status != http.StatusOK {
			t.Errorf("status = %d, want %d", got.Status, http.StatusOK)
		}
		if want := fmt.Sprintf("Updated order %d to DELIVERED", order.ID); !strings.Contains(got.Message, want) {
			t.Errorf("message = %q, want it to contain %q", got.Message, want)
		}
		if got.Order.ID != order.ID || got.Order.Status != orders.Delivered {
			t.Errorf("order = %+v", got.Order)
		}
		checkStatus(t, order, orders.Delivered)
		checkStatus(t, s.Order.Placed, orders.Placed)
	})

	for _, test := range []struct{ name, secret, header string }{
		{"with an invalid signature header, the webhook is unauthorized", secret, "X-Webhook-Signature-Invalid"},
		{"with the wrong webhook secret, the webhook is unauthorized", "MY-NAME-IS-WERNER-BRANDES-VERIFY-ME", header},
	} {
		standard.Run(t, test.name, func(t *scenario.T, s *Scenario) {
			order := s.Order.Shipped
			got := call(t, order.TrackingNumber, orders.Delivered, test.secret, test.header)
			if got.Status != http.StatusUnauthorized {
				t.Errorf("status = %d, want %d", got.Status, http.StatusUnauthorized)
			}
			checkStatus(t, order, orders.Shipped)
		})
	}

	checkFailure := func(t *scenario.T, trackingNumber string) {
		t.Helper()
		got := call(t, trackingNumber, orders.Delivered, secret, header)
		if got.Status != http.StatusInternalServerError {
			t.Errorf("status = %d, want %d", got.Status, http.StatusInternalServerError)
		}
		if got.Error == "" {
			t.Error("the response has no error")
		}
		if want := "Unable to update the order status"; got.Message != want {
			t.Errorf("message = %q, want %q", got.Message, want)
		}
	}

	standard.Run(t, "when the tracking number cannot be found, returns an error", func(t *scenario.T, s *Scenario) {
		checkFailure(t, "1Z-DOES-NOT-EXIST")
	})

	standard.Run(t, "when the order has not yet shipped, returns an error", func(t *scenario.T, s *Scenario) {
		checkFailure(t, s.Order.Placed.TrackingNumber)
		checkStatus(t, s.Order.Placed, orders.Placed)
	})

	standard.Run(t, "when the order has already been delivered, returns an error", func(t *scenario.T, s *Scenario) {
		checkFailure(t, s.Order.Delivered.TrackingNumber)
	})
}
