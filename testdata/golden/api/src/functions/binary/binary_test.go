package binary

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"net/http"
	"testing"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
)

func TestHandler(t *testing.T) {
	standard.Run(t, "answers 200", func(t *scenario.T, s *Scenario) {
		ctx := fntest.Context(t)
		event := fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodGet, Path: "/binary"})

		response, err := Handler(ctx, event)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusOK {
			t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
		}
		if got, want := response.Headers["Content-Type"], "image/png"; got != want {
			t.Errorf("Content-Type = %q, want %q", got, want)
		}
		if !response.IsBase64Encoded {
			t.Error("the body is not marked as base64")
		}
		body, err := base64.StdEncoding.DecodeString(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		picture, err := png.Decode(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := picture.Bounds(), image.Rect(0, 0, 1, 1); got != want {
			t.Errorf("bounds = %v, want %v", got, want)
		}
	})
}
