package webhookzoom

import (
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
	"example.com/golden/api/src/lib/webhooks"
)

// secret is the key that Zoom signs with.
const secret = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"

func TestHandler(t *testing.T) {
	t.Setenv("ZOOM_WEBHOOK_SECRET_TOKEN", secret)

	standard.Run(t, "responds with 200", func(t *scenario.T, s *Scenario) {
		event := signed(request(), secret)
		response := fntest.Call(t, Handler, event)

		if response.StatusCode != http.StatusOK {
			t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
		}
		if got, want := response.Headers["Content-Type"], "application/json"; got != want {
			t.Errorf("Content-Type = %q, want %q", got, want)
		}
	})
}

func TestHandlerRejectsUnsignedRequests(t *testing.T) {
	t.Setenv("ZOOM_WEBHOOK_SECRET_TOKEN", secret)

	tampered := signed(request(), secret)
	tampered.Body += " "

	tests := []struct {
		name  string
		event events.APIGatewayProxyRequest
	}{
		{"no signature", fntest.HTTPEvent(request())},
		{"wrong secret", signed(request(), "MY-NAME-IS-WERNER-BRANDES-VERIFY-ME")},
		{"tampered payload", tampered},
	}
	for _, test := range tests {
		standard.Run(t, test.name, func(t *scenario.T, s *Scenario) {
			response := fntest.Call(t, Handler, test.event)

			if response.StatusCode != http.StatusUnauthorized {
				t.Errorf("status = %d, want %d", response.StatusCode, http.StatusUnauthorized)
			}
		})
	}
}

func TestHandlerCompletesHandshakes(t *testing.T) {
	t.Setenv("ZOOM_WEBHOOK_SECRET_TOKEN", secret)

	tests := []struct {
		name    string
		payload string
		status  int
		body    string
	}{
		{
			name:    "endpoint.url_validation",
			payload: `{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}`,
			status:  http.StatusOK,
			body:    `{"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"9ca4e35daeb266c5b30a8aefdf593c5c3929ced87bec015742d9b9f0b84b0b65"}`,
		},
	}
	for _, test := range tests {
		standard.Run(t, test.name, func(t *scenario.T, s *Scenario) {
			handshake := request()
			handshake.Payload = test.payload
			response := fntest.Call(t, Handler, signed(handshake, secret))

			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
			}
			if response.Body != test.body {
				t.Errorf("body = %s, want %s", response.Body, test.body)
			}
		})
	}
}

// request returns the request that the tests send.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod: http.MethodPost,
		Path:       "/webhookZoom",
		Payload:    `{"event":"meeting.started","event_ts":1626230691572}`,
	}
}

// signed returns the event for a request that Zoom signed with secret.
func signed(request fntest.Event, secret string) events.APIGatewayProxyRequest {
	return fntest.SignedWebhook(request, webhooks.Signer(webhooks.Zoom, webhooks.Options{
		Secret: secret,
	}))
}
