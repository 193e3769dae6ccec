package binarypdf

import (
	"encoding/base64"
	"net/http"
	"testing"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
)

func TestHandler(t *testing.T) {
	standard.Run(t, "responds with 200", func(t *scenario.T, s *Scenario) {
		event := fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodGet, Path: "/binaryPdf"})
		response := fntest.Call(t, Handler, event)

		if response.StatusCode != http.StatusOK {
			t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
		}
		if got, want := response.Headers["Content-Type"], "application/pdf"; got != want {
			t.Errorf("Content-Type = %q, want %q", got, want)
		}
		if !response.IsBase64Encoded {
			t.Error("IsBase64Encoded = false, want true")
		}
		if _, err := base64.StdEncoding.DecodeString(response.Body); err != nil {
			t.Errorf("body is not in base64: %v", err)
		}
	})
}
