package stream

import (
	"net/http"
	"strings"
	"testing"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
)

func TestHandler(t *testing.T) {
	standard.Run(t, "responds with 200", func(t *scenario.T, s *Scenario) {
		event := fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodGet, Path: "/stream"})
		response := fntest.CallStream(t, Handler, event)

		if response.StatusCode != http.StatusOK {
			t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
		}
		if got, want := response.Headers["Content-Type"], "text/event-stream"; got != want {
			t.Errorf("Content-Type = %q, want %q", got, want)
		}
		if got, want := strings.Count(response.Body, "data: "), 3; got != want {
			t.Errorf("%d events, want %d: %s", got, want, response.Body)
		}
	})
}
