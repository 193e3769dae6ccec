package streaminput

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
		response := fntest.CallStream(t, Handler, event)

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
			response := fntest.CallStream(t, Handler, fntest.HTTPEvent(r))

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
			response := fntest.CallStream(t, Handler, fntest.HTTPEvent(r))

			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
			}
		})
	}
}

// request returns the request that the tests send.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod:     http.MethodPost,
		Path:           "/streams/1",
		PathParameters: map[string]string{"id": "1"},
		Headers:        map[string]string{"Content-Type": "application/json"},
		Payload:        valid(),
	}
}

// valid returns a body that the function accepts.
func valid() map[string]any {
	return map[string]any{
		"name": "example",
	}
}
