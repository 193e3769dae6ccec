package webhookzoom

import (
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
	"example.com/golden/api/src/lib/webhooks"
)

// What Zoom signs with.
const secret = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"

func TestHandler(t *testing.T) {
	t.Setenv("ZOOM_WEBHOOK_SECRET_TOKEN", secret)

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
		if got, want := response.Body, `{"data":"webhookZoom function"}`; got != want {
			t.Errorf("body = %s, want %s", got, want)
		}
	})
}

func TestHandlerRefusesUnverified(t *testing.T) {
	t.Setenv("ZOOM_WEBHOOK_SECRET_TOKEN", secret)

	tampered := signed(secret, time.Now())
	tampered.Body += " "

	for name, event := range map[string]events.APIGatewayProxyRequest{
		"unsigned":         fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodPost, Path: "/webhookZoom", Payload: `{"event":"meeting.started","event_ts":1626230691572}`}),
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
		fntest.Event{HTTPMethod: http.MethodPost, Path: "/webhookZoom", Payload: `{"event":"meeting.started","event_ts":1626230691572}`},
		webhooks.Signer(webhooks.Zoom, webhooks.Options{Secret: secret, EventTimestamp: at}),
	)
}

func TestHandlerAnswersHandshake(t *testing.T) {
	t.Setenv("ZOOM_WEBHOOK_SECRET_TOKEN", secret)

	for name, test := range map[string]struct {
		payload string
		status  int
		body    string
	}{
		"endpoint.url_validation": {`{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}`, http.StatusOK, `{"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"9ca4e35daeb266c5b30a8aefdf593c5c3929ced87bec015742d9b9f0b84b0b65"}`},
	} {
		standard.Run(t, name, func(t *scenario.T, s *Scenario) {
			ctx := fntest.Context(t)
			event := fntest.SignedWebhook(
				fntest.Event{HTTPMethod: http.MethodPost, Path: "/webhookZoom", Payload: test.payload},
				webhooks.Signer(webhooks.Zoom, webhooks.Options{Secret: secret}),
			)

			response, err := Handler(ctx, event)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
			}
			if response.Body != test.body {
				t.Errorf("body = %s, want %s", response.Body, test.body)
			}
		})
	}
}
