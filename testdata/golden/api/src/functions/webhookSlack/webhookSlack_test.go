package webhookslack

import (
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
	"example.com/golden/api/src/lib/webhooks"
)

// secret is the key that Slack signs with.
const secret = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"

func TestHandler(t *testing.T) {
	t.Setenv("SLACK_SIGNING_SECRET", secret)

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
	t.Setenv("SLACK_SIGNING_SECRET", secret)

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
	t.Setenv("SLACK_SIGNING_SECRET", secret)

	tests := []struct {
		name    string
		payload string
		status  int
		body    string
	}{
		{
			name:    "url_verification",
			payload: `{"type":"url_verification","challenge":"3eZbrw1a"}`,
			status:  http.StatusOK,
			body:    `{"challenge":"3eZbrw1a"}`,
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
		Path:       "/webhookSlack",
		Payload:    `{"type":"event_callback","event_id":"Ev1"}`,
	}
}

// signed returns the event for a request that Slack signed with secret.
func signed(request fntest.Event, secret string) events.APIGatewayProxyRequest {
	return fntest.SignedWebhook(request, webhooks.Signer(webhooks.Slack, webhooks.Options{
		Secret: secret,
	}))
}
