package webhookshopify

import (
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
	"example.com/golden/api/src/lib/webhooks"
)

// What Shopify signs with.
const secret = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"

func TestHandler(t *testing.T) {
	t.Setenv("SHOPIFY_API_SECRET", secret)

	standard.Run(t, "answers 200", func(t *scenario.T, s *Scenario) {
		ctx := fntest.Context(t)
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
		if got, want := response.Body, `{"data":"webhookShopify function"}`; got != want {
			t.Errorf("body = %s, want %s", got, want)
		}
	})
}

func TestHandlerRefusesUnverified(t *testing.T) {
	t.Setenv("SHOPIFY_API_SECRET", secret)

	tampered := signed(secret)
	tampered.Body += " "

	for name, event := range map[string]events.APIGatewayProxyRequest{
		"unsigned":         fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodPost, Path: "/webhookShopify", Payload: `{"id":1,"name":"#1001"}`}),
		"wrong secret":     signed("MY-NAME-IS-WERNER-BRANDES-VERIFY-ME"),
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

// signed is the event of a sender who signs with that secret.
func signed(secret string) events.APIGatewayProxyRequest {
	return fntest.SignedWebhook(
		fntest.Event{HTTPMethod: http.MethodPost, Path: "/webhookShopify", Payload: `{"id":1,"name":"#1001"}`},
		webhooks.Signer(webhooks.Shopify, webhooks.Options{Secret: secret}),
	)
}
