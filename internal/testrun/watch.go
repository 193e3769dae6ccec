package testrun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fngen/fngen/internal/dotenv"
	"github.com/fngen/fngen/internal/gotest"
	"github.com/fngen/fngen/internal/process"
	"github.com/fngen/fngen/internal/project"
	"github.com/fngen/fngen/internal/watch"
)

// Watch runs the tests, and runs them again whenever a file changes that they
// depend on, until ctx is done or the user presses q; neither is an error. keys
// are the pressed keys, nil without a terminal.
func (r *Runner) Watch(ctx context.Context, keys <-chan byte) error {
	functions, _, err := r.functions()
	if err != nil {
		return err
	}
	if len(functions) == 0 {
		none := &project.NoFunctionsError{Dir: r.Project.Functions}
		r.Note(none.Error()+" yet", none.Hint())
	}
	watcher, err := r.newWatcher()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := newSession(r, watcher, functions)
	s.keys = keys
	go func() { s.watchErr <- watcher.Run(ctx, s.batches) }()
	go func() { s.firstGraph <- r.graph(ctx, functions) }()
	defer s.stop()
	s.start(ctx, s.names())
	for {
		if done, err := s.step(ctx); done || err != nil {
			return err
		}
	}
}

// newWatcher returns a watcher of the project's files.
func (r *Runner) newWatcher() (*watch.Watcher, error) {
	vendor := filepath.Join(r.Project.Dir, "vendor")
	watcher, err := watch.New(watch.Options{Ignore: func(path string, isDir bool) bool {
		return path == vendor || watch.Ignored(path, isDir)
	}})
	if err != nil {
		return nil, err
	}
	if err := watcher.Add(r.Project.Dir); err != nil {
		return nil, errors.Join(err, watcher.Close())
	}
	return watcher, nil
}

// graph asks the go command what the functions' tests depend on. It returns nil
// if the go command fails. go test then reports the reason.
func (r *Runner) graph(ctx context.Context, functions []gotest.Function) *gotest.Graph {
	if len(functions) == 0 {
		return nil
	}
	args := []string{"list", "-e", "-deps", "-test", "-json=" + gotest.GraphFields}
	cmd := r.goCommand(ctx, slices.Concat(args, gotest.ListFlags(r.Flags), patterns(r.Project.Functions, functions))...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, nil
	if err := process.Run(ctx, cmd); err != nil {
		return nil
	}
	graph, err := gotest.ParseGraph(&out)
	if err != nil {
		return nil
	}
	return graph
}

// A session is the state of Watch. Only the goroutine that calls step uses it;
// others send to its channels.
type session struct {
	*Runner
	functions []gotest.Function // those that the names match, as of the last change
	deps      *gotest.Graph     // nil if unknown: then any change affects every function

	failed  set // functions whose last run failed
	running set // nil if nothing runs
	pending set // functions to run next
	last    set // functions of the last run
	cancel  context.CancelFunc

	filter filter   // what the user chose with keys
	prompt *prompt  // the text that the user is typing, or nil
	causes []string // changed files, for which the pending functions run
	debug  string   // the function to debug next, or ""

	keys       <-chan byte
	batches    chan watch.Batch
	watchErr   chan error
	firstGraph chan *gotest.Graph // set to nil once received
	results    chan result

	// Replaced by tests.
	run         func(context.Context, []gotest.Function, filter) (*gotest.Report, error)
	runDebugger func(context.Context, gotest.Function, filter) error
	find        func() ([]gotest.Function, error)
	load        func(context.Context, []gotest.Function) *gotest.Graph
	watchDir    func(dir string) error
}

// A set holds names of functions.
type set map[string]bool

// A result is the result of a run of tests.
type result struct {
	report *gotest.Report
	err    error
}

func newSession(r *Runner, watcher *watch.Watcher, functions []gotest.Function) *session {
	return &session{
		Runner: r, functions: functions, failed: set{},
		batches: make(chan watch.Batch), watchErr: make(chan error, 1),
		firstGraph: make(chan *gotest.Graph, 1), results: make(chan result, 1),
		run: r.test, runDebugger: r.debugger, load: r.graph, watchDir: watcher.Add,
		find: func() ([]gotest.Function, error) {
			functions, _, err := r.functions()
			return functions, err
		},
	}
}

// step waits for one event, handles it, and starts the next run if one is
// pending. It reports whether the session is over.
func (s *session) step(ctx context.Context) (done bool, err error) {
	select {
	case <-ctx.Done():
		return true, nil
	case err := <-s.watchErr:
		return true, err
	case graph := <-s.firstGraph:
		s.firstGraph = nil
		err = s.setGraph(graph)
	case batch := <-s.batches:
		if s.firstGraph != nil {
			err, s.firstGraph = s.setGraph(<-s.firstGraph), nil
		}
		if err == nil {
			err = s.changed(ctx, batch)
		}
	case key, ok := <-s.keys:
		if !ok {
			s.keys = nil
		} else if s.press(ctx, key) {
			return true, nil
		}
	case result := <-s.results:
		s.record(result)
		s.printStillFailing()
		if s.keys != nil && len(s.pending) == 0 {
			fmt.Fprint(s.Stderr, keysHelp)
		}
	}
	switch {
	case err != nil || s.running != nil:
	case len(s.pending) > 0:
		s.start(ctx, s.pending)
	case s.debug != "":
		s.startDebugger(ctx)
	}
	return false, err
}

// names returns the names of all functions that the user has chosen.
func (s *session) names() set {
	all := set{}
	for _, f := range s.functions {
		if s.filter.function == "" || matches(f, s.filter.function) {
			all[f.Name] = true
		}
	}
	return all
}

// start runs the tests of those of the named functions that still exist.
func (s *session) start(ctx context.Context, names set) {
	s.pending = nil
	var functions []gotest.Function
	for _, f := range s.functions {
		if names[f.Name] {
			functions = append(functions, f)
		}
	}
	if len(functions) == 0 {
		return
	}
	s.printStart(functions)
	s.running, s.last = names, names
	ctx, s.cancel = context.WithCancel(ctx)
	go func() {
		report, err := s.run(ctx, functions, s.filter)
		s.results <- result{report, err}
	}()
}

// printStart prints what is run, and why.
func (s *session) printStart(functions []gotest.Function) {
	switch {
	case s.keys != nil && s.Clear:
		fmt.Fprint(s.Stdout, "\x1b[H\x1b[2J\x1b[3J") // to the top, clear the screen and what scrolled out of it
	case s.last != nil && !s.JSON:
		fmt.Fprintln(s.Stdout)
	}
	if len(s.causes) > 0 {
		text := s.causes[0]
		if more := len(s.causes) - 1; more > 0 {
			text += fmt.Sprintf(" (and %d more)", more)
		}
		fmt.Fprintln(s.Stderr, text+" changed")
	}
	s.causes = nil
	if s.keys == nil {
		return
	}
	what := fmt.Sprintf("%d functions", len(functions))
	if len(functions) == 1 {
		what = functions[0].Name
	}
	if chosen := s.filter.String(); chosen != "" {
		what += " (" + chosen + ")"
	}
	fmt.Fprintf(s.Stderr, "Running %s …\n", what)
}

// printStillFailing prints the functions that failed in an earlier run than the
// last one.
func (s *session) printStillFailing() {
	var names []string
	for name := range s.names() {
		if s.failed[name] && !s.last[name] {
			names = append(names, name)
		}
	}
	if len(names) > 0 && len(s.pending) == 0 && !s.JSON {
		slices.Sort(names)
		fmt.Fprintf(s.Stderr, "Still failing: %s\n", strings.Join(names, ", "))
	}
}

// schedule makes names the next functions to run, and interrupts the current
// run.
func (s *session) schedule(names set) {
	s.pending, s.debug = names, ""
	if s.running != nil {
		s.cancel()
	}
}

// stop interrupts the current run and waits for its end.
func (s *session) stop() {
	if s.running != nil {
		s.cancel()
		<-s.results
	}
}

// record records the result of the current run, which has ended.
func (s *session) record(r result) {
	s.cancel()
	var failed *FailedError
	complete := r.err == nil || errors.As(r.err, &failed)
	for name := range s.running {
		status := gotest.Unfinished
		if r.report != nil {
			status = r.report.Status(name)
		}
		if status != gotest.Unfinished || complete {
			s.failed[name] = status == gotest.Failed || status == gotest.Unfinished && r.err != nil
		}
	}
	s.running = nil
	if !complete && !errors.Is(r.err, context.Canceled) {
		s.Report(r.err)
	}
}

// changed schedules the functions that changed files affect. A run that it
// interrupts is included.
func (s *session) changed(ctx context.Context, batch watch.Batch) error {
	functions, err := s.find()
	var noMatch *NoMatchError
	if errors.As(err, &noMatch) {
		functions = nil // the function was removed, and may come back
	} else if err != nil {
		s.Report(err)
		return nil
	}
	before, oldDeps := s.names(), s.deps
	s.functions = functions
	all := batch.Lost || oldDeps == nil || slices.ContainsFunc(batch.Paths, s.affectsAll)
	outdated := all || slices.ContainsFunc(batch.Paths, func(file string) bool {
		return filepath.Ext(file) == ".go" || !oldDeps.Knows(file)
	})
	if outdated && len(functions) > 0 {
		if err := s.setGraph(s.load(ctx, functions)); err != nil {
			return err
		}
	}
	affected := set{}
	for name := range s.names() {
		if all || s.deps == nil || !before[name] {
			affected[name] = true
		}
	}
	// A change can remove a dependency or add one, so both graphs count.
	s.addAffected(affected, batch.Paths, oldDeps, s.deps)
	if len(affected) == 0 {
		return nil
	}
	maps.Copy(affected, s.pending)
	maps.Copy(affected, s.running)
	s.addCauses(batch.Paths)
	s.schedule(affected)
	return nil
}

// addCauses records the changed files that the next run is for.
func (s *session) addCauses(files []string) {
	for _, file := range files {
		if rel, err := filepath.Rel(s.Project.Dir, file); err == nil {
			file = filepath.ToSlash(rel)
		}
		if !slices.Contains(s.causes, file) {
			s.causes = append(s.causes, file)
		}
	}
}

// addAffected adds to affected the functions that the user has chosen and that
// depend on one of files.
func (s *session) addAffected(affected set, files []string, graphs ...*gotest.Graph) {
	if len(s.functions) == 0 {
		return
	}
	report, chosen := gotest.NewReport(module(s.functions, s.Project.Functions), s.functions, false), s.names()
	add := func(name string) {
		if chosen[name] {
			affected[name] = true
		}
	}
	for _, file := range files {
		for _, graph := range graphs {
			if graph == nil {
				continue
			}
			for _, pkg := range graph.Affected(file) {
				for _, name := range report.Owners(pkg) {
					add(name)
				}
			}
		}
		// A test can read any file of its function's directory.
		add(s.owner(file))
	}
}

// affectsAll reports whether a file affects the tests of every function.
func (s *session) affectsAll(file string) bool {
	name := filepath.Base(file)
	switch name {
	case "go.mod", "go.sum", "go.work", "go.work.sum":
		return true
	}
	return filepath.Dir(file) == s.Project.Dir && slices.Contains(dotenv.For("test"), name)
}

// owner returns the name of the function whose directory contains file, or ""
// if there is none.
func (s *session) owner(file string) string {
	rel, err := filepath.Rel(filepath.Join(s.Project.Dir, filepath.FromSlash(s.Project.Functions)), file)
	if err != nil {
		return ""
	}
	for dir := path.Dir(filepath.ToSlash(rel)); dir != "."; dir = path.Dir(dir) {
		if slices.ContainsFunc(s.functions, func(f gotest.Function) bool { return f.Name == dir }) {
			return dir
		}
	}
	return ""
}

// setGraph replaces the dependency graph and watches its directories, some of
// which may be outside the project.
func (s *session) setGraph(graph *gotest.Graph) error {
	s.deps = graph
	if graph == nil {
		return nil
	}
	for _, dir := range graph.Dirs() {
		if err := s.watchDir(dir); err != nil {
			return err
		}
	}
	return nil
}
