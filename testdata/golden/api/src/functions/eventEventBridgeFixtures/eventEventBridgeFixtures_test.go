package eventeventbridgefixtures

import (
	"testing"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
)

func TestHandler(t *testing.T) {
	standard.Run(t, "handles an event", func(t *scenario.T, s *Scenario) {
		event := event(payload{})
		if err := Handler(fntest.Context(t), event); err != nil {
			t.Errorf("Handler: %v", err)
		}
	})

	standard.Run(t, "fails if the detail does not decode", func(t *scenario.T, s *Scenario) {
		event := event([]string{})
		if err := Handler(fntest.Context(t), event); err == nil {
			t.Error("Handler returned no error")
		}
	})
}
