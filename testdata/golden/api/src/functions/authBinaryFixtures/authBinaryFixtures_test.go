package authbinaryfixtures

import (
	"encoding/base64"
	"image/png"
	"net/http"
	"strings"
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
		if got, want := response.Headers["Content-Type"], "image/png"; got != want {
			t.Errorf("Content-Type = %q, want %q", got, want)
		}
		if !response.IsBase64Encoded {
			t.Error("IsBase64Encoded = false, want true")
		}
		body := base64.NewDecoder(base64.StdEncoding, strings.NewReader(response.Body))
		if _, err := png.Decode(body); err != nil {
			t.Errorf("body is not a PNG image: %v", err)
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
