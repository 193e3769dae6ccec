package schedulezone

import (
	"testing"
	"time"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
	"example.com/golden/api/src/lib/schedule"
)

func TestHandler(t *testing.T) {
	standard.Run(t, "runs twice for the same tick", func(t *scenario.T, s *Scenario) {
		tick := schedule.At(Schedule, time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC))
		for range 2 {
			if err := Handler(fntest.Context(t), tick); err != nil {
				t.Errorf("Handler: %v", err)
			}
		}
	})
}
