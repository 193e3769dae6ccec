package binarypdf

import (
	"encoding/base64"
	"net/http"
	"testing"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
)

func TestHandler(t *testing.T) {
	standard.Run(t, "answers 200", func(t *scenario.T, s *Scenario) {
		ctx := fntest.Context(t)
		event := fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodGet, Path: "/binaryPdf"})

		response, err := Handler(ctx, event)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusOK {
			t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
		}
		if got, want := response.Headers["Content-Type"], "application/pdf"; got != want {
			t.Errorf("Content-Type = %q, want %q", got, want)
		}
		if !response.IsBase64Encoded {
			t.Error("the body is not marked as base64")
		}
		body, err := base64.StdEncoding.DecodeString(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(body), "Put your own data in place of this sentence."; got != want {
			t.Errorf("body = %q, want %q", got, want)
		}
	})
}
