package webhookauth

import (
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
	"example.com/golden/api/src/lib/webhooks"
)

// What the sender of the webhook signs with, and where.
const (
	secret = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"
	header = "X-Webhook-Signature"
)

// user may call the function.
var user = &auth.User{ID: "1"}

func TestHandler(t *testing.T) {
	t.Setenv("WEBHOOK_AUTH_WEBHOOK_SECRET", secret)

	standard.Run(t, "answers 200", func(t *scenario.T, s *Scenario) {
		ctx := auth.WithUser(fntest.Context(t), user)
		event := signed(secret, header)

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
		if got, want := response.Body, `{"data":"webhookAuth function"}`; got != want {
			t.Errorf("body = %s, want %s", got, want)
		}
	})
}

func TestHandlerRefusesUnverified(t *testing.T) {
	t.Setenv("WEBHOOK_AUTH_WEBHOOK_SECRET", secret)

	tampered := signed(secret, header)
	tampered.Body += " "

	for name, event := range map[string]events.APIGatewayProxyRequest{
		"unsigned":         fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodPost, Path: "/webhookAuth", Payload: `{"id":1}`}),
		"wrong secret":     signed("MY-NAME-IS-WERNER-BRANDES-VERIFY-ME", header),
		"wrong header":     signed(secret, header+"-Invalid"),
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

// signed is the event of a sender who signs with that secret, in that header.
func signed(secret, header string) events.APIGatewayProxyRequest {
	return fntest.SignedWebhook(
		fntest.Event{HTTPMethod: http.MethodPost, Path: "/webhookAuth", Payload: `{"id":1}`},
		webhooks.Signer(webhooks.SHA256, webhooks.Options{Secret: secret, SignatureHeader: header}),
	)
}

func TestHandlerRequiresUser(t *testing.T) {
	t.Setenv("WEBHOOK_AUTH_WEBHOOK_SECRET", secret)

	for name, test := range map[string]struct {
		user *auth.User
		want int
	}{
		"anonymous": {nil, http.StatusUnauthorized},
	} {
		standard.Run(t, name, func(t *scenario.T, s *Scenario) {
			ctx := auth.WithUser(fntest.Context(t), test.user)
			event := signed(secret, header)

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
