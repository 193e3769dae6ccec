package devserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/fngen/fngen/internal/devpage"
	"github.com/fngen/fngen/internal/dotenv"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/instance"
	"github.com/fngen/fngen/internal/overlay"
)

// A build is the result of a build.
type build struct {
	program Program
	target  *target // the new process, or the old one if the program has not changed
	err     error   // a *brokenError, or nil
	began   time.Time
	took    time.Duration // until the process was listening
}

// build builds the functions as they are and starts the program. old is the
// running one, or nil.
func (s *server) build(ctx context.Context, old *target) build {
	b := build{began: time.Now()}
	b.err = s.builder.Build(ctx, func() (o overlay.Overlay, pkg string, err error) {
		b.program, err = s.Load()
		return b.program.Overlay, b.program.Package, err
	})
	if b.err != nil {
		select { // an editor may be in the middle of writing a file: do not report that
		case <-ctx.Done():
		case <-time.After(failureDelay - time.Since(b.began)):
		}
		b.err = s.explain(b.program, b.err)
		return b
	}
	if ctx.Err() == nil {
		s.page.SetState(devpage.State{Status: devpage.Starting})
	}
	b.target, b.err = s.start(ctx, b.program, old)
	b.took = time.Since(b.began)
	return b
}

// explain returns the error to show for a build that failed with err.
func (s *server) explain(p Program, err error) *brokenError {
	broken := &brokenError{title: "the functions do not build", detail: err.Error(), err: err}
	if compile := (*overlay.BuildError)(nil); errors.As(err, &compile) {
		broken.detail = compile.Output
		if p.Explain != nil {
			broken.detail = p.Explain(compile.Output)
		}
	}
	switch {
	case p.Package != "" && len(p.Functions) == 0: // the module lacks what the first function adds to go.mod
		broken.title = "there are no functions yet (create one with fngen function NAME)"
	case errors.As(err, new(*dotenv.Error)):
		broken.title = "the functions' environment cannot be read"
	}
	broken.problem = devpage.CompileProblem(s.Project, broken.title, broken.detail, s.Editor)
	if p.Package != "" && len(p.Functions) == 0 { // the page teaches how to create one
		broken.problem = &devpage.Problem{Title: broken.title}
	}
	return broken
}

// start starts the program that was built, or returns old if old runs the same
// program in the same environment.
func (s *server) start(ctx context.Context, p Program, old *target) (*target, error) {
	binary, err := os.Stat(s.binary)
	if err != nil {
		return nil, err
	}
	if old != nil && os.SameFile(binary, old.binary) && slices.Equal(p.Environ, old.program.Environ) {
		select {
		case <-old.Done():
		default:
			return old, nil
		}
	}
	argv := []string{s.binary}
	if s.debugger != "" {
		argv = s.debuggerCommand()
		if old != nil { // the next debugger listens on the same port
			old.Kill()
		}
	}
	tail := s.page.Output.Tail(s.Stderr)
	hanging := time.AfterFunc(startDelay, func() {
		title := fmt.Sprintf("the functions' program does not listen on its port after %d s", startDelay/time.Second)
		const advice = "look for an init function or a package variable that waits, for example for a database"
		s.note(title, advice)
		s.page.Hangs(&devpage.Problem{Title: title, Text: advice})
	})
	defer hanging.Stop()
	if s.DebugPort != 0 { // it may be at a breakpoint
		hanging.Stop()
	}
	i, err := instance.Start(ctx, instance.Command{
		Argv: argv, Args: s.programArgs(), Dir: s.Project, Environ: p.Environ,
		Stdout: tail, Stderr: tail, Grace: 300 * time.Millisecond,
	})
	if err != nil {
		const title = "the functions do not start"
		return nil, &brokenError{title, err.Error(), err, s.exitProblem(title, err, tail)}
	}
	t := newTarget(i, p, binary)
	t.tail = tail
	return t, nil
}

// programArgs returns the arguments of the server program.
func (s *server) programArgs() []string {
	args := []string{"-host", "127.0.0.1", "-port", "0", "-dev"}
	switch {
	case s.DebugPort != 0: // a function at a breakpoint takes as long as it takes
		args = append(args, "-timeout", "0", "-stream-timeout", "0")
	case s.AWSLimits:
		args = append(args, "-timeout", "15m", "-aws-limits")
	default:
		args = append(args, "-timeout", "15m") // Lambda's limit; the program notes what exceeds API Gateway's
	}
	if s.PublicURL != "" {
		args = append(args, "-public-url", s.PublicURL)
	}
	return args
}

func findDebugger() (string, error) {
	dlv, err := exec.LookPath("dlv")
	if err != nil {
		return "", hint.New("cannot find the debugger dlv", "go install github.com/go-delve/delve/cmd/dlv@latest")
	}
	return dlv, nil
}

// debuggerCommand returns the command that runs the program under the debugger.
// The program's arguments follow.
func (s *server) debuggerCommand() []string {
	return []string{
		s.debugger, "exec", "--headless", fmt.Sprintf("--listen=127.0.0.1:%d", s.DebugPort), "--api-version=2",
		"--accept-multiclient", "--continue", s.binary, "--",
	}
}
