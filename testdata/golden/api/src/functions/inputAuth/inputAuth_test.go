package inputauth

import (
	"net/http"
	"strings"
	"testing"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
)

// user is allowed to call the function.
var user = &auth.User{ID: "1", Roles: []string{"admin"}}

func TestHandler(t *testing.T) {
	standard.Run(t, "responds with 200", func(t *scenario.T, s *Scenario) {
		event := fntest.HTTPEvent(request())
		response := fntest.Call(t, Handler, event, auth.As(user))

		if response.StatusCode != http.StatusOK {
			t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
		}
		if got, want := response.Headers["Content-Type"], "application/json"; got != want {
			t.Errorf("Content-Type = %q, want %q", got, want)
		}
	})
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
			response := fntest.Call(t, Handler, event, auth.As(test.user))

			if response.StatusCode != test.status {
				t.Errorf("status = %d, want %d", response.StatusCode, test.status)
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
		{"first_name missing", "first_name", nil, http.StatusUnprocessableEntity},
		{"first_name empty", "first_name", "", http.StatusUnprocessableEntity},
		{"first_name of another type", "first_name", 1, http.StatusUnprocessableEntity},
		{"last_name missing", "last_name", nil, http.StatusUnprocessableEntity},
		{"last_name empty", "last_name", "", http.StatusUnprocessableEntity},
		{"last_name of another type", "last_name", 1, http.StatusUnprocessableEntity},
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
			response := fntest.Call(t, Handler, fntest.HTTPEvent(r), auth.As(user))

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
			response := fntest.Call(t, Handler, fntest.HTTPEvent(r), auth.As(user))

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
		Path:       "/inputAuth",
		Headers:    map[string]string{"Content-Type": "application/json"},
		Payload:    valid(),
	}
}

// valid returns a body that the function accepts.
func valid() map[string]any {
	return map[string]any{
		"first_name": "example",
		"last_name":  "example",
	}
}
