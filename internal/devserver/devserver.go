// Package devserver serves a project's functions while they are worked on: what is saved is built, and answers the
// next request.
//
// Requests come in at one door, which stays, and go to a program that is built of the functions and
// replaced by a newer one. From the moment that a file stirs until the program of the new files listens, requests wait.
package devserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fngen/fngen/internal/delivery"
	"github.com/fngen/fngen/internal/dotenv"
	"github.com/fngen/fngen/internal/instance"
	"github.com/fngen/fngen/internal/program"
	"github.com/fngen/fngen/internal/watch"
)

// Options say what to serve, and where.
type Options struct {
	Project   string // the project's directory, absolute
	Functions string // that of its functions, likewise
	Version   string // of fngen

	Host      string   // to listen on; "localhost" is this machine by all its names
	Port      int      // of /<name>
	WebPort   int      // of <APIURL>/<name>, and of the web side
	APIURL    string   // a path
	WebTarget *url.URL // where the web side's own server is, or nil
	PublicURL string   // by which the functions are known outside, or ""

	Plan  func() (Plan, error)         // what to build, as of now
	Args  []string                     // of the program
	Under func(binary string) []string // a debugger's command for a program, or nil

	Poll           time.Duration // how often to look for changes where the system does not report them; zero is never
	Stdout, Stderr io.Writer     // requests, and all else
}

// A Plan is a program of the functions as they are.
type Plan struct {
	Overlay program.Overlay
	Package string
	Routes  []Route
	Environ []string                   // the program's
	Notes   []string                   // what to say of it, once each
	Explain func(output string) string // what the compiler says, in terms of the functions
}

// A Route is a function.
type Route struct {
	Name    string
	Webhook bool // it verifies what comes in, so that its requests are worth keeping
}

const (
	quiet    = 25 * time.Millisecond  // between a save and the build
	patience = time.Minute            // of a request that waits for a build
	drain    = 15 * time.Minute       // for requests to end on an old program: what Lambda gives one at most
	lazily   = 300 * time.Millisecond // after a build, what the program is made of is asked

	hasty = 300 * time.Millisecond // how soon a build does not fail

	deliveries    = 100 // that are kept, of webhooks
	deliveryBytes = 1 << 20
)

// server is a dev server that runs.
type server struct {
	Options
	gate    gate
	watcher *watch.Watcher
	binary  string
	sources atomic.Pointer[program.Sources]
	settled atomic.Bool // the sources are those of the program that runs; else any Go file may be one
	out     sync.Mutex
	noted   sync.Map // what has been said once

	deliveries *delivery.Log

	retired sync.WaitGroup
}

// Run serves until the context ends, which is no error. Errors: *PortError, *watch.LimitError, exec.ErrNotFound where
// there is no go command, and those of the disk and the network.
func Run(ctx context.Context, o Options) (err error) {
	dir, err := os.MkdirTemp("", "fngen-dev-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s := &server{
		Options: o, binary: filepath.Join(dir, "functions.exe"), // which Windows needs and others do not mind
		deliveries: delivery.NewLog(deliveries, deliveryBytes),
	}
	if s.watcher, err = watch.New(watch.Options{Ignore: s.ignore, Quiet: quiet, Poll: o.Poll, Stir: s.gate.stir}); err != nil {
		return err
	}
	if err := s.watcher.Add(o.Project); err != nil {
		return errors.Join(err, s.watcher.Close())
	}
	s.gate.begin(0)
	front, err := s.listen()
	if err != nil {
		return errors.Join(err, s.watcher.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	batches, failed := make(chan watch.Batch), make(chan error, 2)
	running.Go(func() {
		if err := s.watcher.Run(ctx, batches); err != nil {
			failed <- err
		}
	})
	running.Go(func() {
		if err := front.serve(); err != nil {
			failed <- err
		}
	})
	err = s.loop(ctx, batches, failed)
	cancel()
	front.close()
	running.Wait()
	s.retired.Wait()
	return err
}

// An outcome is what came of a build.
type outcome struct {
	target *target // the new program, or the old one where nothing has changed
	err    error
	plan   Plan
	took   time.Duration
	began  time.Time
}

// loop builds, and starts what was built, whenever there is a reason to.
func (s *server) loop(ctx context.Context, batches <-chan watch.Batch, failed <-chan error) error {
	var (
		outcomes = make(chan outcome, 1)
		stop     context.CancelFunc // of the build under way, or nil
		looking  = func() {}        // stops to ask what the program is made of
		sources  = make(chan found, 1)
		current  *target
		running  time.Time     // when the build of the program that runs began, zero while there is another or it failed
		served   bool          // there has been a program
		delay    time.Duration // before the program starts again
		retry    = time.NewTimer(time.Hour)
		died     <-chan struct{}
		printed  string
		routes   []Route // of the last program
	)
	retry.Stop()
	defer retry.Stop()
	abandon := func() {
		if s.sources.Load() != nil { // what is not known at all is worth the wait
			looking()
		}
		if stop == nil {
			return
		}
		stop()
		if o := <-outcomes; o.target != nil && o.target != current {
			o.target.Kill()
		}
		stop = nil
	}
	begin := func(stirs int) {
		s.gate.begin(stirs)
		s.settled.Store(false)
		running = time.Time{}
		abandon()
		retry.Stop()
		var building context.Context
		building, stop = context.WithCancel(ctx)
		old := current
		go func() { outcomes <- s.build(building, old) }()
	}
	defer func() {
		if current != nil { // which may be stubborn, so the rest ends beside
			current.transport.CloseIdleConnections()
			s.retired.Go(current.Kill)
		}
		looking()
		abandon()
	}()
	begin(0)
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-failed:
			return err
		case batch := <-batches:
			for _, name := range []string{"fngen.toml", "redwood.toml"} {
				if slices.Contains(batch.Paths, filepath.Join(s.Project, name)) {
					s.note("%s has changed: start fngen dev again for it to count", name)
				}
			}
			delay = 0
			begin(batch.Stirs)
		case <-retry.C:
			begin(0)
		case <-died:
			if stop != nil { // a newer one is on its way
				died = nil
				continue
			}
			if time.Since(current.started) > 10*time.Second {
				delay = 0
			}
			s.note("the program ended (%s) and starts again", ended(current.Err()))
			current, died = nil, nil
			s.gate.begin(0)
			retry.Reset(delay)
			delay = min(max(2*delay, 100*time.Millisecond), 10*time.Second)
		case o := <-outcomes:
			stop()
			stop = nil
			for _, note := range o.plan.Notes {
				s.once(note)
			}
			if o.plan.Package != "" { // also of one that fails: a file that it lacks may be no Go file
				looking()
				looking = s.look(ctx, o.plan, o.began, sources)
			}
			if errors.Is(o.err, exec.ErrNotFound) {
				return o.err // no go command: nothing will ever be built
			}
			if o.err != nil {
				s.gate.finish(current, o.err)
				if text := o.err.Error(); text != printed {
					printed = text
					s.print(s.Stderr, text+"\n")
				}
				if errors.As(o.err, new(*instance.EndedError)) { // such as one that waits for its database
					delay = min(max(2*delay, 100*time.Millisecond), 10*time.Second)
					retry.Reset(delay)
				}
				continue
			}
			switch {
			case o.target != current:
				s.ready(o, !served, routes)
			case printed != "":
				s.print(s.Stdout, "it builds again\n")
			}
			printed, routes = "", o.target.plan.Routes
			running, served = o.began, true
			current, died = o.target, o.target.Done()
			if old := s.gate.finish(current, nil); old != nil && old != current {
				s.retired.Go(func() { s.retire(ctx, old) })
			}
		case f := <-sources:
			changed, err := s.found(f)
			switch {
			case ctx.Err() != nil: // then nothing can be watched
				return nil
			case err != nil:
				return err
			case changed:
				begin(0)
			default:
				s.settled.Store(f.began.Equal(running))
			}
		}
	}
}

// retire ends a program that was replaced, at once when all ends.
func (s *server) retire(ctx context.Context, old *target) {
	stop := context.AfterFunc(ctx, old.Kill)
	defer stop()
	old.retire(drain)
}

// build builds the functions as they are and starts the program, unless it is the one that runs.
func (s *server) build(ctx context.Context, old *target) outcome {
	o := outcome{began: time.Now()}
	fail := func(err error) outcome {
		o.err = err
		return o
	}
	plan, err := s.Plan()
	o.plan = plan
	if err == nil {
		err = plan.Overlay.Build(ctx, s.binary, plan.Package)
	}
	if err != nil {
		text := err.Error()
		if broken := (*program.BuildError)(nil); errors.As(err, &broken) {
			text = broken.Output
			if plan.Explain != nil {
				text = plan.Explain(text)
			}
		}
		what := "the functions do not build"
		if errors.As(err, new(*dotenv.Error)) {
			what = "the functions' environment cannot be read"
		}
		if plan.Package != "" && len(plan.Routes) == 0 { // a new module lacks what the first one brings
			what = "there are no functions yet, fngen function NAME writes one"
		}
		select { // what is saved may be half a file yet, of which nobody wants to be told
		case <-ctx.Done():
		case <-time.After(hasty - time.Since(o.began)):
		}
		return fail(&brokenError{what, text, err})
	}
	binary, err := os.Stat(s.binary)
	if err != nil {
		return fail(err)
	}
	if old != nil && os.SameFile(binary, old.binary) && slices.Equal(plan.Environ, old.plan.Environ) {
		select {
		case <-old.Done():
		default:
			o.target = old
			return o
		}
	}
	args := append(slices.Clone(s.Args), "-dev")
	if s.PublicURL != "" {
		args = append(args, "-public-url", s.PublicURL)
	}
	argv := []string{s.binary}
	if s.Under != nil {
		argv = s.Under(s.binary)
		if old != nil { // they would be in each other's way
			old.Kill()
		}
	}
	i, err := instance.Start(ctx, instance.Command{
		Argv: argv, Args: args, Dir: s.Project, Environ: plan.Environ,
		Stdout: s.Stderr, Stderr: s.Stderr, Grace: 300 * time.Millisecond,
	})
	if err != nil {
		return fail(&brokenError{"the functions do not start", err.Error(), err})
	}
	o.target, o.took = newTarget(i, plan, binary), time.Since(o.began)
	return o
}

// found is what a program is made of.
type found struct {
	sources *program.Sources
	began   time.Time // when it was built
}

// look asks what the program is made of, when there is nothing else to do. The function that it
// returns stops that.
func (s *server) look(ctx context.Context, plan Plan, began time.Time, to chan<- found) context.CancelFunc {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if s.sources.Load() != nil {
			select {
			case <-ctx.Done():
				return
			case <-time.After(lazily):
			}
		}
		sources, err := plan.Overlay.Sources(ctx, plan.Package)
		if err != nil {
			return // what was known stays
		}
		select {
		case <-ctx.Done():
		case to <- found{sources, began}:
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}

// found notes what the program is made of, and watches what of it is not watched yet, such as what is outside the project.
// It tells whether something has changed since the program was built that did not count then.
func (s *server) found(f found) (changed bool, err error) {
	before := s.sources.Swap(f.sources)
	outside := func(path string) bool { return !strings.HasPrefix(path, s.Project+string(filepath.Separator)) }
	for _, dir := range f.sources.Dirs {
		if err := s.watcher.Add(dir); err != nil {
			return false, err
		}
	}
	files := f.sources.Files()
	s.watcher.Learn(files)
	return slices.ContainsFunc(files, func(file string) bool {
		if strings.HasSuffix(file, ".go") && !outside(file) || before != nil && before.Has(file) {
			return false
		}
		info, err := os.Stat(file)
		return err == nil && info.ModTime().After(f.began)
	}), nil
}

// ignore tells what is no reason to build: what the program is not made of.
func (s *server) ignore(path string, isDir bool) bool {
	if watch.Ignored(path, isDir) {
		return true
	}
	if isDir {
		return false
	}
	name := filepath.Base(path)
	switch {
	case slices.Contains([]string{"go.mod", "go.sum", "go.work", "go.work.sum"}, name):
		return false
	case slices.Contains(append(dotenv.For("development"), "fngen.toml", "redwood.toml"), name):
		return filepath.Dir(path) != s.Project
	}
	sources := s.sources.Load()
	if strings.HasSuffix(name, ".go") && (!s.settled.Load() || s.isNew(path)) {
		return strings.HasSuffix(name, "_test.go")
	}
	return sources == nil || !sources.Has(path)
}

// isNew tells whether a path is below the functions, where a file may make a new one.
func (s *server) isNew(path string) bool {
	rel, err := filepath.Rel(s.Functions, path)
	return err == nil && filepath.IsLocal(rel)
}

// ready says that there is a program, and which functions have come and gone.
func (s *server) ready(o outcome, first bool, before []Route) {
	if first {
		if len(o.target.plan.Routes) == 0 {
			s.note("there are no functions yet\nhint: fngen function NAME")
		}
		for _, r := range o.target.plan.Routes {
			s.print(s.Stdout, "  /"+r.Name+"\n")
		}
		s.print(s.Stdout, fmt.Sprintf("ready in %s\n", seconds(o.took)))
		return
	}
	for _, r := range before {
		if !slices.ContainsFunc(o.target.plan.Routes, func(other Route) bool { return other.Name == r.Name }) {
			s.print(s.Stdout, "- /"+r.Name+"\n")
		}
	}
	for _, r := range o.target.plan.Routes {
		if !slices.ContainsFunc(before, func(other Route) bool { return other.Name == r.Name }) {
			s.print(s.Stdout, "+ /"+r.Name+"\n")
		}
	}
	s.print(s.Stdout, fmt.Sprintf("reloaded in %s\n", seconds(o.took)))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func (s *server) print(to io.Writer, text string) {
	s.out.Lock()
	defer s.out.Unlock()
	_, _ = io.WriteString(to, text)
}

func (s *server) note(format string, args ...any) {
	s.print(s.Stderr, "fngen: note: "+fmt.Sprintf(format, args...)+"\n")
}

// once says something that is said once.
func (s *server) once(text string) {
	if _, said := s.noted.LoadOrStore(text, true); !said {
		s.note("%s", text)
	}
}

func ended(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// A brokenError says why there is no program of the files as they are.
type brokenError struct {
	what, text string
	err        error
}

func (e *brokenError) Error() string { return "fngen: " + e.what + ":\n" + strings.TrimSpace(e.text) }
func (e *brokenError) Unwrap() error { return e.err }
