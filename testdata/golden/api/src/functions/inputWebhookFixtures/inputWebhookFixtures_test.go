package inputwebhookfixtures

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
	t.Setenv("INPUT_WEBHOOK_FIXTURES_WEBHOOK_SECRET", secret)

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
	t.Setenv("INPUT_WEBHOOK_FIXTURES_WEBHOOK_SECRET", secret)

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

func TestHandlerValidatesInput(t *testing.T) {
	t.Setenv("INPUT_WEBHOOK_FIXTURES_WEBHOOK_SECRET", secret)

	tests := []struct {
		name   string
		field  string
		value  any // nil removes the field
		status int
	}{
		{"name missing", "name", nil, http.StatusUnprocessableEntity},
		{"name empty", "name", "", http.StatusUnprocessableEntity},
		{"name of another type", "name", 1, http.StatusUnprocessableEntity},
		{"age missing", "age", nil, http.StatusOK},
		{"age of another type", "age", "example", http.StatusUnprocessableEntity},
		{"unknown field", "unknown", true, http.StatusUnprocessableEntity},
	}
	for _, test := range tests {
		standard.Run(t, test.name, func(t *scenario.T, s *Scenario) {
			body := valid()
			body[test.field] = test.value
			if test.value == nil {
				delete(body, test.field)
			}
			r := request()
			r.Payload = body
			response := fntest.Call(t, Handler, signed(r, secret))

			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
			}
			if test.status != http.StatusOK && !strings.Contains(response.Body, `"field":"`+test.field+`"`) {
				t.Errorf("body = %s, want the field %s", response.Body, test.field)
			}
		})
	}
}

func TestHandlerRejectsOtherBodies(t *testing.T) {
	t.Setenv("INPUT_WEBHOOK_FIXTURES_WEBHOOK_SECRET", secret)

	tests := []struct {
		name        string
		contentType string
		body        string
		status      int
	}{
		{"malformed", "application/json", "{", http.StatusBadRequest},
		{"too large", "application/json", strings.Repeat(" ", 1<<20) + "{}", http.StatusRequestEntityTooLarge},
		{"not JSON", "text/plain", "{}", http.StatusUnsupportedMediaType},
	}
	for _, test := range tests {
		standard.Run(t, test.name, func(t *scenario.T, s *Scenario) {
			r := request()
			r.Headers = map[string]string{"Content-Type": test.contentType}
			r.Payload = test.body
			response := fntest.Call(t, Handler, signed(r, secret))

			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
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
