package streamwebhookfixtures

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
	"example.com/golden/api/src/lib/webhooks"
)

// secret is the key that the sender signs with.
const secret = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"

func TestHandler(t *testing.T) {
	t.Setenv("STREAM_WEBHOOK_FIXTURES_WEBHOOK_SECRET", secret)

	standard.Run(t, "responds with 200", func(t *scenario.T, s *Scenario) {
		event := signed(request(), secret)
		response := fntest.CallStream(t, Handler, event)

		if response.StatusCode != http.StatusOK {
			t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
		}
		if got, want := response.Headers["Content-Type"], "text/event-stream"; got != want {
			t.Errorf("Content-Type = %q, want %q", got, want)
		}
		if got, want := strings.Count(response.Body, "data: "), 3; got != want {
			t.Errorf("%d events, want %d: %s", got, want, response.Body)
		}
	})
}

func TestHandlerRejectsUnsignedRequests(t *testing.T) {
	t.Setenv("STREAM_WEBHOOK_FIXTURES_WEBHOOK_SECRET", secret)

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
			response := fntest.CallStream(t, Handler, test.event)

			if response.StatusCode != http.StatusUnauthorized {
				t.Errorf("status = %d, want %d", response.StatusCode, http.StatusUnauthorized)
			}
		})
	}
}

// signed returns the event for a request that the sender signed with secret.
func signed(request fntest.Event, secret string) events.APIGatewayProxyRequest {
	return fntest.SignedWebhook(request, webhooks.Signer(webhooks.SHA256, webhooks.Options{
		Secret:          secret,
		SignatureHeader: "X-Webhook-Signature",
	}))
}
