package schedulefixtures

import (
	"testing"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
)

func TestHandler(t *testing.T) {
	standard.Run(t, "runs twice for the same tick", func(t *scenario.T, s *Scenario) {
		tick := tick()
		for range 2 {
			if err := Handler(fntest.Context(t), tick); err != nil {
				t.Errorf("Handler: %v", err)
			}
		}
	})
}
