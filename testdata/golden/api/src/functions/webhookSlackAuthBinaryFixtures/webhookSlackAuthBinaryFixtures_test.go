package webhookslackauthbinaryfixtures

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
	"example.com/golden/api/src/lib/webhooks"
)

// What Slack signs with.
const secret = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"

// user may call the function.
var user = &auth.User{ID: "1"}

func TestHandler(t *testing.T) {
	t.Setenv("SLACK_SIGNING_SECRET", secret)

	standard.Run(t, "answers 200", func(t *scenario.T, s *Scenario) {
		ctx := auth.WithUser(fntest.Context(t), user)
		event := signed(secret, time.Now())

		response, err := Handler(ctx, event)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusOK {
			t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
		}
		if got, want := response.Headers["Content-Type"], "image/png"; got != want {
			t.Errorf("Content-Type = %q, want %q", got, want)
		}
		if !response.IsBase64Encoded {
			t.Error("the body is not marked as base64")
		}
		body, err := base64.StdEncoding.DecodeString(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := picture.Bounds(), image.Rect(0, 0, 1, 1); got != want {
			t.Errorf("bounds = %v, want %v", got, want)
		}
	})
}

func TestHandlerRefusesUnverified(t *testing.T) {
	t.Setenv("SLACK_SIGNING_SECRET", secret)

	tampered := signed(secret, time.Now())
	tampered.Body += " "

	for name, event := range map[string]events.APIGatewayProxyRequest{
		"unsigned":         fntest.HTTPEvent(request()),
		"wrong secret":     signed("MY-NAME-IS-WERNER-BRANDES-VERIFY-ME", time.Now()),
		"an hour old":      signed(secret, time.Now().Add(-time.Hour)),
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

// signed is the event of a sender who signs with that secret, at that time.
func signed(secret string, at time.Time) events.APIGatewayProxyRequest {
	return fntest.SignedWebhook(
		request(),
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
			ctx := fntest.Context(t)
			event := fntest.SignedWebhook(
				fntest.Event{HTTPMethod: http.MethodPost, Path: "/webhookSlackAuthBinaryFixtures", Payload: test.payload},
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

func TestHandlerRequiresUser(t *testing.T) {
	t.Setenv("SLACK_SIGNING_SECRET", secret)

	for name, test := range map[string]struct {
		user *auth.User
		want int
	}{
		"anonymous": {nil, http.StatusUnauthorized},
	} {
		standard.Run(t, name, func(t *scenario.T, s *Scenario) {
			ctx := auth.WithUser(fntest.Context(t), test.user)
			event := signed(secret, time.Now())

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
