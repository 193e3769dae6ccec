// Package schedulezonefixtures is a serverless function.
package schedulezonefixtures

import (
	"context"
	"log/slog"

	"example.com/golden/api/src/lib/schedule"
)

// Schedule says when Handler runs.
const Schedule = "CRON_TZ=Europe/Berlin 30 4 * * MON-FRI"

// Handler runs when Schedule says so. If it fails, it may run again for the same
// tick, so running it twice must do no harm.
func Handler(ctx context.Context, tick schedule.Tick) error {
	slog.InfoContext(ctx, "run started", "function", "scheduleZoneFixtures", "due", tick.Time, "id", tick.ID)

	// Replace this comment with what has to be done.
	return nil
}
