// Package schedule describes the times at which a function runs.
package schedule

import "time"

// A Tick is one run of a function that is due.
type Tick struct {
	// Schedule is the function's cron expression.
	Schedule string `json:"schedule"`

	// Time is when the run is due. The function may start later.
	Time time.Time `json:"time"`

	// ID is the same for every attempt of this run and different for others.
	ID string `json:"id"`
}

// At returns the Tick that is due at t. Its ID is the time in UTC, so that all
// processes agree on it.
func At(schedule string, t time.Time) Tick {
	return Tick{Schedule: schedule, Time: t, ID: t.UTC().Format(time.RFC3339)}
}
