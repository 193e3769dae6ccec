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

// What Twilio signs with, and the address that it calls.
const (
	secret  = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"
	address = "https://example.com/webhookTwilioAuthFixtures"
)

// user may call the function.
var user = &auth.User{ID: "1", Roles: []string{"admin"}}

func TestHandler(t *testing.T) {
	t.Setenv("TWILIO_AUTH_TOKEN", secret)
	t.Setenv("TWILIO_WEBHOOK_URL", address)

	standard.Run(t, "answers 200", func(t *scenario.T, s *Scenario) {
		ctx := auth.WithUser(fntest.Context(t), user)
		event := signed(secret)

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
		if got, want := response.Body, `{"data":"webhookTwilioAuthFixtures function"}`; got != want {
			t.Errorf("body = %s, want %s", got, want)
		}
	})
}

func TestHandlerRefusesUnverified(t *testing.T) {
	t.Setenv("TWILIO_AUTH_TOKEN", secret)
	t.Setenv("TWILIO_WEBHOOK_URL", address)

	tampered := signed(secret)
	tampered.Body += " "

	for name, event := range map[string]events.APIGatewayProxyRequest{
		"unsigned":         fntest.HTTPEvent(request()),
		"wrong secret":     signed("MY-NAME-IS-WERNER-BRANDES-VERIFY-ME"),
		"tampered payload": tampered,
	} {
		standard.Run(t, name, func(t *scenario.T, s *Scenario) {
			ctx := auth.WithUser(fntest.Context(t), user)

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

// signed is the event of a sender who signs with that secret.
func signed(secret string) events.APIGatewayProxyRequest {
	return fntest.SignedWebhook(
		request(),
		webhooks.Signer(webhooks.Twilio, webhooks.Options{Secret: secret, URL: address}),
	)
}

func TestHandlerRequiresUser(t *testing.T) {
	t.Setenv("TWILIO_AUTH_TOKEN", secret)
	t.Setenv("TWILIO_WEBHOOK_URL", address)

	for name, test := range map[string]struct {
		user *auth.User
		want int
	}{
		"anonymous":        {nil, http.StatusUnauthorized},
		"without the role": {&auth.User{ID: "2"}, http.StatusForbidden},
	} {
		standard.Run(t, name, func(t *scenario.T, s *Scenario) {
			ctx := auth.WithUser(fntest.Context(t), test.user)
			event := signed(secret)

			response, err := Handler(ctx, event)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.want {
				t.Errorf("status = %d, want %d", response.StatusCode, test.want)
			}
		})
	}
}
