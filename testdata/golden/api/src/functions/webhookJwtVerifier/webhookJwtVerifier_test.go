package webhookjwtverifier

import (
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
	"example.com/golden/api/src/lib/webhooks"
)

// What the sender of the webhook signs with, and where.
const (
	secret = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"
	header = "X-Webhook-Signature"
)

func TestHandler(t *testing.T) {
	t.Setenv("WEBHOOK_JWT_VERIFIER_WEBHOOK_SECRET", secret)

	standard.Run(t, "answers 200", func(t *scenario.T, s *Scenario) {
		ctx := fntest.Context(t)
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
		if got, want := response.Body, `{"data":"webhookJwtVerifier function"}`; got != want {
			t.Errorf("body = %s, want %s", got, want)
		}
	})
}

func TestHandlerRefusesUnverified(t *testing.T) {
	t.Setenv("WEBHOOK_JWT_VERIFIER_WEBHOOK_SECRET", secret)

	tampered := signed(secret, header)
	tampered.Body += " "

	for name, event := range map[string]events.APIGatewayProxyRequest{
		"unsigned":         fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodPost, Path: "/webhookJwtVerifier", Payload: `{"id":1}`}),
		"wrong secret":     signed("MY-NAME-IS-WERNER-BRANDES-VERIFY-ME", header),
		"wrong header":     signed(secret, header+"-Invalid"),
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

// signed is the event of a sender who signs with that secret, in that header.
func signed(secret, header string) events.APIGatewayProxyRequest {
	return fntest.SignedWebhook(
		fntest.Event{HTTPMethod: http.MethodPost, Path: "/webhookJwtVerifier", Payload: `{"id":1}`},
		webhooks.Signer(webhooks.JWT, webhooks.Options{Secret: secret, SignatureHeader: header}),
	)
}
