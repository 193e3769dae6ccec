package webhookauthrole

import (
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
	"example.com/golden/api/src/lib/webhooks"
)

// secret is the key that the sender signs with.
const secret = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"

// user is allowed to call the function.
var user = &auth.User{ID: "1", Roles: []string{"admin"}}

func TestHandler(t *testing.T) {
	t.Setenv("WEBHOOK_AUTH_ROLE_WEBHOOK_SECRET", secret)

	standard.Run(t, "responds with 200", func(t *scenario.T, s *Scenario) {
		event := signed(request(), secret)
		response := fntest.Call(t, Handler, event, auth.As(user))

		if response.StatusCode != http.StatusOK {
			t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
		}
		if got, want := response.Headers["Content-Type"], "application/json"; got != want {
			t.Errorf("Content-Type = %q, want %q", got, want)
		}
	})
}

func TestHandlerRejectsUnsignedRequests(t *testing.T) {
	t.Setenv("WEBHOOK_AUTH_ROLE_WEBHOOK_SECRET", secret)

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
			response := fntest.Call(t, Handler, test.event, auth.As(user))

			if response.StatusCode != http.StatusUnauthorized {
				t.Errorf("status = %d, want %d", response.StatusCode, http.StatusUnauthorized)
			}
		})
	}
}

func TestHandlerRequiresUser(t *testing.T) {
	t.Setenv("WEBHOOK_AUTH_ROLE_WEBHOOK_SECRET", secret)

	tests := []struct {
		name   string
		user   *auth.User
		status int
	}{
		{"not signed in", nil, http.StatusUnauthorized},
		{"without a required role", &auth.User{ID: "2"}, http.StatusForbidden},
		{"as admin", &auth.User{ID: "3", Roles: []string{"admin"}}, http.StatusOK},
	}
	for _, test := range tests {
		standard.Run(t, test.name, func(t *scenario.T, s *Scenario) {
			event := signed(request(), secret)
			response := fntest.Call(t, Handler, event, auth.As(test.user))

			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
			}
		})
	}
}

// request returns the request that the tests send.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod: http.MethodPost,
		Path:       "/webhookAuthRole",
		Payload:    `{"id":1}`,
	}
}

// signed returns the event for a request that the sender signed with secret.
func signed(request fntest.Event, secret string) events.APIGatewayProxyRequest {
	return fntest.SignedWebhook(request, webhooks.Signer(webhooks.SHA256, webhooks.Options{
		Secret:          secret,
		SignatureHeader: "X-Webhook-Signature",
	}))
}
