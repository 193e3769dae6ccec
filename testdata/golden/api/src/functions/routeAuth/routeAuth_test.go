package routeauth

import (
	"net/http"
	"testing"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
)

// user is allowed to call the function.
var user = &auth.User{ID: "1"}

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
		{"signed in", user, http.StatusOK},
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

// request returns the request that the tests send.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod:     http.MethodPut,
		Path:           "/accounts/1",
		PathParameters: map[string]string{"id": "1"},
	}
}
