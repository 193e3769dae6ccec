package input

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
		{"age missing", "age", nil, http.StatusUnprocessableEntity},
		{"age of another type", "age", "example", http.StatusUnprocessableEntity},
		{"score missing", "score", nil, http.StatusUnprocessableEntity},
		{"score of another type", "score", "example", http.StatusUnprocessableEntity},
		{"active missing", "active", nil, http.StatusUnprocessableEntity},
		{"active of another type", "active", "example", http.StatusUnprocessableEntity},
		{"born missing", "born", nil, http.StatusUnprocessableEntity},
		{"born of another type", "born", "example", http.StatusUnprocessableEntity},
		{"tags missing", "tags", nil, http.StatusUnprocessableEntity},
		{"tags of another type", "tags", 1, http.StatusUnprocessableEntity},
		{"counts missing", "counts", nil, http.StatusUnprocessableEntity},
		{"counts of another type", "counts", "example", http.StatusUnprocessableEntity},
		{"scores missing", "scores", nil, http.StatusUnprocessableEntity},
		{"scores of another type", "scores", "example", http.StatusUnprocessableEntity},
		{"flags missing", "flags", nil, http.StatusUnprocessableEntity},
		{"flags of another type", "flags", "example", http.StatusUnprocessableEntity},
		{"seen missing", "seen", nil, http.StatusUnprocessableEntity},
		{"seen of another type", "seen", "example", http.StatusUnprocessableEntity},
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
		Path:       "/input",
		Headers:    map[string]string{"Content-Type": "application/json"},
		Payload:    valid(),
	}
}

// valid returns a body that the function accepts.
func valid() map[string]any {
	return map[string]any{
		"name":   "example",
		"age":    1,
		"score":  1.5,
		"active": true,
		"born":   "2026-01-02T15:04:05Z",
		"tags":   []any{"example"},
		"counts": []any{1},
		"scores": []any{1.5},
		"flags":  []any{true},
		"seen":   []any{"2026-01-02T15:04:05Z"},
	}
}
