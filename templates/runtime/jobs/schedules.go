package jobs

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/fngen/fngen/templates/runtime/gateway"
	"github.com/fngen/fngen/templates/runtime/trigger"
)

// A Lease calls run unless another process that shares the lease runs the
// function, or has run it for the time due or a later one. It reports whether it
// called run. The error is that of the lease, not of run.
type Lease func(ctx context.Context, function string, due time.Time, run func(context.Context)) (ran bool, err error)

// late is how long after it was due a run still starts. Runs that were due while
// the process was suspended do not start when it resumes.
const late = time.Minute

// Run implements server.Jobs: with the flag -schedules, it runs functions on
// their schedules.
func (j *jobs) Run(ctx context.Context, stop <-chan struct{}) {
	var all sync.WaitGroup
	for _, f := range j.Triggers {
		if schedule := j.schedules[f.Name]; schedule != nil {
			all.Add(1)
			go func() {
				defer all.Done()
				j.follow(ctx, stop, f, schedule)
			}()
		}
	}
	all.Wait()
}

// follow runs a function on its schedule, until stop is closed and the last run
// has ended.
func (j *jobs) follow(ctx context.Context, stop <-chan struct{}, f trigger.Function, schedule Schedule) {
	var running sync.WaitGroup
	defer running.Wait()
	var busy atomic.Bool
	for due := schedule.Next(time.Now()); !due.IsZero(); due = schedule.Next(due) {
		if !wait(due, stop) {
			return
		}
		log := slog.With("function", f.Name, "due", due)
		switch {
		case time.Since(due) > late:
			log.Warn("schedule missed: the process was suspended")
			due = time.Now().Add(-late) // one line for all runs that were missed
		case !busy.CompareAndSwap(false, true):
			log.Warn("schedule skipped: the function is still running")
		default:
			running.Add(1)
			go func() {
				defer running.Done()
				defer busy.Store(false)
				j.runLeased(ctx, log, f, due)
			}()
		}
	}
}

// wait waits until a time. It returns false if stop is closed before.
func wait(until time.Time, stop <-chan struct{}) bool {
	for {
		left := time.Until(until)
		if left <= 0 {
			return true
		}
		select {
		case <-time.After(min(left, time.Minute)): // the clock may be set meanwhile
		case <-stop:
			return false
		}
	}
}

// runLeased runs a function for the time due, if this process gets the lease.
func (j *jobs) runLeased(ctx context.Context, log *slog.Logger, f trigger.Function, due time.Time) {
	run := func(ctx context.Context) { runDue(ctx, log, f, due) }
	if j.Lease == nil {
		run(ctx)
		return
	}
	ran, err := j.Lease(ctx, f.Name, due, run)
	switch {
	case err != nil:
		log.Error("schedule lease failed", "error", err)
	case !ran:
		log.Info("schedule skipped: another process has the lease")
	}
}

// runDue runs a function for the time due, and logs the result.
func runDue(ctx context.Context, log *slog.Logger, f trigger.Function, due time.Time) {
	start := time.Now()
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{AwsRequestID: due.UTC().Format(time.RFC3339)})
	_, err := call(ctx, f, tick(f, due, ""))
	log = log.With("duration", time.Since(start).Round(time.Millisecond))
	var panicked *gateway.Panic
	switch {
	case err == nil:
		log.Info("schedule ran")
	case errors.As(err, &panicked):
		log.Error("schedule failed", "error", err, "stack", panicked.Stack)
	default:
		log.Error("schedule failed", "error", err)
	}
}
