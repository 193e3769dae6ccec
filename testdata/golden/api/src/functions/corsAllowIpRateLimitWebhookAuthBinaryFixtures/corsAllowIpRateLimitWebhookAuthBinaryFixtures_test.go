package corsallowipratelimitwebhookauthbinaryfixtures

import (
	"encoding/base64"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/ratelimit"
	"example.com/golden/api/src/lib/scenario"
	"example.com/golden/api/src/lib/webhooks"
)

// secret is the key that the sender signs with.
const secret = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"

// user is allowed to call the function.
var user = &auth.User{ID: "1"}

func TestHandler(t *testing.T) {
	t.Setenv("CORS_ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_BINARY_FIXTURES_WEBHOOK_SECRET", secret)

	standard.Run(t, "responds with 200", func(t *scenario.T, s *Scenario) {
		event := signed(request(), secret)
		response := fntest.Call(t, Handler, event, ratelimit.Sent(0), auth.As(user))

		if response.StatusCode != http.StatusOK {
			t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
		}
		if got, want := response.Headers["Content-Type"], "image/png"; got != want {
			t.Errorf("Content-Type = %q, want %q", got, want)
		}
		if !response.IsBase64Encoded {
			t.Error("IsBase64Encoded = false, want true")
		}
		body := base64.NewDecoder(base64.StdEncoding, strings.NewReader(response.Body))
		if _, err := png.Decode(body); err != nil {
			t.Errorf("body is not a PNG image: %v", err)
		}
	})
}

func TestHandlerAllowsOrigins(t *testing.T) {
	t.Setenv("CORS_ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_BINARY_FIXTURES_WEBHOOK_SECRET", secret)

	tests := []struct {
		origin string
		status int    // of a preflight request
		allow  string // the header Access-Control-Allow-Origin
	}{
		{"https://app.example.com", http.StatusNoContent, "https://app.example.com"},
		{"https://other-app.example.com", http.StatusForbidden, ""},
		{"null", http.StatusForbidden, ""},
	}
	for _, test := range tests {
		standard.Run(t, test.origin, func(t *scenario.T, s *Scenario) {
			preflight := fntest.HTTPEvent(request())
			preflight.HTTPMethod = http.MethodOptions
			preflight.Headers["Origin"] = test.origin
			preflight.Headers["Access-Control-Request-Method"] = http.MethodPut
			response := fntest.Call(t, Handler, preflight)

			if response.StatusCode != test.status {
				t.Errorf("preflight: status = %d, want %d", response.StatusCode, test.status)
			}
			if got := response.Headers["Access-Control-Allow-Origin"]; got != test.allow {
				t.Errorf("preflight: Access-Control-Allow-Origin = %q, want %q", got, test.allow)
			}

			// A page must be able to read that its request was rejected.
			event := fntest.HTTPEvent(request())
			event.Headers["Origin"] = test.origin
			response = fntest.Call(t, Handler, event, ratelimit.Sent(0))

			if want := http.StatusUnauthorized; response.StatusCode != want {
				t.Errorf("status = %d, want %d", response.StatusCode, want)
			}
			if got := response.Headers["Access-Control-Allow-Origin"]; got != test.allow {
				t.Errorf("Access-Control-Allow-Origin = %q, want %q", got, test.allow)
			}
		})
	}
}

func TestHandlerAllowsListedAddresses(t *testing.T) {
	t.Setenv("CORS_ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_BINARY_FIXTURES_WEBHOOK_SECRET", secret)

	tests := []struct {
		ip     string
		status int
	}{
		{"127.255.255.255", http.StatusOK},
		{"::1", http.StatusOK},
		{"128.0.0.0", http.StatusUnauthorized},
	}
	for _, test := range tests {
		standard.Run(t, test.ip, func(t *scenario.T, s *Scenario) {
			event := signed(request(), secret)
			event.RequestContext.Identity.SourceIP = test.ip
			response := fntest.Call(t, Handler, event, ratelimit.Sent(0), auth.As(user))

			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
			}
		})
	}
}

func TestHandlerLimitsRate(t *testing.T) {
	t.Setenv("CORS_ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_BINARY_FIXTURES_WEBHOOK_SECRET", secret)

	tests := []struct {
		name   string
		sent   int // requests that the client has just sent
		status int
	}{
		{"below the limit", 9, http.StatusOK},
		{"at the limit", 10, http.StatusTooManyRequests},
	}
	for _, test := range tests {
		standard.Run(t, test.name, func(t *scenario.T, s *Scenario) {
			event := signed(request(), secret)
			response := fntest.Call(t, Handler, event, ratelimit.Sent(test.sent), auth.As(user))

			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
			}
			if got, want := response.Headers["RateLimit-Policy"], `"default";q=10;w=1`; got != want {
				t.Errorf("RateLimit-Policy = %s, want %s", got, want)
			}
		})
	}
}

func TestHandlerRejectsUnsignedRequests(t *testing.T) {
	t.Setenv("CORS_ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_BINARY_FIXTURES_WEBHOOK_SECRET", secret)

	tampered := signed(request(), secret)
	tampered.Body += " "

	tests := []struct {
		name  string
		event events.APIGatewayProxyRequest
	}{
		{"no signature", fntest.HTTPEvent(request())},
		{"wrong secret", signed(request(), "MY-NAME-IS-WERNER-BRANDES-VERIFY-ME")},
		{"tampered payload", tampered},
	}
	for _, test := range tests {
		standard.Run(t, test.name, func(t *scenario.T, s *Scenario) {
			response := fntest.Call(t, Handler, test.event, ratelimit.Sent(0), auth.As(user))

			if response.StatusCode != http.StatusUnauthorized {
				t.Errorf("status = %d, want %d", response.StatusCode, http.StatusUnauthorized)
			}
		})
	}
}

func TestHandlerRequiresUser(t *testing.T) {
	t.Setenv("CORS_ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_BINARY_FIXTURES_WEBHOOK_SECRET", secret)

	tests := []struct {
		name   string
		user   *auth.User
		status int
	}{
		{"not signed in", nil, http.StatusUnauthorized},
		{"signed in", user, http.StatusOK},
	}
	for _, test := range tests {
		standard.Run(t, test.name, func(t *scenario.T, s *Scenario) {
			event := signed(request(), secret)
			response := fntest.Call(t, Handler, event, ratelimit.Sent(0), auth.As(test.user))

			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
			}
		})
	}
}

// signed returns the event for a request that the sender signed with secret.
func signed(request fntest.Event, secret string) events.APIGatewayProxyRequest {
	return fntest.SignedWebhook(request, webhooks.Signer(webhooks.SHA256, webhooks.Options{
		Secret:          secret,
		SignatureHeader: "X-Webhook-Signature",
	}))
}
