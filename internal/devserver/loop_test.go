package devserver

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/devpage"
	"github.com/fngen/fngen/internal/dotenv"
	"github.com/fngen/fngen/internal/instance"
	"github.com/fngen/fngen/internal/overlay"
	"github.com/fngen/fngen/internal/watch"
	"github.com/fngen/fngen/templates/runtime/route"
)

// runLoop runs a loop of a project at /project whose programs load returns, and
// returns its batches and the error that it ends with.
func runLoop(ctx context.Context, s *server, load func() (Program, error)) (chan<- watch.Batch, <-chan error) {
	s.Project, s.Load = "/project", load
	s.gate.startBuild(0)
	batches, failed, done := make(chan watch.Batch), make(chan error), make(chan error, 1)
	s.page = devpage.New(devpage.Options{})
	go func() { done <- newLoop(s).run(ctx, batches, failed) }()
	return batches, done
}

// While the functions do not build, the error is the response to requests, which
// is printed once. Changes of the configuration are noted.
func TestLoopBuildFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			stderr strings.Builder
			notes  []string
			mu     sync.Mutex
			err    = errors.New("a.go:1: x")
		)
		s := &server{Options: Options{Stderr: &stderr, Note: func(message, _ string) { notes = append(notes, message) }}}
		ctx, cancel := context.WithCancel(t.Context())
		batches, done := runLoop(ctx, s, func() (Program, error) {
			mu.Lock()
			defer mu.Unlock()
			return Program{Notes: []string{"skipping tool"}}, err
		})
		detail := func() string {
			_, err := s.gate.acquire(ctx, time.Minute)
			var broken *brokenError
			require.ErrorAs(t, err, &broken)
			assert.Equal(t, "the functions do not build", broken.title)
			return broken.detail
		}
		assert.Equal(t, "a.go:1: x", detail())

		s.gate.eventReceived()
		batches <- watch.Batch{Paths: []string{filepath.FromSlash("/project/fngen.toml")}, Events: 1}
		assert.Equal(t, "a.go:1: x", detail())
		mu.Lock()
		err = errors.New("a.go:2: y")
		mu.Unlock()
		s.gate.eventReceived()
		batches <- watch.Batch{Paths: []string{filepath.FromSlash("/project/api/fngen.toml")}, Events: 1}
		assert.Equal(t, "a.go:2: y", detail())

		cancel()
		require.NoError(t, <-done)
		const title = "fngen: the functions do not build:\n"
		assert.Equal(t, title+"a.go:1: x\n"+title+"a.go:2: y\n", stderr.String())
		assert.Equal(t, []string{"skipping tool", "fngen.toml has changed: restart fngen dev to apply it"}, notes)
	})
}

// A change during a build starts another one, and only the result of the last
// one counts.
func TestLoopChangeDuringBuild(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stderr strings.Builder
		s := &server{Options: Options{Stderr: &stderr}}
		ctx, cancel := context.WithCancel(t.Context())
		results := make(chan error, 2)
		results <- errors.New("a.go:1: old")
		results <- errors.New("a.go:1: new")
		batches, done := runLoop(ctx, s, func() (Program, error) { return Program{}, <-results })
		time.Sleep(failureDelay / 2)
		batches <- watch.Batch{}
		_, err := s.gate.acquire(ctx, time.Minute)
		assert.ErrorContains(t, err, "a.go:1: new")
		cancel()
		require.NoError(t, <-done)
		assert.NotContains(t, stderr.String(), "old")
	})
}

// Errors that saving a file cannot repair end the loop.
func TestLoopEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, done := runLoop(t.Context(), &server{}, func() (Program, error) {
			return Program{}, &exec.Error{Name: "go", Err: exec.ErrNotFound}
		})
		assert.ErrorIs(t, <-done, exec.ErrNotFound)

		failed := make(chan error, 1)
		failed <- &watch.LimitError{Dir: "/project"}
		s := &server{Options: Options{Load: func() (Program, error) { return Program{}, errors.New("a.go:1: x") }}}
		s.page = devpage.New(devpage.Options{})
		err := newLoop(s).run(t.Context(), nil, failed)
		assert.ErrorAs(t, err, new(*watch.LimitError))
	})
}

// A program that keeps exiting is restarted with exponential backoff.
func TestLoopBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var notes []string
		l := newLoop(&server{Options: Options{Note: func(message, _ string) { notes = append(notes, message) }}})
		exit := func() time.Duration {
			l.current = newTarget(&instance.Instance{}, Program{}, nil)
			l.handleExit()
			assert.Nil(t, l.current)
			start := time.Now()
			<-l.restart.C
			return time.Since(start)
		}
		assert.Zero(t, exit())
		assert.Equal(t, 100*time.Millisecond, exit())
		assert.Equal(t, 200*time.Millisecond, exit())
		for range 10 {
			exit()
		}
		assert.Equal(t, 10*time.Second, exit())
		assert.Equal(t, "the functions' process exited (exit status 0) and is restarted", notes[0])

		l.current = newTarget(&instance.Instance{}, Program{}, nil)
		time.Sleep(11 * time.Second) // a program that ran for a while is restarted at once
		l.handleExit()
		start := time.Now()
		<-l.restart.C
		assert.Zero(t, time.Since(start))

		l.cancelBuild = func() {}
		l.handleExit()
		assert.False(t, l.restart.Stop(), "a build in progress replaces the program")
	})
}

func TestExplain(t *testing.T) {
	compile := &overlay.BuildError{Output: "main.go:1: x"}
	functions := []Function{function("divide")}
	for _, test := range []struct {
		name  string
		p     Program
		err   error
		title string
		text  string
	}{
		{"compile error", Program{Package: "p", Functions: functions}, compile, "the functions do not build", "main.go:1: x"},
		{
			"explained compile error",
			Program{Package: "p", Functions: functions, Explain: func(s string) string { return "divide: " + s }},
			compile, "the functions do not build", "divide: main.go:1: x",
		},
		{
			"no functions", Program{Package: "p"}, compile,
			"there are no functions yet (create one with fngen function NAME)", "main.go:1: x",
		},
		{
			"environment", Program{}, &dotenv.Error{File: ".env", Line: 2, Err: errors.New("x")},
			"the functions' environment cannot be read", ".env: line 2: x",
		},
		{"other error", Program{}, errors.New("x"), "the functions do not build", "x"},
	} {
		broken := (&server{}).explain(test.p, test.err)
		assert.Equal(t, test.title, broken.title, test.name)
		assert.Equal(t, test.text, broken.detail, test.name)
		assert.ErrorIs(t, broken, test.err, test.name)
	}
}

func TestProgramArgs(t *testing.T) {
	for want, o := range map[string]Options{
		"-timeout 15m":                              {},
		"-timeout 15m -aws-limits":                  {AWSLimits: true},
		"-timeout 0 -stream-timeout 0":              {AWSLimits: true, DebugPort: 2345},
		"-timeout 15m -public-url https://x.test/y": {PublicURL: "https://x.test/y"},
	} {
		s := &server{Options: o}
		assert.Equal(t, "-host 127.0.0.1 -port 0 -dev "+want, strings.Join(s.programArgs(), " "))
	}
}

// Files that cannot affect the program are ignored. Until its source files are
// known, all Go files count.
func TestIgnore(t *testing.T) {
	root := t.TempDir()
	s := &server{Options: Options{Project: root, Functions: filepath.Join(root, "api", "src", "functions")}}
	check := func(want map[string]bool) {
		t.Helper()
		for name, ignored := range want {
			assert.Equal(t, ignored, s.ignore(filepath.Join(root, filepath.FromSlash(name)), false), name)
		}
	}
	always := map[string]bool{
		"go.mod": false, "go.sum": false, "lib/go.mod": false, ".env": false, ".env.development": false, "fngen.toml": false,
		".env.production": true, "api/.env": true, "api/fngen.toml": true, "README.md": true, "api/src/lib/a_test.go": true,
		"api/src/functions/f/f.go": false, "api/src/functions/f/f_test.go": true, "api/src/lib/.a.go.swp": true,
	}
	check(always)
	check(map[string]bool{"api/src/lib/fn/fn.go": false, "other/o.go": false})

	s.sources.Store(&overlay.Sources{Dirs: []string{filepath.Join(root, "api", "src", "lib", "fn")}})
	check(map[string]bool{"api/src/lib/fn/fn.go": false, "other/o.go": false})
	s.isFresh.Store(true)
	check(always)
	check(map[string]bool{"api/src/lib/fn/fn.go": false, "api/src/lib/fn/new.go": false, "other/o.go": true})

	assert.True(t, s.ignore(filepath.Join(root, "node_modules"), true))
	assert.False(t, s.ignore(filepath.Join(root, "other"), true))
}

// function returns a function with routes.
func function(name string, routes ...string) Function {
	return Function{Function: route.Function{Name: name, Routes: routes}}
}

func TestPrintRoutes(t *testing.T) {
	var out strings.Builder
	var notes []string
	s := &server{Options: Options{Stdout: &out, Note: func(message, hint string) { notes = append(notes, message, hint) }}}
	s.printReady(1230*time.Millisecond, nil)
	s.printReady(1230*time.Millisecond, []Function{function("a"), function("b", "GET /b/{id}", "POST /b")})
	before := []Function{function("a"), function("b"), function("d", "GET /d")}
	after := []Function{function("b"), function("c"), function("d", "PUT /d")}
	s.printReloaded(50*time.Millisecond, before, after)
	assert.Equal(t, "ready in 1.23 s\n  /a\n  GET /b/{id}\n  POST /b\nready in 1.23 s\n"+
		"- /a\n- GET /d\n+ /c\n+ PUT /d\nreloaded in 0.05 s\n", out.String())
	assert.Equal(t, []string{"there are no functions yet", "fngen function NAME"}, notes)
}
