package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/hint"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

// A usageError reports an invalid command line.
type usageError struct{ message, hint string }

func (e usageError) Error() string { return e.message }
func (e usageError) Hint() string  { return e.hint }
func (usageError) ExitCode() int   { return exitUsage }

// A flagValueError reports an invalid value of a flag.
type flagValueError struct {
	flag string
	err  error
	help string // the hint if err has none
}

func (e flagValueError) Error() string { return e.flag + ": " + e.err.Error() }
func (e flagValueError) Unwrap() error { return e.err }
func (flagValueError) ExitCode() int   { return exitUsage }

func (e flagValueError) Hint() string {
	var value *generator.ValueError
	if errors.As(e.err, &value) && value.Suggestion != "" {
		return e.flag + "=" + shellQuote(value.Suggestion)
	}
	if advice := hint.Of(e.err); advice != "" {
		return advice
	}
	return e.help
}

// An unexpectedArgError reports more arguments than a command takes.
type unexpectedArgError struct {
	command *cobra.Command
	extra   []string // the unexpected arguments
	args    []string // all arguments, without flags
	line    []string // the command line, with flags; set by Main
}

func (e *unexpectedArgError) Error() string {
	if _, value, ok := e.spaced(); ok {
		return "unexpected argument " + quote(value)
	}
	return "unexpected argument " + quote(e.extra[0])
}

func (*unexpectedArgError) ExitCode() int { return exitUsage }

func (e *unexpectedArgError) Hint() string {
	if flag, value, ok := e.spaced(); ok {
		return flag + "=" + shellQuote(value)
	}
	return e.command.UseLine()
}

// spaced finds a flag with an optional value that was written with a space.
// pflag parses --webhook stripe as a bare flag and an argument.
func (e *unexpectedArgError) spaced() (flag, value string, ok bool) {
	for i, arg := range e.line[:max(0, len(e.line)-1)] {
		name, isLong := strings.CutPrefix(arg, "--")
		if !isLong || !slices.Contains(e.args, e.line[i+1]) {
			continue
		}
		if flag := e.command.Flags().Lookup(name); flag != nil && isOptional(flag) {
			return arg, e.line[i+1], true
		}
	}
	return "", "", false
}

// An exitError sets the exit code after a failure that a child process has
// already reported. Nothing more is printed.
type exitError struct{ code int }

func (exitError) Error() string   { return "" }
func (e exitError) ExitCode() int { return e.code }

// report prints an error and returns the exit code. The error can have the
// methods ExitCode, Hint and Detail. The hint is printed below it, and the
// detail, such as the compiler's output, above it.
func (w World) report(err error) int {
	code := exitFailed
	var coder interface{ ExitCode() int }
	if errors.As(err, &coder) {
		code = coder.ExitCode()
	}
	var detailed interface{ Detail() string }
	if errors.As(err, &detailed) {
		fmt.Fprintln(w.Stderr, detailed.Detail())
	}
	message, advice := describe(err)
	s := w.style(w.Stderr)
	if message != "" {
		fmt.Fprintf(w.Stderr, "%s %s\n", s.paint(red, "fngen:"), oneLine(message))
	}
	if advice != "" {
		fmt.Fprintf(w.Stderr, "%s %s\n", s.paint(cyan, "hint:"), w.asRun(advice))
	}
	return code
}

// describe returns the message and the hint of an error. The standard library's
// errors have no hints of their own.
func describe(err error) (message, advice string) {
	if advice := hint.Of(err); advice != "" {
		return err.Error(), advice
	}
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return "cannot find the go command", "install Go, or add its bin directory to PATH"
	case errors.Is(err, context.Canceled):
		return "interrupted", ""
	case errors.Is(err, fs.ErrPermission):
		return err.Error(), "check the directory's permissions"
	}
	return err.Error(), ""
}

// note prints a note, and a hint if there is one.
func (w World) note(message, advice string) {
	s := w.style(w.Stderr)
	fmt.Fprintf(w.Stderr, "%s %s\n", s.paint(yellow, "fngen: note:"), oneLine(message))
	if advice != "" {
		fmt.Fprintf(w.Stderr, "%s %s\n", s.paint(cyan, "hint:"), w.asRun(advice))
	}
}

// oneLine joins the lines of a message and escapes control characters, which
// could come from a file or a server.
func oneLine(message string) string {
	lines := strings.FieldsFunc(message, func(r rune) bool { return r == '\n' || r == '\r' })
	return printable(strings.Join(lines, "; "))
}
