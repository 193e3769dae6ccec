package corsorigins

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

func TestHandlerAllowsOrigins(t *testing.T) {
	tests := []struct {
		origin string
		status int    // of a preflight request
		allow  string // the header Access-Control-Allow-Origin
	}{
		{"https://app.example.com", http.StatusNoContent, "https://app.example.com"},
		{"https://app.example.org:8443", http.StatusNoContent, "https://app.example.org:8443"},
		{"http://localhost:5173", http.StatusNoContent, "http://localhost:5173"},
		{"https://other-app.example.com", http.StatusForbidden, ""},
		{"https://example.org:8443", http.StatusForbidden, ""},
		{"https://one.app.example.org:8443", http.StatusForbidden, ""},
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

			event := fntest.HTTPEvent(request())
			event.Headers["Origin"] = test.origin
			response = fntest.Call(t, Handler, event)

			if want := http.StatusOK; response.StatusCode != want {
				t.Errorf("status = %d, want %d", response.StatusCode, want)
			}
			if got := response.Headers["Access-Control-Allow-Origin"]; got != test.allow {
				t.Errorf("Access-Control-Allow-Origin = %q, want %q", got, test.allow)
			}
		})
	}
}

// request returns the request that the tests send.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod: http.MethodGet,
		Path:       "/corsOrigins",
	}
}
