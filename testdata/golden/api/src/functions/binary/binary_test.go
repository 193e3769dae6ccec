package binary

import (
	"encoding/base64"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
)

func TestHandler(t *testing.T) {
	standard.Run(t, "responds with 200", func(t *scenario.T, s *Scenario) {
		event := fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodGet, Path: "/binary"})
		response := fntest.Call(t, Handler, event)

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
