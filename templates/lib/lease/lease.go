// Package lease lets several processes share the schedules of functions: each
// run that is due happens in one of them. Servers that are started with
// -schedules use it if the project has it.
//
// The migration schedule_leases creates the table; apply it with
// "fngen db migrate".
package lease

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/fngen/fngen/templates/lib/db"
)

// duration is how long a lease lasts without being renewed. The process that
// holds it renews it three times as often.
const duration = 30 * time.Second

// errLost is why the context of a run ends whose lease another process may have.
var errLost = errors.New("lease: lost, because it could not be renewed in time")

// A row of the table is the last run of a function that a process has started.
// Times are in milliseconds since 1970, by the clock of the database.
type row struct {
	bun.BaseModel `bun:"table:schedule_leases"`

	Function string `bun:",pk"`
	Due      int64
	Holder   string
	Expires  int64 // 0 after the run
}

// Run calls run for the time at which the function is due, unless a process has
// called it before for this time or a later one. So it is called once at most,
// even if the process is suspended or killed. Run waits up to 30 seconds for a
// process that still runs the function for an earlier time. It reports whether
// it called run.
//
// The context of run ends if the lease is lost.
func Run(ctx context.Context, function string, due time.Time, run func(context.Context)) (bool, error) {
	return runFor(ctx, duration, function, due, run)
}

func runFor(
	ctx context.Context, duration time.Duration, function string, due time.Time, run func(context.Context),
) (bool, error) {
	r := row{Function: function, Due: due.UnixMilli(), Holder: rand.Text()}
	start := time.Now()
	for {
		asked := time.Now()
		previous, err := read(ctx, function)
		if err != nil || previous.Due >= r.Due {
			return false, err
		}
		claimed, err := r.claim(ctx, duration)
		if err != nil {
			return false, err
		}
		if claimed && time.Since(asked) < duration {
			if previous.Expires != 0 {
				slog.WarnContext(ctx, "schedule interrupted: the process that ran the function has stopped",
					"function", function, "due", time.UnixMilli(previous.Due))
			}
			break
		}
		if claimed { // this process was suspended meanwhile
			return false, errLost
		}
		if time.Since(start) > duration {
			return false, nil
		}
		select {
		case <-time.After(duration / 30):
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}

	runCtx, cancel := context.WithCancelCause(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		r.keep(runCtx, duration, cancel)
	}()
	defer func() {
		cancel(nil)
		<-stopped
		r.release(context.WithoutCancel(ctx))
	}()
	run(runCtx)
	return true, nil
}

// read returns the row of a function, or a row without times.
func read(ctx context.Context, function string) (row, error) {
	r := row{Function: function}
	err := db.From(ctx).NewSelect().Model(&r).WherePK().Scan(ctx)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return r, fmt.Errorf("lease: %w", err)
	}
	return r, nil
}

// claim writes the row and reports whether it did: not if the function is not due
// by the clock of the database, if a process has started this run or a later one,
// or if the lease of an earlier one has not expired. One statement checks and
// writes, so that of several processes one succeeds.
func (r row) claim(ctx context.Context, duration time.Duration) (bool, error) {
	now := clock(ctx)
	result, err := db.From(ctx).NewRaw(`
		INSERT INTO schedule_leases (function, due, holder, expires)
		SELECT ?0, ?1, ?2, ?3 + ?4 WHERE ?1 <= ?3
		ON CONFLICT (function) DO UPDATE SET due = EXCLUDED.due, holder = EXCLUDED.holder, expires = EXCLUDED.expires
		WHERE schedule_leases.due < EXCLUDED.due AND schedule_leases.expires <= ?3`,
		r.Function, r.Due, r.Holder, now, duration.Milliseconds()).Exec(ctx)
	return changed(result, err)
}

// keep renews the lease until ctx ends. If another process has it, or may have
// it because it could not be renewed, keep calls cancel.
func (r row) keep(ctx context.Context, duration time.Duration, cancel context.CancelCauseFunc) {
	renewed := time.Now()
	for {
		select {
		case <-time.After(duration / 3):
		case <-ctx.Done():
			return
		}
		asked := time.Now()
		result, err := db.From(ctx).NewUpdate().Model(&r).WherePK().Where("holder = ?", r.Holder).
			Set("expires = ? + ?", clock(ctx), duration.Milliseconds()).Exec(ctx)
		held, err := changed(result, err)
		switch {
		case err == nil && held:
			renewed = asked
		case err == nil || time.Since(renewed) > duration:
			cancel(errLost)
			return
		}
	}
}

// release ends the lease, so that the next run can start at once.
func (r row) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	_, _ = db.From(ctx).NewUpdate().Model(&r).WherePK().Where("holder = ?", r.Holder).
		Set("expires = 0").Exec(ctx) // otherwise it expires
}

// clock returns an expression for the time of the database, which all processes
// agree on.
func clock(ctx context.Context) bun.Safe {
	if db.From(ctx).Dialect().Name() == dialect.PG {
		return "CAST(FLOOR(EXTRACT(EPOCH FROM clock_timestamp()) * 1000) AS BIGINT)" // CAST alone rounds up
	}
	return "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
}

// changed reports whether a statement changed a row.
func changed(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, fmt.Errorf("lease: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}
