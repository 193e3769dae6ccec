package webhookdiscord

import (
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
	"example.com/golden/api/src/lib/webhooks"
)

// Discord signs with secret, a private key. publicKey verifies its signatures.
const (
	secret    = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
	publicKey = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
)

func TestHandler(t *testing.T) {
	t.Setenv("DISCORD_PUBLIC_KEY", publicKey)

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
	t.Setenv("DISCORD_PUBLIC_KEY", publicKey)

	tampered := signed(request(), secret)
	tampered.Body += " "

	tests := []struct {
		name  string
		event events.APIGatewayProxyRequest
	}{
		{"no signature", fntest.HTTPEvent(request())},
		{"wrong secret", signed(request(), "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")},
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
	t.Setenv("DISCORD_PUBLIC_KEY", publicKey)

	tests := []struct {
		name    string
		payload string
		status  int
		body    string
	}{
		{
			name:    "interaction PING",
			payload: `{"id":"1","type":1}`,
			status:  http.StatusOK,
			body:    `{"type":1}`,
		},
		{
			name:    "webhook event PING",
			payload: `{"application_id":"1","type":0}`,
			status:  http.StatusNoContent,
			body:    "",
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
		Path:       "/webhookDiscord",
		Payload:    `{"id":"1","type":2,"data":{"name":"hello"}}`,
	}
}

// signed returns the event for a request that Discord signed with secret.
func signed(request fntest.Event, secret string) events.APIGatewayProxyRequest {
	return fntest.SignedWebhook(request, webhooks.Signer(webhooks.Discord, webhooks.Options{
		Secret: secret,
	}))
}
