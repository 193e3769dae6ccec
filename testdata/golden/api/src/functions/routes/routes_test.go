package routes

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

func TestHandlerRoutes(t *testing.T) {
	tests := []struct {
		method, path string
		parameters   map[string]string
	}{
		{http.MethodGet, "/posts/1", map[string]string{"id": "1"}},
		{http.MethodDelete, "/posts/1", map[string]string{"id": "1"}},
		{http.MethodPost, "/posts", nil},
	}
	for _, test := range tests {
		standard.Run(t, test.method+" "+test.path, func(t *scenario.T, s *Scenario) {
			request := request()
			request.HTTPMethod, request.Path, request.PathParameters = test.method, test.path, test.parameters
			event := fntest.HTTPEvent(request)
			response := fntest.Call(t, Handler, event)

			if response.StatusCode != http.StatusOK {
				t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
			}
		})
	}
}

// request returns the request that the tests send.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod:     http.MethodGet,
		Path:           "/posts/1",
		PathParameters: map[string]string{"id": "1"},
	}
}
