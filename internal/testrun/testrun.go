// Package testrun runs go test for the functions of a project, once or whenever
// files change.
package testrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/fngen/fngen/internal/dotenv"
	"github.com/fngen/fngen/internal/gotest"
	"github.com/fngen/fngen/internal/process"
	"github.com/fngen/fngen/internal/project"
)

// A Runner runs the tests of a project's functions. Fields without a comment on
// their default are required.
type Runner struct {
	Project *project.Project
	Names   []string // the functions to test, as the user names them; empty for all
	Flags   []string // flags of go test; may be empty
	JSON    bool     // print the output of go test -json unchanged; the default is a tree
	Color   bool     // the default is no color

	Coverage bool // report which statements the tests run; the default is not to
	Clear    bool // clear the terminal before each run of Watch; the default is not to

	Environ []string
	Stdout  io.Writer
	Stderr  io.Writer

	Note   func(message, hint string) // prints a note; hint may be empty
	Report func(error)                // prints an error that does not end Watch
}

// A FailedError reports that go test failed. Its output says why.
type FailedError struct{ Code int }

func (e *FailedError) Error() string {
	return fmt.Sprintf("go test failed with exit status %d", e.Code)
}

// Run runs the tests once. Errors that callers can test for are *FailedError,
// *NoMatchError, *dotenv.Error, exec.ErrNotFound and context.Canceled.
func (r *Runner) Run(ctx context.Context) error {
	functions, skipped, err := r.functions()
	if err != nil {
		return err
	}
	if len(r.Names) == 0 {
		for _, s := range skipped {
			r.Note(s.String(), "")
		}
	}
	if len(functions) == 0 {
		return &project.NoFunctionsError{Dir: r.Project.Functions}
	}
	if r.JSON { // nothing needs a report, so go test writes to stdout itself
		cmd, err := r.testCommand(ctx, functions, nil)
		if err != nil {
			return err
		}
		cmd.Stdout = r.Stdout
		return runCommand(ctx, cmd)
	}
	_, err = r.test(ctx, functions, filter{})
	return err
}

// variables returns the variables of the .env files that the environment lacks.
func (r *Runner) variables() ([]string, error) {
	return dotenv.Read(os.DirFS(r.Project.Dir), dotenv.For("test"), r.Environ)
}

// testCommand returns the command go test -json for functions, with more flags.
// Its environment has the variables of the .env files.
func (r *Runner) testCommand(ctx context.Context, functions []gotest.Function, flags []string) (*exec.Cmd, error) {
	variables, err := r.variables()
	if err != nil {
		return nil, err
	}
	args := slices.Concat([]string{"test", "-json"}, patterns(r.Project.Functions, functions), gotest.AddFlags(r.Flags, flags))
	cmd := r.goCommand(ctx, args...)
	cmd.Env = append(cmd.Env, variables...)
	return cmd, nil
}

// runCommand runs a go test command. The error is a *FailedError if it failed.
func runCommand(ctx context.Context, cmd *exec.Cmd) error {
	err := process.Run(ctx, cmd)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return &FailedError{exit.ExitCode()}
	}
	return err
}

// test runs go test for the chosen tests of functions, prints the results and
// reports them. The report is nil if go test was not started. The errors are
// those of Run, except *NoMatchError.
func (r *Runner) test(ctx context.Context, functions []gotest.Function, chosen filter) (*gotest.Report, error) {
	flags := chosen.flags()
	if r.Coverage {
		more, err := r.coverageFlags()
		if err != nil {
			return nil, err
		}
		flags = append(flags, more...)
	}
	cmd, err := r.testCommand(ctx, functions, flags)
	if err != nil {
		return nil, err
	}
	out := &printer{w: r.Stdout}
	report := gotest.NewReport(module(functions, r.Project.Functions), functions, r.Color)
	start := time.Now()
	stream := &gotest.Stream{
		KeepPassed: gotest.Verbose(r.Flags),
		Done: func(p *gotest.Package) {
			if ctx.Err() != nil {
				return // a package that was interrupted has no result
			}
			text := report.Package(p)
			if !r.JSON {
				out.print(text)
			}
		},
	}
	if r.JSON {
		cmd.Stdout = io.MultiWriter(r.Stdout, stream)
	} else {
		stream.Text = func(line string) { out.print(line + "\n") }
		cmd.Stdout = stream
	}
	err = runCommand(ctx, cmd)
	if err != nil && !errors.As(err, new(*FailedError)) {
		return report, err
	}
	_ = stream.Close() // always nil
	if !r.JSON {
		out.print(report.Totals(time.Since(start)))
	}
	if r.Coverage {
		text, coverageErr := r.reportCoverage(ctx, report)
		out.print(text)
		err = errors.Join(err, coverageErr)
	}
	return report, errors.Join(err, out.err)
}

// A printer writes text and keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) print(text string) {
	if _, err := io.WriteString(p.w, text); p.err == nil {
		p.err = err
	}
}

// goCommand returns a go command that runs in the project.
func (r *Runner) goCommand(ctx context.Context, args ...string) *exec.Cmd {
	return r.command(ctx, "go", args...)
}

// command returns a command that runs in the project.
func (r *Runner) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := process.Command(ctx, name, args...)
	cmd.Dir = r.Project.Dir
	cmd.Env = append(slices.Clone(r.Environ), "PWD="+r.Project.Dir)
	cmd.Stderr = r.Stderr
	return cmd
}

// patterns returns the package patterns of functions. A directory needs both
// of its patterns: dir/... matches nothing if dir is a symlink.
func patterns(dir string, functions []gotest.Function) []string {
	var list []string
	for _, f := range functions {
		if f.Flat {
			list = append(list, "./"+dir)
		} else {
			own := "./" + path.Join(dir, f.Name)
			list = append(list, own, own+"/...")
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// module returns the path of the module that functions are in.
func module(functions []gotest.Function, dir string) string {
	f := functions[0]
	if !f.Flat {
		dir = path.Join(dir, f.Name)
	}
	return strings.TrimSuffix(f.Package, "/"+dir)
}
