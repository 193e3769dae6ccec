package webhookpaddle

import (
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
	"example.com/golden/api/src/lib/webhooks"
)

// What Paddle signs with.
const secret = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"

func TestHandler(t *testing.T) {
	t.Setenv("PADDLE_WEBHOOK_SECRET", secret)

	standard.Run(t, "answers 200", func(t *scenario.T, s *Scenario) {
		ctx := fntest.Context(t)
		event := signed(secret, time.Now())

		response, err := Handler(ctx, event)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusOK {
			t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
		}
		if got, want := response.Headers["Content-Type"], "application/json"; got != want {
			t.Errorf("Content-Type = %q, want %q", got, want)
		}
		if got, want := response.Body, `{"data":"webhookPaddle function"}`; got != want {
			t.Errorf("body = %s, want %s", got, want)
		}
	})
}

func TestHandlerRefusesUnverified(t *testing.T) {
	t.Setenv("PADDLE_WEBHOOK_SECRET", secret)

	tampered := signed(secret, time.Now())
	tampered.Body += " "

	for name, event := range map[string]events.APIGatewayProxyRequest{
		"unsigned":         fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodPost, Path: "/webhookPaddle", Payload: `{"event_id":"evt_1","event_type":"transaction.completed"}`}),
		"wrong secret":     signed("MY-NAME-IS-WERNER-BRANDES-VERIFY-ME", time.Now()),
		"an hour old":      signed(secret, time.Now().Add(-time.Hour)),
		"tampered payload": tampered,
	} {
		standard.Run(t, name, func(t *scenario.T, s *Scenario) {
			ctx := fntest.Context(t)

			response, err := Handler(ctx, event)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != http.StatusUnauthorized {
				t.Errorf("status = %d, want %d", response.StatusCode, http.StatusUnauthorized)
			}
		})
	}
}

// signed is the event of a sender who signs with that secret, at that time.
func signed(secret string, at time.Time) events.APIGatewayProxyRequest {
	return fntest.SignedWebhook(
		fntest.Event{HTTPMethod: http.MethodPost, Path: "/webhookPaddle", Payload: `{"event_id":"evt_1","event_type":"transaction.completed"}`},
		webhooks.Signer(webhooks.Paddle, webhooks.Options{Secret: secret, EventTimestamp: at}),
	)
}
