// Package cli is fngen's command line: it parses flags into the values that
// the other packages take, calls them, and prints what came of it.
//
// What it says, and how: results on stdout; on stderr, errors and notes of one line, with the prefix
// fngen:, in lower case and without a period at the end, and below them what to do about it, with the prefix hint:.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/fngen/fngen/generator"
)

// A World is what a command can reach besides the disk.
type World struct {
	Env            func(name string) string
	Environ        func() []string // all of Env, for programs that a command starts
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Version        string // of fngen
}

// Main runs a command and returns the exit code of the process: 0 for success,
// 1 for a failure, 2 for a usage error.
func Main(ctx context.Context, args []string, w World) int {
	root := newRoot(w)
	root.SetArgs(args)
	root.SetOut(w.Stdout)
	root.SetErr(w.Stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	var unexpected *unexpectedArgError
	if errors.As(err, &unexpected) {
		unexpected.line = args
	}
	return report(w.Stderr, err)
}

// BuildVersion is the version that the go command built the program at, devel where it knows none.
func BuildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Main.Version, "v") {
		return info.Main.Version
	}
	return "devel"
}

func newRoot(w World) *cobra.Command {
	root := &cobra.Command{
		Use:   "fngen",
		Short: "Generate serverless functions in Go, with their tests",
		Long: `fngen writes serverless functions into your Go module: a handler, its test, its
scenarios and fixtures. What it writes is yours, and depends on nothing of fngen's.`,
		Example:       "  fngen function divide\n  fngen function updateOrderStatus --webhook",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          knownCommand,
		RunE:          help,
	}
	root.PersistentFlags().String("cwd", ".", "run as if started in `DIR`")
	root.SetFlagErrorFunc(flagError)
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)

	generate := &cobra.Command{
		Use:     "generate",
		Aliases: []string{"g"},
		Short:   "Generate a function (generate function NAME)",
		Args:    knownCommand,
		RunE:    help,
	}
	generate.AddCommand(newFunction(w, "f"))
	destroy := &cobra.Command{
		Use:     "destroy",
		Aliases: []string{"d"},
		Short:   "Remove what was generated (destroy function NAME)",
		Args:    knownCommand,
		RunE:    help,
	}
	destroy.AddCommand(newDestroyFunction(w))
	root.AddCommand(newFunction(w), generate, destroy, newList(w), newAdd(w), newTest(w), newDev(w), newInvoke(w), newServe(w), newBuild(w), newDB(w), newVersion(w))
	root.SetHelpCommand(newHelp())

	// Cobra's own command checks no arguments, and prints help for a shell that it does not know.
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		completion.Args, completion.RunE = knownCommand, help
		for _, shell := range completion.Commands() {
			shell.Args = arguments(0, 0)
		}
	}
	return root
}

// newHelp is help NAME..., which cobra's own command answers with success where there is no such command.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Help about any command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			if about.HasSubCommands() {
				if err := knownCommand(about, rest); err != nil {
					return err
				}
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

func newVersion(w World) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return printJSON(w.Stdout, map[string]string{
					"version": w.Version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
				})
			}
			_, err := fmt.Fprintf(w.Stdout, "fngen %s %s %s/%s\n", w.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// knownCommand is the check of the arguments of commands that have commands below them.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	err := usageError{
		message: fmt.Sprintf("unknown command %q of %s", args[0], cmd.CommandPath()),
		hint:    cmd.CommandPath() + " --help",
	}
	if nearest := generator.Nearest(args[0], names); nearest != "" {
		err.hint = cmd.CommandPath() + " " + nearest
	}
	return err
}

// arguments checks the number of arguments. most is -1 for any number.
func arguments(least, most int, names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usageError{message: cmd.CommandPath() + " needs " + strings.Join(names, " "), hint: cmd.UseLine()}
		case most >= 0 && len(args) > most:
			return &unexpectedArgError{command: cmd, extra: args[most:], args: args}
		}
		return nil
	}
}

// flagError makes a usage error of what pflag found.
func flagError(cmd *cobra.Command, err error) error {
	switch e := err.(type) {
	case *pflag.InvalidValueError:
		invalid := flagValueError{flag: "--" + e.GetFlag().Name, err: e.Unwrap(), help: cmd.CommandPath() + " --help"}
		if e.GetFlag().Value.Type() == "bool" && !isOptional(e.GetFlag()) {
			invalid.err = fmt.Errorf("want true or false, not %q", e.GetValue())
		}
		return invalid
	case *pflag.NotExistError:
		if words := cmd.Flags().Args(); cmd.HasSubCommands() && len(words) > 0 {
			return knownCommand(cmd, words) // a flag of a command that is misspelt
		}
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		name := e.GetSpecifiedName()
		usage := usageError{message: "unknown flag --" + name, hint: cmd.CommandPath() + " --help"}
		if len(name) == 1 {
			usage.message = "unknown flag -" + name
		} else if nearest := generator.Nearest(name, names); nearest != "" {
			usage.hint = "--" + nearest
		}
		return usage
	}
	return usageError{message: err.Error(), hint: cmd.CommandPath() + " --help"}
}
