// Package batch handles the items of a batch and reports which of them failed.
package batch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// A Batch is a number of items and a function that handles one of them.
type Batch struct {
	Len    int
	ID     func(i int) string // for the log
	Handle func(ctx context.Context, i int) error

	// InOrder handles one item after the other and stops at the first that fails.
	// The items after it fail too.
	InOrder bool

	// Concurrency is how many items are handled at the same time unless InOrder is
	// set. It defaults to one.
	Concurrency int
}

// Run handles the items and returns the indexes of those that failed. An item
// fails if Handle returns an error, panics or calls runtime.Goexit. If no item
// succeeded, Run also returns an error. It logs each failure.
//
// Run returns before ctx's deadline. A second before the deadline, or a tenth of
// the time if that is less, Run stops starting items, and the context of Handle
// ends. It waits for running items for half of that time. The others fail, and
// their results are ignored.
func (b Batch) Run(ctx context.Context) (failed []int, err error) {
	handlerCtx, cancel := context.WithCancel(ctx)
	defer cancel()
	margin := time.Second
	if deadline, ok := ctx.Deadline(); ok {
		margin = min(margin, time.Until(deadline)/10)
		handlerCtx, cancel = context.WithDeadline(handlerCtx, deadline.Add(-margin))
		defer cancel()
	}

	r := &run{Batch: b, ctx: handlerCtx, errs: make([]error, b.Len)}
	for i := range r.errs {
		r.errs[i] = errNotStarted
	}
	workers := 1
	if !b.InOrder {
		workers = max(1, min(b.Concurrency, b.Len))
	}
	r.workers.Add(workers)
	for range workers {
		go r.work()
	}
	ended := make(chan struct{})
	go func() {
		r.workers.Wait()
		close(ended)
	}()

	select {
	case <-ended:
	case <-handlerCtx.Done():
		select {
		case <-ended:
		case <-time.After(margin / 2):
		}
	}
	return r.end(ctx)
}

var (
	errNotStarted  = errors.New("not started")
	errNotFinished = errors.New("not finished in time")
	errGoexit      = errors.New("the handler called runtime.Goexit")
)

// A run is the state of Batch.Run.
type run struct {
	Batch
	ctx     context.Context
	workers sync.WaitGroup

	mu      sync.Mutex
	errs    []error // by item
	next    int     // item to start
	stopped bool    // start no more items
}

// work handles items until none is left to start.
func (r *run) work() {
	var (
		i  int
		ok bool
	)
	defer func() {
		if ok { // Handle called runtime.Goexit, which also ends this goroutine
			r.finish(i, errGoexit)
			go r.work()
			return
		}
		r.workers.Done()
	}()
	for i, ok = r.start(); ok; i, ok = r.start() {
		r.finish(i, r.handle(i))
	}
}

// start returns the next item, unless no more are to be started.
func (r *run) start() (i int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped || r.next == r.Len || r.ctx.Err() != nil {
		return 0, false
	}
	i = r.next
	r.next++
	r.errs[i] = errNotFinished
	return i, true
}

// handle handles an item and turns a panic into an error.
func (r *run) handle(i int) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{value, debug.Stack()}
		}
	}()
	return r.Handle(r.ctx, i)
}

// finish records the result of an item.
func (r *run) finish(i int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errs[i] = err
	r.stopped = r.stopped || err != nil && r.InOrder
}

// end returns the result of Run and logs failures.
func (r *run) end(ctx context.Context) (failed []int, err error) {
	r.mu.Lock() // handlers that were abandoned may still return
	defer r.mu.Unlock()
	for i, itemErr := range r.errs {
		if itemErr == nil {
			continue
		}
		failed = append(failed, i)
		if errors.Is(itemErr, errNotStarted) {
			continue // a batch may have thousands of them
		}
		attrs := []any{"id", r.ID(i), "reason", itemErr}
		if p := (*panicError)(nil); errors.As(itemErr, &p) {
			attrs = append(attrs, "stack", string(p.stack))
		}
		slog.ErrorContext(ctx, "item failed", attrs...)
		if err == nil {
			err = itemErr
		}
	}
	if notStarted := r.Len - r.next; notStarted > 0 {
		slog.WarnContext(ctx, "items not started", "items", notStarted)
	}
	if r.Len == 0 || len(failed) < r.Len {
		return failed, nil
	}
	if err == nil {
		err = errNotStarted
	}
	return failed, fmt.Errorf("no item of the batch succeeded: %w", err)
}

// A panicError is a panic of a handler.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }
