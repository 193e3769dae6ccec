// Package cli implements fngen's command line. A command parses its flags into
// the values that other packages take, calls them, and prints the results.
//
// Results are printed to stdout. Errors and notes are printed to stderr, one
// line each, with the prefix "fngen:", in lower case and without a period.
// Below them, on a line with the prefix "hint:", is what the user can do.
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

// A World holds the parts of the environment that commands use, besides the
// file system.
type World struct {
	Env            func(name string) string // such as os.Getenv
	Environ        func() []string          // such as os.Environ; the environment of child processes
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Version        string // fngen's version
	Executable     string // the path of the program, or ""
}

// Main runs a command and returns the exit code of the process: 0 for success,
// 1 for a failure, 2 for a usage error.
func Main(ctx context.Context, args []string, w World) int {
	out := &errWriter{w: w.Stdout}
	root := newRoot(w, out)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = out.err
	}
	if err == nil {
		return 0
	}
	var unexpected *unexpectedArgError
	if errors.As(err, &unexpected) {
		unexpected.line = args
	}
	return w.report(err)
}

// An errWriter records the first error of writing to w. Cobra prints help and
// completion scripts without looking at errors.
type errWriter struct {
	w   io.Writer
	err error
}

func (e *errWriter) Write(p []byte) (int, error) {
	if e.err == nil {
		_, e.err = e.w.Write(p)
	}
	return len(p), nil
}

// BuildVersion returns the version in the program's build information, or
// "devel" if there is none.
func BuildVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Main.Version, "v") {
		return info.Main.Version
	}
	return "devel"
}

// newRoot returns the command fngen. Help and completion scripts are written to
// out.
func newRoot(w World, out io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "fngen",
		Short: "Generate serverless functions in Go",
		Long: `fngen writes serverless functions into your Go module: a handler with its test,
scenarios and fixtures. The code is yours and has no dependency on fngen.`,
		Example: `  fngen new shop
  fngen function updateOrderStatus --webhook
  fngen dev`,
		Version:       w.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          knownCommand,
		RunE:          help,
	}
	root.SetOut(out) // before InitDefaultCompletionCmd, which keeps it
	root.SetErr(w.Stderr)
	root.Flags().Bool("version", false, "print the version") // cobra's own has the shorthand -v
	root.SetVersionTemplate(versionLine(w))
	root.PersistentFlags().String("cwd", ".", "run as if started in `DIR`")
	root.SetFlagErrorFunc(flagError)
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)

	generate := &cobra.Command{
		Use:     "generate",
		Aliases: []string{"g"},
		Short:   "Generate a function (generate function NAME)",
		Long:    "Generate a function. It is the same as fngen function.",
		Example: "  fngen generate function divide\n  fngen g f slack/events --webhook=slack",
		Args:    knownCommand,
		RunE:    help,
	}
	generate.AddCommand(newFunction(w, "f"))
	destroy := &cobra.Command{
		Use:     "destroy",
		Aliases: []string{"d"},
		Short:   "Remove a function (destroy function NAME)",
		Long:    "Remove the files that were generated for a function.",
		Example: "  fngen destroy function divide\n  fngen d f slack/events",
		Args:    knownCommand,
		RunE:    help,
	}
	destroy.AddCommand(newDestroyFunction(w))
	group := func(id string, commands ...*cobra.Command) {
		root.AddGroup(&cobra.Group{ID: id, Title: id + ":"})
		for _, c := range commands {
			c.GroupID = id
		}
		root.AddCommand(commands...)
	}
	group("Create", newNew(w), newFunction(w), generate, destroy, newAdd(w))
	group("Develop", newDev(w), newInvoke(w), newTest(w), newDB(w))
	group("Ship", newBuild(w), newServe(w), newEnv(w), newOpenAPI(w))
	group("Project", newSetup(w), newList(w), newInfo(w), newSecret(w), newVersion(w))
	root.SetHelpCommand(newHelp())
	root.SetHelpCommandGroupID("Project")
	root.SetCompletionCommandGroupID("Project")
	setHelp(root, w)

	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		describeCompletion(completion)
	}
	return root
}

// newHelp returns the help command. Cobra's own succeeds if the command that it
// is asked about does not exist.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:     "help [command]",
		Short:   "Print the help of a command",
		Example: "  fngen help\n  fngen help function\n  fngen help db migrate",
		RunE: func(cmd *cobra.Command, args []string) error {
			subject, rest, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			if subject.HasSubCommands() {
				if err := knownCommand(subject, rest); err != nil {
					return err
				}
			}
			subject.InitDefaultHelpFlag()
			return subject.Help()
		},
	}
}

func newVersion(w World) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Long:    "Print the versions of fngen and of the Go that built it, and the platform.",
		Example: "  fngen version\n  fngen version --json",
		Args:    arguments(0, 0),
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return printJSON(w.Stdout, map[string]string{
					"version": w.Version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
				})
			}
			_, err := io.WriteString(w.Stdout, versionLine(w))
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// versionLine returns the versions of fngen and Go, and the platform.
func versionLine(w World) string {
	return fmt.Sprintf("fngen %s %s %s/%s\n", w.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// knownCommand returns a usage error if a command that has subcommands is
// called with an argument, which then is not one of them.
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
		message: fmt.Sprintf("unknown command %q for %s", args[0], cmd.CommandPath()),
		hint:    cmd.CommandPath() + " --help",
	}
	if nearest := generator.Nearest(args[0], names); nearest != "" {
		err.hint = cmd.CommandPath() + " " + nearest
	} else if len(names) == 1 && args[0] != "" { // fngen destroy NAME
		err.hint = cmd.CommandPath() + " " + names[0] + " " + shellQuote(args[0])
	}
	return err
}

// arguments returns a check of the number of arguments. There is no maximum if
// most is -1. missing describes the required arguments, such as "a name".
func arguments(least, most int, missing ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usageError{message: cmd.CommandPath() + " needs " + strings.Join(missing, " "), hint: cmd.UseLine()}
		case most >= 0 && len(args) > most:
			return &unexpectedArgError{command: cmd, extra: args[most:], args: args}
		}
		return nil
	}
}

// flagError returns the usage error for an error of pflag.
func flagError(cmd *cobra.Command, err error) error {
	switch e := err.(type) { //nolint:errorlint // pflag does not wrap
	case *pflag.InvalidValueError:
		invalid := flagValueError{flag: "--" + e.GetFlag().Name, err: e.Unwrap(), help: cmd.CommandPath() + " --help"}
		if e.GetFlag().Value.Type() == "bool" && !isOptional(e.GetFlag()) {
			invalid.err = fmt.Errorf("want true or false, not %q", e.GetValue())
		}
		return invalid
	case *pflag.NotExistError:
		if words := cmd.Flags().Args(); cmd.HasSubCommands() && len(words) > 0 {
			return knownCommand(cmd, words) // the flag of a misspelled command
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
