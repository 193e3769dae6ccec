package webhookdiscord

import (
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
	"example.com/golden/api/src/lib/webhooks"
)

// What Discord signs with, and what verifies it.
const (
	privateKey = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
	publicKey  = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
)

func TestHandler(t *testing.T) {
	t.Setenv("DISCORD_PUBLIC_KEY", publicKey)

	standard.Run(t, "answers 200", func(t *scenario.T, s *Scenario) {
		ctx := fntest.Context(t)
		event := signed(privateKey, time.Now())

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
		if got, want := response.Body, `{"data":"webhookDiscord function"}`; got != want {
			t.Errorf("body = %s, want %s", got, want)
		}
	})
}

func TestHandlerRefusesUnverified(t *testing.T) {
	t.Setenv("DISCORD_PUBLIC_KEY", publicKey)

	tampered := signed(privateKey, time.Now())
	tampered.Body += " "

	for name, event := range map[string]events.APIGatewayProxyRequest{
		"unsigned":         fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodPost, Path: "/webhookDiscord", Payload: `{"id":"1","type":2,"data":{"name":"hello"}}`}),
		"wrong secret":     signed("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", time.Now()),
		"an hour old":      signed(privateKey, time.Now().Add(-time.Hour)),
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

// signed is the event of a sender who signs with that key, at that time.
func signed(privateKey string, at time.Time) events.APIGatewayProxyRequest {
	return fntest.SignedWebhook(
		fntest.Event{HTTPMethod: http.MethodPost, Path: "/webhookDiscord", Payload: `{"id":"1","type":2,"data":{"name":"hello"}}`},
		webhooks.Signer(webhooks.Discord, webhooks.Options{Secret: privateKey, EventTimestamp: at}),
	)
}

func TestHandlerAnswersHandshake(t *testing.T) {
	t.Setenv("DISCORD_PUBLIC_KEY", publicKey)

	for name, test := range map[string]struct {
		payload string
		status  int
		body    string
	}{
		"PING of interactions":   {`{"id":"1","type":1}`, http.StatusOK, `{"type":1}`},
		"PING of webhook events": {`{"application_id":"1","type":0}`, http.StatusNoContent, ""},
	} {
		standard.Run(t, name, func(t *scenario.T, s *Scenario) {
			ctx := fntest.Context(t)
			event := fntest.SignedWebhook(
				fntest.Event{HTTPMethod: http.MethodPost, Path: "/webhookDiscord", Payload: test.payload},
				webhooks.Signer(webhooks.Discord, webhooks.Options{Secret: privateKey}),
			)

			response, err := Handler(ctx, event)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
			}
			if response.Body != test.body {
				t.Errorf("body = %s, want %s", response.Body, test.body)
			}
		})
	}
}
