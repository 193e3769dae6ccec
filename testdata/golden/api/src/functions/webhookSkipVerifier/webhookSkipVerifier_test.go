package webhookskipverifier

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

// request returns the request that the tests send.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod: http.MethodPost,
		Path:       "/webhookSkipVerifier",
		Payload:    `{"id":1}`,
	}
}
