package allowipratelimitwebhookauthbinaryfixtures

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
	"example.com/golden/api/src/lib/ratelimit"
	"example.com/golden/api/src/lib/scenario"
	"example.com/golden/api/src/lib/webhooks"
)

// caller is at an address that may call the function.
var caller = events.APIGatewayProxyRequestContext{
	Identity: events.APIGatewayRequestIdentity{SourceIP: "127.0.0.1"},
}

// What the sender of the webhook signs with, and where.
const (
	secret = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"
	header = "X-Webhook-Signature"
)

// user may call the function.
var user = &auth.User{ID: "1"}

func TestHandler(t *testing.T) {
	t.Setenv("ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_BINARY_FIXTURES_WEBHOOK_SECRET", secret)

	standard.Run(t, "answers 200", func(t *scenario.T, s *Scenario) {
		ctx := auth.WithUser(ratelimit.WithSent(fntest.Context(t), 0, 0), user)
		event := signed(secret, header)

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

func TestHandlerAllowsAddresses(t *testing.T) {
	t.Setenv("ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_BINARY_FIXTURES_WEBHOOK_SECRET", secret)

	for ip, want := range map[string]int{
		"127.0.0.0":       http.StatusOK,
		"127.255.255.255": http.StatusOK,
		"::1":             http.StatusOK,
		"126.255.255.255": http.StatusUnauthorized,
		"128.0.0.0":       http.StatusUnauthorized,
		"::":              http.StatusUnauthorized,
		"::2":             http.StatusUnauthorized,
	} {
		standard.Run(t, ip, func(t *scenario.T, s *Scenario) {
			ctx := auth.WithUser(ratelimit.WithSent(fntest.Context(t), 0, 0), user)
			event := signed(secret, header)
			event.RequestContext.Identity.SourceIP = ip

			response, err := Handler(ctx, event)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != want {
				t.Errorf("status = %d, want %d", response.StatusCode, want)
			}
		})
	}
}

func TestHandlerLimitsRate(t *testing.T) {
	t.Setenv("ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_BINARY_FIXTURES_WEBHOOK_SECRET", secret)

	for name, test := range map[string]struct {
		sent       int // requests before
		ago        time.Duration
		want       int
		retryAfter string
	}{
		"the last":           {9, 0, http.StatusOK, ""},
		"one more":           {10, 0, http.StatusTooManyRequests, "1"},
		"one more, too soon": {10, time.Second/10 - 1, http.StatusTooManyRequests, "1"},
		"one more, in time":  {10, time.Second / 10, http.StatusOK, ""},
	} {
		standard.Run(t, name, func(t *scenario.T, s *Scenario) {
			ctx := auth.WithUser(ratelimit.WithSent(fntest.Context(t), test.sent, test.ago), user)
			event := signed(secret, header)

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
	t.Setenv("ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_BINARY_FIXTURES_WEBHOOK_SECRET", secret)

	tampered := signed(secret, header)
	tampered.Body += " "

	for name, event := range map[string]events.APIGatewayProxyRequest{
		"unsigned":         fntest.HTTPEvent(request()),
		"wrong secret":     signed("MY-NAME-IS-WERNER-BRANDES-VERIFY-ME", header),
		"wrong header":     signed(secret, header+"-Invalid"),
		"tampered payload": tampered,
	} {
		standard.Run(t, name, func(t *scenario.T, s *Scenario) {
			ctx := auth.WithUser(ratelimit.WithSent(fntest.Context(t), 0, 0), user)

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
		request(),
		webhooks.Signer(webhooks.SHA256, webhooks.Options{Secret: secret, SignatureHeader: header}),
	)
}

func TestHandlerRequiresUser(t *testing.T) {
	t.Setenv("ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_BINARY_FIXTURES_WEBHOOK_SECRET", secret)

	for name, test := range map[string]struct {
		user *auth.User
		want int
	}{
		"anonymous": {nil, http.StatusUnauthorized},
	} {
		standard.Run(t, name, func(t *scenario.T, s *Scenario) {
			ctx := auth.WithUser(ratelimit.WithSent(fntest.Context(t), 0, 0), test.user)
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
