package devserver

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/fngen/fngen/internal/devpage"
	"github.com/fngen/fngen/internal/instance"
	"github.com/fngen/fngen/internal/watch"
)

// A loop builds the functions whenever a file changes, and replaces the running
// program by the new one. At most one build runs at a time. Only the goroutine
// that calls run uses the fields.
type loop struct {
	*server

	builds      chan build         // receives the result of the build in progress
	cancelBuild context.CancelFunc // nil if no build is in progress
	listings    chan listing       // receives the result of the listing in progress
	stopListing func()             // stops the listing in progress, if there is one

	stopRecording func() // stops the builder's recording in progress, if there is one

	current   *target         // the running program, or nil
	exited    <-chan struct{} // closed when current has exited; nil if current is
	builtAt   time.Time       // when the build of current began; zero if a later one has begun
	isReady   bool            // a program has been listening
	functions []Function      // of the last program
	printed   string          // the build error on the screen, or ""

	clock *clock // nil without schedules

	restart *time.Timer   // fires when the program is to be built and started again
	backoff time.Duration // the delay of the next restart
}

func newLoop(s *server) *loop {
	l := &loop{
		server: s, builds: make(chan build, 1), listings: make(chan listing, 1), stopListing: func() {},
		stopRecording: func() {}, restart: time.NewTimer(time.Hour),
	}
	l.restart.Stop()
	return l
}

// run builds, and builds again after each batch of changes, until ctx is done.
// It returns the errors of failed and those that no change of a file can
// repair.
func (l *loop) run(ctx context.Context, batches <-chan watch.Batch, failed <-chan error) error {
	defer l.close()
	if !l.NoSchedules {
		l.clock = l.newClock(ctx)
	}
	l.startBuild(ctx, 0)
	for {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case err = <-failed:
		case batch := <-batches:
			l.handleBatch(ctx, batch)
		case <-l.restart.C:
			l.startBuild(ctx, 0)
		case <-l.exited:
			l.handleExit()
		case b := <-l.builds:
			err = l.handleBuild(ctx, b)
		case list := <-l.listings:
			err = l.handleListing(ctx, list)
		}
		if err != nil {
			return err
		}
	}
}

// close stops whatever is in progress. It does not wait for the running program
// to exit: the drains of the server do.
func (l *loop) close() {
	l.restart.Stop()
	if l.clock != nil {
		l.clock.end()
	}
	if current := l.current; current != nil {
		current.transport.CloseIdleConnections()
		l.drains.Go(current.Kill)
	}
	l.stopListing()
	l.abandonBuild()
}

// startBuild starts a build, which takes the place of one in progress. events
// is the number of change events that it covers.
func (l *loop) startBuild(ctx context.Context, events int) {
	l.gate.startBuild(events)
	l.isFresh.Store(false)
	l.builtAt = time.Time{}
	l.abandonBuild()
	l.restart.Stop()
	l.page.SetState(devpage.State{Status: devpage.Building})
	ctx, l.cancelBuild = context.WithCancel(ctx)
	old := l.current
	go func() { l.builds <- l.build(ctx, old) }()
}

// abandonBuild cancels the build in progress and waits for its end. It also
// stops the listing in progress, except for the first one: until that is
// complete, any file may be a source file.
func (l *loop) abandonBuild() {
	l.stopRecording()
	if l.sources.Load() != nil {
		l.stopListing()
	}
	if l.cancelBuild == nil {
		return
	}
	l.cancelBuild()
	l.cancelBuild = nil
	if b := <-l.builds; b.target != nil && b.target != l.current {
		b.target.Kill()
	}
}

func (l *loop) handleBatch(ctx context.Context, batch watch.Batch) {
	for _, name := range []string{"fngen.toml", "redwood.toml"} {
		if slices.Contains(batch.Paths, filepath.Join(l.Project, name)) {
			l.note(name+" has changed: restart fngen dev to apply it", "")
		}
	}
	l.backoff = 0
	l.startBuild(ctx, batch.Events)
}

// handleExit restarts the program after it has exited by itself.
func (l *loop) handleExit() {
	if l.cancelBuild != nil { // the build in progress will replace it
		l.exited = nil
		return
	}
	if time.Since(l.current.started) > 10*time.Second {
		l.backoff = 0
	}
	status := "exit status 0"
	if err := l.current.Err(); err != nil {
		status = err.Error()
	}
	l.note("the functions' process exited ("+status+") and is restarted", "")
	l.current, l.exited = nil, nil
	l.gate.startBuild(0)
	l.restart.Reset(l.backoff)
	l.increaseBackoff()
}

func (l *loop) increaseBackoff() {
	l.backoff = min(max(2*l.backoff, 100*time.Millisecond), 10*time.Second)
}

func (l *loop) handleBuild(ctx context.Context, b build) error {
	l.cancelBuild()
	l.cancelBuild = nil
	for _, note := range b.program.Notes {
		l.noteOnce(note)
	}
	if b.program.Package != "" { // even if the build failed: the file that it lacks need not be a Go file
		l.stopListing()
		l.stopListing = l.startListing(ctx, b)
	}
	switch {
	case errors.Is(b.err, exec.ErrNotFound):
		return b.err // without a go command, no build can succeed
	case b.err != nil:
		l.handleFailure(b.err)
	default:
		l.handleSuccess(ctx, b)
	}
	return nil
}

// handleFailure opens the gate: requests fail with err until the next build.
func (l *loop) handleFailure(err error) {
	l.page.SetState(devpage.State{Status: devpage.Failed, Problem: problemOf(err)})
	l.gate.finishBuild(l.current, err)
	if text := err.Error(); text != l.printed {
		l.printed = text
		l.print(l.Stderr, text+"\n")
	}
	if errors.As(err, new(*instance.ExitError)) { // such as a program that cannot connect to its database yet
		l.increaseBackoff()
		l.restart.Reset(l.backoff)
	}
}

// handleSuccess opens the gate to the new program and drains the old one.
func (l *loop) handleSuccess(ctx context.Context, b build) {
	functions := b.target.program.Functions
	switch {
	case !l.isReady:
		l.printReady(b.took, functions)
	case b.target != l.current:
		l.printReloaded(b.took, l.functions, functions)
	case l.printed != "":
		l.print(l.Stdout, "the functions build again\n")
	}
	l.printed, l.functions, l.isReady = "", functions, true
	l.builtAt = b.began
	l.page.SetState(devpage.State{Status: devpage.Ready, Took: b.took, Functions: b.target.program.Describe})
	l.current, l.exited = b.target, b.target.Done()
	if l.clock != nil {
		l.clock.set(ctx, functions)
	}
	if old := l.gate.finishBuild(l.current, nil); old != nil && old != l.current {
		l.drains.Go(func() {
			stop := context.AfterFunc(ctx, old.Kill)
			defer stop()
			old.retire(drainTimeout)
		})
	}
}

// handleListing builds again if one of the newly listed source files changed
// since the build.
func (l *loop) handleListing(ctx context.Context, list listing) error {
	changed, err := l.setSources(list)
	switch {
	case ctx.Err() != nil: // the watcher is closed, so that setSources failed
		return nil
	case err != nil:
		return err
	case changed:
		l.startBuild(ctx, 0)
	case list.began.Equal(l.builtAt):
		l.isFresh.Store(true)
		l.stopRecording()
		l.stopRecording = l.startRecording(ctx, list.program)
	}
	return nil
}

// startRecording prepares the builder for the next build, after p was built.
// The function it returns stops that and waits for its end.
func (l *loop) startRecording(ctx context.Context, p Program) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = l.builder.Record(ctx, p.Overlay, p.Package) // or the next build takes longer
	}()
	return func() {
		cancel()
		<-done
	}
}
