package authrole

import (
	"net/http"
	"testing"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
)

// user may call the function.
var user = &auth.User{ID: "1", Roles: []string{"admin"}}

func TestHandler(t *testing.T) {
	standard.Run(t, "answers 200", func(t *scenario.T, s *Scenario) {
		ctx := auth.WithUser(fntest.Context(t), user)
		event := fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodGet, Path: "/authRole"})

		response, err := Handler(ctx, event)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusOK {
			t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
		}
		if got, want := response.Headers["Content-Type"], "application/json"; got != want {
			t.Errorf("Content-Type = %q, want %q", got, want)
		}
		if got, want := response.Body, `{"data":"authRole function"}`; got != want {
			t.Errorf("body = %s, want %s", got, want)
		}
	})
}

func TestHandlerRequiresUser(t *testing.T) {
	for name, test := range map[string]struct {
		user *auth.User
		want int
	}{
		"anonymous":        {nil, http.StatusUnauthorized},
		"without the role": {&auth.User{ID: "2"}, http.StatusForbidden},
	} {
		standard.Run(t, name, func(t *scenario.T, s *Scenario) {
			ctx := auth.WithUser(fntest.Context(t), test.user)
			event := fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodGet, Path: "/authRole"})

			response, err := Handler(ctx, event)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.want {
				t.Errorf("status = %d, want %d", response.StatusCode, test.want)
			}
		})
	}
}
