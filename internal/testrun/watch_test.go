package testrun

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/gotest"
	"github.com/fngen/fngen/internal/project"
	"github.com/fngen/fngen/internal/watch"
)

// A fakeRun is a run of tests that ends when the test says so.
type fakeRun struct {
	names []string
	flags []string // that select tests
	ctx   context.Context
	end   chan result
}

// complete ends the run with some functions failed.
func (f fakeRun) complete(failed ...string) {
	var functions []gotest.Function
	for _, name := range f.names {
		functions = append(functions, function(name))
	}
	report := gotest.NewReport("example.com/app", functions, false)
	for _, name := range f.names {
		status := gotest.Passed
		if slices.Contains(failed, name) {
			status = gotest.Failed
		}
		tests := []*gotest.Test{{Name: "T", Status: status}}
		report.Package(&gotest.Package{Path: function(name).Package, Status: status, Tests: tests})
	}
	var err error
	if len(failed) > 0 {
		err = &FailedError{1}
	}
	f.end <- result{report, err}
}

// interrupted ends the run as one that was interrupted.
func (f fakeRun) interrupted(t *testing.T) {
	t.Helper()
	assert.Error(t, f.ctx.Err(), "the run goes on")
	f.end <- result{nil, context.Canceled}
}

// A fakeSession is a session without a file system and without the go command.
type fakeSession struct {
	*session
	runs           chan fakeRun
	found          []gotest.Function
	findErr        error
	graph          string // as go list prints it; "" for none
	stdout, stderr bytes.Buffer
	reported       []error
	watched        []string
}

func function(name string) gotest.Function {
	const dir = "api/src/functions/"
	return gotest.Function{Name: name, Package: "example.com/app/" + dir + name, File: dir + name}
}

// listed is a package of a function that depends on others, as go list prints
// it.
func listed(name string, deps ...string) string {
	f := function(name)
	return `{"ImportPath":"` + f.Package + `","Dir":"/app/` + f.File + `","Deps":["` + strings.Join(deps, `","`) + `"]}`
}

const sharedPackage = `{"ImportPath":"example.com/app/shared","Dir":"/app/shared","DepOnly":true}`

// newFakeSession returns a session of the functions divide and orders, of which
// orders depends on the package shared.
func newFakeSession(t *testing.T) *fakeSession {
	t.Helper()
	if filepath.Separator != '/' {
		t.Skip("the paths are those of another system")
	}
	f := &fakeSession{
		runs:  make(chan fakeRun, 10),
		found: []gotest.Function{function("divide"), function("orders")},
		graph: sharedPackage + listed("divide") + listed("orders", "example.com/app/shared"),
	}
	p := &project.Project{Dir: "/app"}
	p.Functions = "api/src/functions"
	r := &Runner{Project: p, Stdout: &f.stdout, Stderr: &f.stderr}
	r.Report = func(err error) { f.reported = append(f.reported, err) }
	f.session = newSession(r, nil, f.found)
	f.find = func() ([]gotest.Function, error) { return f.found, f.findErr }
	f.watchDir = func(dir string) error {
		f.watched = append(f.watched, dir)
		return nil
	}
	f.load = func(context.Context, []gotest.Function) *gotest.Graph {
		if f.graph == "" {
			return nil
		}
		graph, err := gotest.ParseGraph(strings.NewReader(f.graph))
		require.NoError(t, err)
		return graph
	}
	f.run = func(ctx context.Context, functions []gotest.Function, chosen filter) (*gotest.Report, error) {
		run := fakeRun{ctx: ctx, flags: chosen.flags(), end: make(chan result)}
		for _, f := range functions {
			run.names = append(run.names, f.Name)
		}
		f.runs <- run
		result := <-run.end
		return result.report, result.err
	}
	require.NoError(t, f.setGraph(f.load(context.Background(), f.found)))
	f.firstGraph = nil
	return f
}

// startAll starts the session's first run.
func (f *fakeSession) startAll(t *testing.T) fakeRun {
	t.Helper()
	f.start(context.Background(), f.names())
	run := <-f.runs
	assert.Equal(t, []string{"divide", "orders"}, run.names)
	return run
}

// change handles a change of files.
func (f *fakeSession) change(t *testing.T, files ...string) {
	t.Helper()
	f.send(t, watch.Batch{Paths: files})
}

func (f *fakeSession) send(t *testing.T, batch watch.Batch) {
	t.Helper()
	go func() { f.batches <- batch }()
	f.stepOnce(t)
}

// stepOnce handles the next event.
func (f *fakeSession) stepOnce(t *testing.T) {
	t.Helper()
	done, err := f.step(context.Background())
	require.NoError(t, err)
	assert.False(t, done)
}

// wants checks that a run of these functions has started.
func (f *fakeSession) wants(t *testing.T, names ...string) fakeRun {
	t.Helper()
	select {
	case run := <-f.runs:
		assert.Equal(t, names, run.names)
		return run
	case <-time.After(time.Minute):
		t.Fatalf("no run of %v", names)
	}
	panic("unreachable")
}

func TestChanges(t *testing.T) {
	tests := []struct {
		name  string
		files []string
		lost  bool
		want  []string // functions that run
	}{
		{"source", []string{"/app/api/src/functions/divide/divide.go"}, false, []string{"divide"}},
		{"any file of the directory", []string{"/app/api/src/functions/divide/query.sql"}, false, []string{"divide"}},
		{"a file in a subdirectory", []string{"/app/api/src/functions/divide/a/b.txt"}, false, []string{"divide"}},
		{"dependency", []string{"/app/shared/shared.go"}, false, []string{"orders"}},
		{
			"two files", []string{"/app/shared/shared.go", "/app/api/src/functions/divide/x"}, false,
			[]string{"divide", "orders"},
		},
		{"go.mod", []string{"/app/go.mod"}, false, []string{"divide", "orders"}},
		{".env.test", []string{"/app/.env.test"}, false, []string{"divide", "orders"}},
		{".env of another environment", []string{"/app/.env.production"}, false, nil},
		{".env elsewhere", []string{"/app/shared2/.env"}, false, nil},
		{"unrelated", []string{"/app/README.md", "/app/other/other.go"}, false, nil},
		{"lost events", nil, true, []string{"divide", "orders"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newFakeSession(t)
			s.startAll(t).complete()
			s.stepOnce(t)
			s.send(t, watch.Batch{Paths: test.files, Lost: test.lost})
			if test.want == nil {
				assert.Nil(t, s.running)
				return
			}
			s.wants(t, test.want...).complete()
			s.stepOnce(t)
			assert.Nil(t, s.running)
		})
	}
}

func TestChangesInGroup(t *testing.T) {
	s := newFakeSession(t)
	s.startAll(t).complete()
	s.stepOnce(t)
	s.found = append([]gotest.Function{function("a/b")}, s.found...)
	s.graph += listed("a/b", "example.com/app/shared")
	s.change(t, "/app/api/src/functions/a/b/b.go")
	s.wants(t, "a/b").complete()
	s.stepOnce(t)
	s.change(t, "/app/shared/shared.go")
	s.wants(t, "a/b", "orders").complete()
	s.stepOnce(t)
	s.change(t, "/app/api/src/functions/a/b/testdata/in.json")
	s.wants(t, "a/b").complete()
	s.stepOnce(t)
	s.change(t, "/app/api/src/functions/a/README.md")
	assert.Nil(t, s.running)
	assert.Equal(t, "example.com/app", module(s.functions, s.Project.Functions))
}

func TestChangeInterruptsRun(t *testing.T) {
	s := newFakeSession(t)
	s.startAll(t).complete()
	s.stepOnce(t)
	s.change(t, "/app/api/src/functions/divide/divide.go")
	run := s.wants(t, "divide")
	s.change(t, "/app/shared/shared.go")
	run.interrupted(t)
	s.stepOnce(t)
	s.wants(t, "divide", "orders").complete() // the interrupted function runs again
	s.stepOnce(t)
	assert.Empty(t, s.reported)
}

// Both the graph before a change and the graph after it count.
func TestDependencyChanges(t *testing.T) {
	s := newFakeSession(t)
	s.startAll(t).complete()
	s.stepOnce(t)
	s.graph = sharedPackage + listed("divide", "example.com/app/shared") + listed("orders")
	s.change(t, "/app/shared/shared.go")
	s.wants(t, "divide", "orders").complete()
	s.stepOnce(t)
	s.change(t, "/app/shared/shared.go")
	s.wants(t, "divide").complete()
	s.stepOnce(t)
}

// If go list fails, every change affects every function.
func TestUnknownDependencies(t *testing.T) {
	s := newFakeSession(t)
	s.startAll(t).complete()
	s.stepOnce(t)
	s.graph = ""
	s.change(t, "/app/shared/shared.go")
	s.wants(t, "divide", "orders").complete()
	s.stepOnce(t)
	s.change(t, "/app/README.md")
	s.wants(t, "divide", "orders").complete()
	s.stepOnce(t)
}

func TestFunctionsComeAndGo(t *testing.T) {
	s := newFakeSession(t)
	s.startAll(t).complete()
	s.stepOnce(t)
	s.found = append(slices.Clone(s.found), function("thumbs"))
	s.graph += listed("thumbs")
	s.change(t, "/app/api/src/functions/thumbs/thumbs.go")
	s.wants(t, "thumbs").complete()
	s.stepOnce(t)

	s.found, s.findErr = nil, &NoMatchError{Name: "divide"}
	s.change(t, "/app/api/src/functions/divide/divide.go")
	assert.Nil(t, s.running)
	assert.Empty(t, s.reported, "the function may come back")

	s.found, s.findErr = []gotest.Function{function("divide")}, nil
	s.change(t, "/app/api/src/functions/divide/divide.go")
	s.wants(t, "divide").complete()
	s.stepOnce(t)

	s.findErr = errors.New("permission denied")
	s.change(t, "/app/go.mod")
	assert.Nil(t, s.running)
	assert.Equal(t, []error{s.findErr}, s.reported)
}

func TestKeys(t *testing.T) {
	s := newFakeSession(t)
	keys := make(chan byte)
	s.keys = keys
	press := func(key byte) {
		t.Helper()
		go func() { keys <- key }()
		s.stepOnce(t)
	}
	s.startAll(t).complete("orders")
	s.stepOnce(t)
	assert.Equal(t, "Running 2 functions …\n"+keysHelp, s.stderr.String())
	press('f')
	s.wants(t, "orders").complete()
	s.stepOnce(t)
	press('f')
	assert.Contains(t, s.stderr.String(), "No tests failed.\n")
	press('\r')
	s.wants(t, "orders").complete()
	s.stepOnce(t)
	press('a')
	run := s.wants(t, "divide", "orders")
	press('x')
	assert.NoError(t, run.ctx.Err(), "an unknown key does nothing")

	go func() { keys <- 'q' }()
	done, err := s.step(context.Background())
	require.NoError(t, err)
	assert.True(t, done)
	go run.complete()
	s.stop()
	assert.Error(t, run.ctx.Err())
}

// The user can choose functions and tests by typing.
func TestChoose(t *testing.T) {
	s := newFakeSession(t)
	keys := make(chan byte)
	s.keys = keys
	press := func(text string) {
		t.Helper()
		for _, key := range []byte(text) {
			go func() { keys <- key }()
			s.stepOnce(t)
		}
	}
	s.startAll(t).complete("divide")
	s.stepOnce(t)

	press("pqx\x7f\x7fORD\r") // q is a letter here
	run := s.wants(t, "orders")
	assert.Empty(t, run.flags)
	run.complete()
	s.stepOnce(t)
	assert.Contains(t, s.stderr.String(), "Running orders (functions \"ORD\") …\n")
	assert.NotContains(t, s.stderr.String(), "Still failing", "divide was not chosen")
	s.change(t, "/app/api/src/functions/divide/divide.go")
	assert.Empty(t, s.runs, "divide was not chosen")

	press("pnothing\r")
	require.Len(t, s.reported, 1)
	assert.ErrorContains(t, s.reported[0], "nothing")
	press("\x1b")
	press("t(\r")
	require.Len(t, s.reported, 2)
	assert.ErrorContains(t, s.reported[1], "not a pattern")
	press("\x7fTestIt/refuses\r") // the prompt remains
	run = s.wants(t, "orders")
	assert.Equal(t, []string{"-run", "TestIt/refuses"}, run.flags)
	run.complete()
	s.stepOnce(t)

	press("c")
	run = s.wants(t, "divide", "orders")
	assert.Empty(t, run.flags)
	run.complete("divide")
	s.stepOnce(t)
	press("?")
	assert.Contains(t, s.stderr.String(), allKeys)
	press("p")
	go func() { keys <- keyCtrlC }()
	done, err := s.step(context.Background())
	require.NoError(t, err)
	assert.True(t, done)
}

// A run says which save caused it, and what still fails.
func TestCauses(t *testing.T) {
	s := newFakeSession(t)
	s.startAll(t).complete("divide")
	s.stepOnce(t)
	s.change(t, "/app/shared/shared.go")
	s.wants(t, "orders").complete()
	s.stepOnce(t)
	assert.Equal(t, "shared/shared.go changed\nStill failing: divide\n", s.stderr.String())

	s.stderr.Reset()
	s.change(t, "/app/shared/shared.go", "/app/api/src/functions/divide/divide.go", "/other/x.go")
	s.wants(t, "divide", "orders").complete()
	s.stepOnce(t)
	assert.Equal(t, "shared/shared.go (and 2 more) changed\n", s.stderr.String())
}

// The debugger runs the tests of a function that failed. Anything else ends it.
func TestDebug(t *testing.T) {
	s := newFakeSession(t)
	keys := make(chan byte)
	s.keys = keys
	press := func(key byte) {
		t.Helper()
		go func() { keys <- key }()
		s.stepOnce(t)
	}
	debugged := make(chan string, 1)
	s.runDebugger = func(ctx context.Context, f gotest.Function, _ filter) error {
		debugged <- f.Name
		<-ctx.Done()
		return ctx.Err()
	}
	s.startAll(t).complete("orders")
	s.stepOnce(t)
	press('d')
	assert.Equal(t, "orders", <-debugged)
	press('a')
	s.stepOnce(t)
	s.wants(t, "divide", "orders").complete()
	s.stepOnce(t)
	press('d')
	assert.Equal(t, "divide", <-debugged, "nothing failed")
	s.stop()
	assert.Empty(t, s.reported)
}

func TestFailuresAreRecorded(t *testing.T) {
	s := newFakeSession(t)
	run := s.startAll(t)
	run.complete("divide")
	s.stepOnce(t)
	assert.Equal(t, set{"divide": true, "orders": false}, s.failed)

	// An error that is not a failed test is reported, and changes nothing.
	s.start(context.Background(), s.names())
	run = s.wants(t, "divide", "orders")
	failure := errors.New("exec: no go command")
	run.end <- result{nil, failure}
	s.stepOnce(t)
	assert.Equal(t, []error{failure}, s.reported)
	assert.Equal(t, set{"divide": true, "orders": false}, s.failed)

	// If go test fails without naming a function, all may have failed.
	s.start(context.Background(), s.names())
	s.wants(t, "divide", "orders").end <- result{nil, &FailedError{2}}
	s.stepOnce(t)
	assert.Equal(t, []string{"divide", "orders"}, slices.Sorted(maps.Keys(s.failed)))
	assert.True(t, s.failed["orders"])
}

func TestWatchEnds(t *testing.T) {
	s := newFakeSession(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	done, err := s.step(ctx)
	assert.NoError(t, err)
	assert.True(t, done)

	failure := errors.New("too many open files")
	s.watchErr <- failure
	done, err = s.step(context.Background())
	assert.ErrorIs(t, err, failure)
	assert.True(t, done)
}

func TestWatchesDependencies(t *testing.T) {
	s := newFakeSession(t)
	assert.Contains(t, s.watched, "/app/shared")
	assert.NoError(t, s.setGraph(nil))
}
