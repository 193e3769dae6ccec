package eventsnsfixtures

import (
	"testing"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
)

func TestHandler(t *testing.T) {
	standard.Run(t, "handles a message", func(t *scenario.T, s *Scenario) {
		event := event()
		if err := Handler(fntest.Context(t), event); err != nil {
			t.Errorf("Handler: %v", err)
		}
	})

	standard.Run(t, "fails if the message is not JSON", func(t *scenario.T, s *Scenario) {
		if err := Handler(fntest.Context(t), fntest.SNS("not JSON")); err == nil {
			t.Error("Handler returned no error")
		}
	})
}
