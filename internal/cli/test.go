package cli

import (
	"context"
	"errors"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/internal/gotest"
	"github.com/fngen/fngen/internal/project"
	"github.com/fngen/fngen/internal/testrun"
)

// testOptions are the arguments and flags of fngen test.
type testOptions struct {
	names []string // of functions, or parts of names
	flags []string // of go test

	watch, clear, coverage, json bool
}

func newTest(w World) *cobra.Command {
	o := testOptions{}
	cmd := &cobra.Command{
		Use:   "test [api] [name...] [-- go test flags]",
		Short: "Run the functions' tests",
		Long: `Run the tests of all functions, or of those that you name. Part of a name is
enough: slack stands for slack/events and the other functions of that group.

fngen test runs go test, prints each function's tests as a tree, and exits with
the exit code of go test. Flags after -- are passed to go test. The tests'
environment includes the variables of .env.defaults, .env and .env.test. A later
file overrides an earlier one, and a variable that is already set overrides them
all.

With --watch, saving a file runs the tests that depend on it. Press ? for the
keys that choose tests.

With --coverage, a table shows how much of each function the tests run, and
coverage/index.html shows which lines.`,
		Example: `  fngen test
  fngen test divide
  fngen test divide --watch
  fngen test --coverage
  fngen test order -- -run 'TestUpdateOrderStatus/refuses' -race -count=1`,
		DisableFlagsInUseLine: true,
		ValidArgsFunction:     completeFunctions(w, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			if dash := cmd.ArgsLenAtDash(); dash >= 0 {
				o.names, o.flags = args[:dash], args[dash:]
			}
			return runTest(cmd, w, o)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.BoolVar(&o.watch, "watch", false, "run tests again whenever a file that they depend on changes")
	flags.BoolVar(&o.clear, "clear", false, "with --watch, clear the terminal before each run")
	flags.BoolVar(&o.coverage, "coverage", false, "report how much of each function the tests run")
	flags.BoolVar(&o.json, "json", false, "print the output of go test -json")
	return cmd
}

func runTest(cmd *cobra.Command, w World, o testOptions) error {
	if o.json && o.coverage {
		return usageError{"--coverage prints a table, which --json excludes", "fngen test --json -- -cover"}
	}
	p, err := openProject(cmd, w, project.Options{Tags: project.ParseTags(gotest.Tags(o.flags))})
	if err != nil {
		return err
	}
	defer p.Close()
	r := &testrun.Runner{
		Project: p, Names: o.names, Flags: o.flags, JSON: o.json, Environ: w.Environ(), Coverage: o.coverage, Clear: o.clear,
		Color: !o.json && w.style(w.Stdout).color,
	}
	if o.watch {
		return watchTests(cmd.Context(), w, r)
	}
	setStreams(r, w)
	if o.coverage {
		for _, note := range p.UnignoredNotes(cmd.Context(), "coverage") {
			w.note(note.Text, note.Hint)
		}
	}
	err = r.Run(cmd.Context())
	if failed := (*testrun.FailedError)(nil); errors.As(err, &failed) {
		return exitError{failed.Code}
	}
	return err
}

// watchTests runs tests until the user quits. On a terminal it reads keys.
func watchTests(ctx context.Context, w World, r *testrun.Runner) error {
	// SIGQUIT must not end the process before the terminal's mode is restored.
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGQUIT)
	defer stop()
	keys, restore, err := keyboard(&w)
	if err != nil {
		return err
	}
	defer restore()
	setStreams(r, w)
	return r.Watch(ctx, keys)
}

// setStreams sets where a runner prints.
func setStreams(r *testrun.Runner, w World) {
	r.Stdout, r.Stderr = w.Stdout, w.Stderr
	r.Note = w.note
	r.Report = func(err error) { w.report(err) }
}
