package allowipratelimit

import (
	"net/http"
	"testing"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/ratelimit"
	"example.com/golden/api/src/lib/scenario"
)

func TestHandler(t *testing.T) {
	standard.Run(t, "responds with 200", func(t *scenario.T, s *Scenario) {
		event := fntest.HTTPEvent(request())
		response := fntest.Call(t, Handler, event, ratelimit.Sent(0))

		if response.StatusCode != http.StatusOK {
			t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
		}
		if got, want := response.Headers["Content-Type"], "application/json"; got != want {
			t.Errorf("Content-Type = %q, want %q", got, want)
		}
	})
}

func TestHandlerAllowsListedAddresses(t *testing.T) {
	tests := []struct {
		ip     string
		status int
	}{
		{"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", http.StatusOK},
		{"2001:db9::", http.StatusUnauthorized},
	}
	for _, test := range tests {
		standard.Run(t, test.ip, func(t *scenario.T, s *Scenario) {
			event := fntest.HTTPEvent(request())
			event.RequestContext.Identity.SourceIP = test.ip
			response := fntest.Call(t, Handler, event, ratelimit.Sent(0))

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
		{"below the limit", 0, http.StatusOK},
		{"at the limit", 1, http.StatusTooManyRequests},
	}
	for _, test := range tests {
		standard.Run(t, test.name, func(t *scenario.T, s *Scenario) {
			event := fntest.HTTPEvent(request())
			response := fntest.Call(t, Handler, event, ratelimit.Sent(test.sent))

			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
			}
			if got, want := response.Headers["RateLimit-Policy"], `"default";q=1;w=60`; got != want {
				t.Errorf("RateLimit-Policy = %s, want %s", got, want)
			}
		})
	}
}

// request returns the request that the tests send.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod: http.MethodGet,
		Path:       "/allowIpRateLimit",
		SourceIP:   "2001:db8::1",
	}
}
