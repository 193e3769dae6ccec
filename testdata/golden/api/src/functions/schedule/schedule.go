// Package schedule is a serverless function.
package schedule

import (
	"context"
	"log/slog"

	"example.com/golden/api/src/lib/schedule"
)

// Schedule says when Handler runs. Times are in UTC, unless a time zone
// precedes them, as in CRON_TZ=Europe/Berlin 0 3 * * *.
const Schedule = "0 3 * * *"

// Handler runs when Schedule says so. If it fails, it may run again for the same
// tick, so running it twice must do no harm.
func Handler(ctx context.Context, tick schedule.Tick) error {
	slog.InfoContext(ctx, "run started", "function", "schedule", "due", tick.Time, "id", tick.ID)

	// Replace this comment with what has to be done.
	return nil
}
