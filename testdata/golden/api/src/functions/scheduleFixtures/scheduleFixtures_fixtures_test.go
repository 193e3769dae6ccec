package schedulefixtures

import (
	"time"

	"example.com/golden/api/src/lib/schedule"
)

// tick returns the tick that the tests run. Add a function like it for every
// other time that your tests need.
func tick() schedule.Tick {
	return schedule.At(Schedule, time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC))
}
