package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/term"

	"github.com/fngen/fngen/internal/dotenv"
	"github.com/fngen/fngen/internal/gotest"
	"github.com/fngen/fngen/internal/process"
	"github.com/fngen/fngen/internal/watch"
)

// A session is fngen test --watch. What happens comes to its loop, one thing after
// the other, and nothing else touches it.
type session struct {
	tester
	watcher   *watch.Watcher
	functions []gotest.Function // those that the command names, as they are now
	graph     *gotest.Graph     // nil where it is not known: then anything touches everything
	failed    set               // functions, as all below
	running   set
	waiting   set // to run next
	last      set // which ran last
	cancel    context.CancelFunc
	ended     chan outcome
}

// A set of functions, by name.
type set map[string]bool

// An outcome is what a run came to.
type outcome struct {
	report *gotest.Report
	err    error
}

// watch runs tests until somebody quits, which is no error.
func (t tester) watch(ctx context.Context) error {
	functions, err := t.functions()
	if err != nil {
		return err
	}
	// What would end the program at once must not, until the terminal is as it was.
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGQUIT)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()

	vendor := filepath.Join(t.project.Dir, "vendor")
	watcher, err := watch.New(watch.Options{Ignore: func(path string, isDir bool) bool {
		return path == vendor || watch.Ignored(path, isDir)
	}})
	if err != nil {
		return err
	}
	if err := watcher.Add(t.project.Dir); err != nil {
		return errors.Join(err, watcher.Close())
	}
	batches, broken := make(chan watch.Batch), make(chan error, 1)
	go func() { broken <- watcher.Run(ctx, batches) }()

	w := t.w
	keys, restore, err := keyboard(&w)
	if err != nil {
		return err
	}
	defer restore()
	t.w = w
	if len(functions) == 0 {
		fmt.Fprintf(w.Stderr, "fngen: note: no functions in %s yet\nhint: fngen function NAME\n", t.project.Functions)
	}

	s := session{tester: t, watcher: watcher, functions: functions, failed: set{}, ended: make(chan outcome, 1)}
	graphs := make(chan *gotest.Graph, 1)
	go func() { graphs <- t.list(ctx, functions) }()
	s.start(ctx, s.all())
	for {
		select {
		case <-ctx.Done():
			s.stop()
			return nil
		case err := <-broken:
			s.stop()
			return err
		case graph := <-graphs:
			if err := s.use(graph); err != nil {
				s.stop()
				return err
			}
			graphs = nil
		case batch := <-batches:
			if graphs != nil { // the first one, which is on its way
				s.graph, graphs = <-graphs, nil
			}
			if err := s.changed(ctx, batch); err != nil {
				s.stop()
				return err
			}
		case key, ok := <-keys:
			if !ok {
				keys = nil
			} else if s.press(key) {
				s.stop()
				return nil
			}
		case o := <-s.ended:
			s.end(o)
			if keys != nil && len(s.waiting) == 0 {
				fmt.Fprint(w.Stderr, "\nWatching.  a: all  f: failed only  Enter: again  q: quit\n")
			}
		}
		if s.running == nil && len(s.waiting) > 0 {
			s.start(ctx, s.waiting)
		}
	}
}

func (s *session) all() set {
	all := set{}
	for _, f := range s.functions {
		all[f.Name] = true
	}
	return all
}

// start runs the tests of functions, of which some may be gone.
func (s *session) start(ctx context.Context, names set) {
	s.waiting = nil
	var functions []gotest.Function
	for _, f := range s.functions {
		if names[f.Name] {
			functions = append(functions, f)
		}
	}
	if len(functions) == 0 {
		return
	}
	if s.last != nil && !s.o.json {
		fmt.Fprintln(s.w.Stdout)
	}
	s.running, s.last = names, names
	ctx, s.cancel = context.WithCancel(ctx)
	t := s.tester
	go func() {
		report, err := t.run(ctx, functions)
		s.ended <- outcome{report, err}
	}()
}

// next has functions run as soon as what runs now has been interrupted.
func (s *session) next(names set) {
	s.waiting = names
	if s.running != nil {
		s.cancel()
	}
}

// stop ends what runs, and waits for it.
func (s *session) stop() {
	if s.running != nil {
		s.cancel()
		<-s.ended
	}
}

func (s *session) end(o outcome) {
	s.cancel()
	var failed exitError
	isDone := o.err == nil || errors.As(o.err, &failed)
	for name := range s.running {
		status := gotest.Unfinished
		if o.report != nil {
			status = o.report.Status(name)
		}
		if status != gotest.Unfinished || isDone {
			s.failed[name] = status == gotest.Failed || status == gotest.Unfinished && o.err != nil
		}
	}
	s.running = nil
	if !isDone && !errors.Is(o.err, context.Canceled) {
		report(s.w.Stderr, o.err)
	}
}

// press does what a key is for, and tells whether that is to quit.
func (s *session) press(key byte) bool {
	const ctrlC, ctrlD = 3, 4
	switch key {
	case 'q', 'Q', ctrlC, ctrlD:
		return true
	case 'a', 'A':
		s.next(s.all())
	case 'f', 'F':
		failed := s.all()
		maps.DeleteFunc(failed, func(name string, _ bool) bool { return !s.failed[name] })
		if len(failed) == 0 {
			fmt.Fprintln(s.w.Stderr, "No tests failed.")
			break
		}
		s.next(failed)
	case '\r', '\n':
		s.next(s.last)
	}
	return false
}

// changed runs the tests that files can touch, and again those that it interrupts for them.
func (s *session) changed(ctx context.Context, batch watch.Batch) error {
	before, old := s.all(), s.graph
	functions, err := s.tester.functions()
	var usage usageError
	switch {
	case errors.As(err, &usage): // what the command names is gone, and may come again
		functions = nil
	case err != nil:
		report(s.w.Stderr, err)
		return nil
	}
	s.functions = functions
	everything := batch.Lost || old == nil || slices.ContainsFunc(batch.Paths, s.isSetting)
	stale := everything || slices.ContainsFunc(batch.Paths, func(file string) bool {
		return filepath.Ext(file) == ".go" || !old.Knows(file)
	})
	if stale && len(functions) > 0 {
		if err := s.use(s.list(ctx, functions)); err != nil {
			return err
		}
	}
	touched := set{}
	for name := range s.all() {
		if everything || s.graph == nil || !before[name] {
			touched[name] = true
		}
	}
	if len(functions) > 0 {
		owners := gotest.NewReport(module(functions, s.project.Functions), functions, false)
		for _, file := range batch.Paths {
			for _, graph := range []*gotest.Graph{old, s.graph} {
				if graph == nil {
					continue
				}
				for _, pkg := range graph.Touched(file) {
					for _, name := range owners.Owners(pkg) {
						touched[name] = true
					}
				}
			}
			if name := s.folder(file); s.all()[name] {
				touched[name] = true
			}
		}
	}
	if len(touched) == 0 {
		return nil
	}
	maps.Copy(touched, s.waiting)
	maps.Copy(touched, s.running)
	s.next(touched)
	return nil
}

// isSetting tells whether a file matters to all tests.
func (s *session) isSetting(file string) bool {
	name := filepath.Base(file)
	switch name {
	case "go.mod", "go.sum", "go.work", "go.work.sum":
		return true
	}
	return filepath.Dir(file) == s.project.Dir && slices.Contains(dotenv.For("test"), name)
}

// folder is the name of the function in whose folder a file is. Whatever is there can
// matter to its tests, Go or not.
func (s *session) folder(file string) string {
	rel, err := filepath.Rel(filepath.Join(s.project.Dir, filepath.FromSlash(s.project.Functions)), file)
	if err != nil {
		return ""
	}
	name, _, isBelow := strings.Cut(filepath.ToSlash(rel), "/")
	if !isBelow {
		return ""
	}
	return name
}

// use takes a graph for the current one, and watches what it has outside the project.
func (s *session) use(graph *gotest.Graph) error {
	s.graph = graph
	if graph == nil {
		return nil
	}
	for _, dir := range graph.Dirs() {
		if err := s.watcher.Add(dir); err != nil {
			return err
		}
	}
	return nil
}

// list asks the go command what the functions' tests depend on. It is nil where
// that cannot be told, for reasons that go test will give.
func (t tester) list(ctx context.Context, functions []gotest.Function) *gotest.Graph {
	if len(functions) == 0 {
		return nil
	}
	args := []string{"list", "-e", "-deps", "-test", "-json=" + gotest.GraphFields}
	cmd := t.goCommand(ctx, slices.Concat(args, gotest.ListFlags(t.o.flags), patterns(t.project.Functions, functions))...)
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

// keyboard gives keys as they are pressed, where somebody sits at a terminal; nothing else does. What goes to
// the terminal then needs carriage returns, so it changes the streams too.
func keyboard(w *World) (<-chan byte, func(), error) {
	if !isTerminal(w.Stdin) || !isTerminal(w.Stdout) {
		return nil, func() {}, nil
	}
	file := w.Stdin.(*os.File)
	state, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return nil, nil, fmt.Errorf("cannot read keys: %w", err)
	}
	w.Stdout = crlf{w.Stdout}
	if isTerminal(w.Stderr) {
		w.Stderr = crlf{w.Stderr}
	}
	keys := make(chan byte)
	go func() {
		defer close(keys)
		key := make([]byte, 1)
		for {
			if n, err := file.Read(key); n == 0 || err != nil {
				return
			}
			keys <- key[0] // it stays here when the session is over, which the program does not outlive for long
		}
	}()
	return keys, func() { _ = term.Restore(int(file.Fd()), state) }, nil
}

// crlf writes to a terminal that does not move to a line's start by itself.
type crlf struct{ to io.Writer }

func (w crlf) Write(p []byte) (int, error) {
	if _, err := w.to.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n"))); err != nil {
		return 0, err
	}
	return len(p), nil
}
