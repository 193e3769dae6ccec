package allowip

import (
	"net/http"
	"testing"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
)

func TestHandler(t *testing.T) {
	standard.Run(t, "responds with 200", func(t *scenario.T, s *Scenario) {
		event := fntest.HTTPEvent(request())
		response := fntest.Call(t, Handler, event)

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
		{"203.0.113.7", http.StatusOK},
		{"203.0.113.8", http.StatusUnauthorized},
	}
	for _, test := range tests {
		standard.Run(t, test.ip, func(t *scenario.T, s *Scenario) {
			event := fntest.HTTPEvent(request())
			event.RequestContext.Identity.SourceIP = test.ip
			response := fntest.Call(t, Handler, event)

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
		Path:       "/allowIp",
		SourceIP:   "203.0.113.7",
	}
}
