package webhookgraph

import (
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
	"example.com/golden/api/src/lib/webhooks"
)

// secret is the key that Microsoft Graph signs with.
const secret = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"

func TestHandler(t *testing.T) {
	t.Setenv("GRAPH_CLIENT_STATE", secret)

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
	t.Setenv("GRAPH_CLIENT_STATE", secret)

	tests := []struct {
		name  string
		event events.APIGatewayProxyRequest
	}{
		{"no signature", fntest.HTTPEvent(request())},
		{"wrong secret", signed(request(), "MY-NAME-IS-WERNER-BRANDES-VERIFY-ME")},
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

func TestHandlerAnswersChallenges(t *testing.T) {
	t.Setenv("GRAPH_CLIENT_STATE", secret)

	tests := []struct {
		name    string
		request fntest.Event
		body    string
	}{
		{
			name: "new subscription",
			request: fntest.Event{
				HTTPMethod: http.MethodPost,
				Path:       "/webhookGraph",
				QueryStringParameters: map[string]string{
					"validationToken": "Validation: <b>1</b>",
				},
			},
			body: "Validation: <b>1</b>",
		},
	}
	for _, test := range tests {
		standard.Run(t, test.name, func(t *scenario.T, s *Scenario) {
			response := fntest.Call(t, Handler, fntest.HTTPEvent(test.request))

			if response.StatusCode != http.StatusOK {
				t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
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
		Path:       "/webhookGraph",
		Payload:    `{"value":[{"subscriptionId":"1","changeType":"created"}]}`,
	}
}

// signed returns the event for a request that Microsoft Graph signed with secret.
func signed(request fntest.Event, secret string) events.APIGatewayProxyRequest {
	return fntest.SignedWebhook(request, webhooks.Signer(webhooks.Graph, webhooks.Options{
		Secret: secret,
	}))
}
