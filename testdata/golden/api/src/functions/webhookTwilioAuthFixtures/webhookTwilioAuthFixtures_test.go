package webhooktwilioauthfixtures

import (
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
	"example.com/golden/api/src/lib/webhooks"
)

// Twilio signs with secret and calls the function at address.
const (
	secret  = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"
	address = "https://example.com/webhookTwilioAuthFixtures"
)

// user is allowed to call the function.
var user = &auth.User{ID: "1", Roles: []string{"admin"}}

func TestHandler(t *testing.T) {
	t.Setenv("TWILIO_AUTH_TOKEN", secret)
	t.Setenv("TWILIO_WEBHOOK_URL", address)

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
	t.Setenv("TWILIO_AUTH_TOKEN", secret)
	t.Setenv("TWILIO_WEBHOOK_URL", address)

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
	t.Setenv("TWILIO_AUTH_TOKEN", secret)
	t.Setenv("TWILIO_WEBHOOK_URL", address)

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

// signed returns the event for a request that Twilio signed with secret.
func signed(request fntest.Event, secret string) events.APIGatewayProxyRequest {
	return fntest.SignedWebhook(request, webhooks.Signer(webhooks.Twilio, webhooks.Options{
		Secret: secret,
		URL:    address,
	}))
}
