package streamguards

import (
	"net/http"
	"strings"
	"testing"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/ratelimit"
	"example.com/golden/api/src/lib/scenario"
)

// user is allowed to call the function.
var user = &auth.User{ID: "1", Roles: []string{"admin"}}

func TestHandler(t *testing.T) {
	standard.Run(t, "responds with 200", func(t *scenario.T, s *Scenario) {
		event := fntest.HTTPEvent(request())
		response := fntest.CallStream(t, Handler, event, ratelimit.Sent(0), auth.As(user))

		if response.StatusCode != http.StatusOK {
			t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
		}
		if got, want := response.Headers["Content-Type"], "text/event-stream"; got != want {
			t.Errorf("Content-Type = %q, want %q", got, want)
		}
		if got, want := strings.Count(response.Body, "data: "), 3; got != want {
			t.Errorf("%d events, want %d: %s", got, want, response.Body)
		}
	})
}

func TestHandlerAllowsOrigins(t *testing.T) {
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
			response := fntest.CallStream(t, Handler, preflight)

			if response.StatusCode != test.status {
				t.Errorf("preflight: status = %d, want %d", response.StatusCode, test.status)
			}
			if got := response.Headers["Access-Control-Allow-Origin"]; got != test.allow {
				t.Errorf("preflight: Access-Control-Allow-Origin = %q, want %q", got, test.allow)
			}

			// A page must be able to read that its request was rejected.
			event := fntest.HTTPEvent(request())
			event.Headers["Origin"] = test.origin
			response = fntest.CallStream(t, Handler, event, ratelimit.Sent(0))

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
	tests := []struct {
		ip     string
		status int
	}{
		{"203.0.113.7", http.StatusOK},
		{"203.0.113.8", http.StatusUnauthorized},
	}
	for _, test := range tests {
		standard.Run(t, test.ip, func(t *scenario.T, s *Scenario) {
			event := fntest.HTTPEvent(request())
			event.RequestContext.Identity.SourceIP = test.ip
			response := fntest.CallStream(t, Handler, event, ratelimit.Sent(0), auth.As(user))

			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
			}
		})
	}
}

func TestHandlerLimitsRate(t *testing.T) {
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
			event := fntest.HTTPEvent(request())
			response := fntest.CallStream(t, Handler, event, ratelimit.Sent(test.sent), auth.As(user))

			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
			}
			if got, want := response.Headers["RateLimit-Policy"], `"default";q=10;w=1`; got != want {
				t.Errorf("RateLimit-Policy = %s, want %s", got, want)
			}
		})
	}
}

func TestHandlerRequiresUser(t *testing.T) {
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
			event := fntest.HTTPEvent(request())
			response := fntest.CallStream(t, Handler, event, ratelimit.Sent(0), auth.As(test.user))

			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
			}
		})
	}
}

// request returns the request that the tests send.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod: http.MethodGet,
		Path:       "/streamGuards",
		SourceIP:   "203.0.113.7",
	}
}
