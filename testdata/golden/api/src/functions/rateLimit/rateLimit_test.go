package ratelimit

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
			response := fntest.Call(t, Handler, event, ratelimit.Sent(test.sent))

			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
			}
			if got, want := response.Headers["RateLimit-Policy"], `"default";q=10;w=1`; got != want {
				t.Errorf("RateLimit-Policy = %s, want %s", got, want)
			}
		})
	}
}

// request returns the request that the tests send.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod: http.MethodGet,
		Path:       "/rateLimit",
	}
}
