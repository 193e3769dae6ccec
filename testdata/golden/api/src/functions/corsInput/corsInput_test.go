package corsinput

import (
	"net/http"
	"strings"
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

func TestHandlerValidatesInput(t *testing.T) {
	tests := []struct {
		name   string
		field  string
		value  any // nil removes the field
		status int
	}{
		{"name missing", "name", nil, http.StatusUnprocessableEntity},
		{"name empty", "name", "", http.StatusUnprocessableEntity},
		{"name of another type", "name", 1, http.StatusUnprocessableEntity},
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
			response := fntest.Call(t, Handler, fntest.HTTPEvent(r))

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
			response := fntest.Call(t, Handler, fntest.HTTPEvent(r))

			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
			}
		})
	}
}

// request returns the request that the tests send.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod: http.MethodPost,
		Path:       "/corsInput",
		Headers:    map[string]string{"Content-Type": "application/json"},
		Payload:    valid(),
	}
}

// valid returns a body that the function accepts.
func valid() map[string]any {
	return map[string]any{
		"name": "example",
	}
}
