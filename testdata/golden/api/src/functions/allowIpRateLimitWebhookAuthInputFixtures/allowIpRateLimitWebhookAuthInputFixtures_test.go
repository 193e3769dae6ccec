package allowipratelimitwebhookauthinputfixtures

import (
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
var user = &auth.User{ID: "1", Roles: []string{"admin"}}

func TestHandler(t *testing.T) {
	t.Setenv("ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_INPUT_FIXTURES_WEBHOOK_SECRET", secret)

	standard.Run(t, "responds with 200", func(t *scenario.T, s *Scenario) {
		event := signed(request(), secret)
		response := fntest.Call(t, Handler, event, ratelimit.Sent(0), auth.As(user))

		if response.StatusCode != http.StatusOK {
			t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
		}
		if got, want := response.Headers["Content-Type"], "application/json"; got != want {
			t.Errorf("Content-Type = %q, want %q", got, want)
		}
	})
}

func TestHandlerAllowsListedAddresses(t *testing.T) {
	t.Setenv("ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_INPUT_FIXTURES_WEBHOOK_SECRET", secret)

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
	t.Setenv("ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_INPUT_FIXTURES_WEBHOOK_SECRET", secret)

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
	t.Setenv("ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_INPUT_FIXTURES_WEBHOOK_SECRET", secret)

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
	t.Setenv("ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_INPUT_FIXTURES_WEBHOOK_SECRET", secret)

	tests := []struct {
		name   string
		user   *auth.User
		status int
	}{
		{"not signed in", nil, http.StatusUnauthorized},
		{"without a required role", &auth.User{ID: "2"}, http.StatusForbidden},
		{"as admin", &auth.User{ID: "3", Roles: []string{"admin"}}, http.StatusOK},
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

func TestHandlerValidatesInput(t *testing.T) {
	t.Setenv("ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_INPUT_FIXTURES_WEBHOOK_SECRET", secret)

	tests := []struct {
		name   string
		field  string
		value  any // nil removes the field
		status int
	}{
		{"name missing", "name", nil, http.StatusUnprocessableEntity},
		{"name empty", "name", "", http.StatusUnprocessableEntity},
		{"name of another type", "name", 1, http.StatusUnprocessableEntity},
		{"email missing", "email", nil, http.StatusOK},
		{"email of another type", "email", 1, http.StatusUnprocessableEntity},
		{"unknown field", "unknown", true, http.StatusUnprocessableEntity},
	}
	for _, test := range tests {
		standard.Run(t, test.name, func(t *scenario.T, s *Scenario) {
			body := valid()
			body[test.field] = test.value
			if test.value == nil {
				delete(body, test.field)
			}
			r := request()
			r.Payload = body
			response := fntest.Call(t, Handler, signed(r, secret), ratelimit.Sent(0), auth.As(user))

			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
			}
			if test.status != http.StatusOK && !strings.Contains(response.Body, `"field":"`+test.field+`"`) {
				t.Errorf("body = %s, want the field %s", response.Body, test.field)
			}
		})
	}
}

func TestHandlerRejectsOtherBodies(t *testing.T) {
	t.Setenv("ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_INPUT_FIXTURES_WEBHOOK_SECRET", secret)

	tests := []struct {
		name        string
		contentType string
		body        string
		status      int
	}{
		{"malformed", "application/json", "{", http.StatusBadRequest},
		{"too large", "application/json", strings.Repeat(" ", 1<<20) + "{}", http.StatusRequestEntityTooLarge},
		{"not JSON", "text/plain", "{}", http.StatusUnsupportedMediaType},
	}
	for _, test := range tests {
		standard.Run(t, test.name, func(t *scenario.T, s *Scenario) {
			r := request()
			r.Headers = map[string]string{"Content-Type": test.contentType}
			r.Payload = test.body
			response := fntest.Call(t, Handler, signed(r, secret), ratelimit.Sent(0), auth.As(user))

			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
			}
		})
	}
}

// signed returns the event for a request that the sender signed with secret.
func signed(request fntest.Event, secret string) events.APIGatewayProxyRequest {
	return fntest.SignedWebhook(request, webhooks.Signer(webhooks.TimestampScheme, webhooks.Options{
		Secret:          secret,
		SignatureHeader: "X-Webhook-Signature",
	}))
}
