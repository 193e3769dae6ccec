package ratelimitwebhookslack

import (
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/ratelimit"
	"example.com/golden/api/src/lib/scenario"
	"example.com/golden/api/src/lib/webhooks"
)

// What Slack signs with.
const secret = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"

func TestHandler(t *testing.T) {
	t.Setenv("SLACK_SIGNING_SECRET", secret)

	standard.Run(t, "answers 200", func(t *scenario.T, s *Scenario) {
		ctx := ratelimit.WithSent(fntest.Context(t), 0, 0)
		event := signed(secret, time.Now())

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
		if got, want := response.Body, `{"data":"rateLimitWebhookSlack function"}`; got != want {
			t.Errorf("body = %s, want %s", got, want)
		}
	})
}

func TestHandlerLimitsRate(t *testing.T) {
	t.Setenv("SLACK_SIGNING_SECRET", secret)

	for name, test := range map[string]struct {
		sent       int // requests before
		ago        time.Duration
		want       int
		retryAfter string
	}{
		"the last":           {0, 0, http.StatusOK, ""},
		"one more":           {1, 0, http.StatusTooManyRequests, "3600"},
		"one more, too soon": {1, time.Hour - 1, http.StatusTooManyRequests, "1"},
		"one more, in time":  {1, time.Hour, http.StatusOK, ""},
	} {
		standard.Run(t, name, func(t *scenario.T, s *Scenario) {
			ctx := ratelimit.WithSent(fntest.Context(t), test.sent, test.ago)
			event := signed(secret, time.Now())

			response, err := Handler(ctx, event)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.want {
				t.Errorf("status = %d, want %d", response.StatusCode, test.want)
			}
			if got := response.Headers["Retry-After"]; got != test.retryAfter {
				t.Errorf("Retry-After = %q, want %q", got, test.retryAfter)
			}
		})
	}
}

func TestHandlerRefusesUnverified(t *testing.T) {
	t.Setenv("SLACK_SIGNING_SECRET", secret)

	tampered := signed(secret, time.Now())
	tampered.Body += " "

	for name, event := range map[string]events.APIGatewayProxyRequest{
		"unsigned":         fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodPost, Path: "/rateLimitWebhookSlack", Payload: `{"type":"event_callback","event_id":"Ev1"}`}),
		"wrong secret":     signed("MY-NAME-IS-WERNER-BRANDES-VERIFY-ME", time.Now()),
		"an hour old":      signed(secret, time.Now().Add(-time.Hour)),
		"tampered payload": tampered,
	} {
		standard.Run(t, name, func(t *scenario.T, s *Scenario) {
			ctx := ratelimit.WithSent(fntest.Context(t), 0, 0)

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

// signed is the event of a sender who signs with that secret, at that time.
func signed(secret string, at time.Time) events.APIGatewayProxyRequest {
	return fntest.SignedWebhook(
		fntest.Event{HTTPMethod: http.MethodPost, Path: "/rateLimitWebhookSlack", Payload: `{"type":"event_callback","event_id":"Ev1"}`},
		webhooks.Signer(webhooks.Slack, webhooks.Options{Secret: secret, EventTimestamp: at}),
	)
}

func TestHandlerAnswersHandshake(t *testing.T) {
	t.Setenv("SLACK_SIGNING_SECRET", secret)

	for name, test := range map[string]struct {
		payload string
		status  int
		body    string
	}{
		"url_verification": {`{"type":"url_verification","challenge":"3eZbrw1a"}`, http.StatusOK, `{"challenge":"3eZbrw1a"}`},
	} {
		standard.Run(t, name, func(t *scenario.T, s *Scenario) {
			ctx := ratelimit.WithSent(fntest.Context(t), 0, 0)
			event := fntest.SignedWebhook(
				fntest.Event{HTTPMethod: http.MethodPost, Path: "/rateLimitWebhookSlack", Payload: test.payload},
				webhooks.Signer(webhooks.Slack, webhooks.Options{Secret: secret}),
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
