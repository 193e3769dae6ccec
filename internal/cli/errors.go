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
	"golang.org/x/mod/modfile"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/devserver"
	"github.com/fngen/fngen/internal/dist"
	"github.com/fngen/fngen/internal/program"
	"github.com/fngen/fngen/internal/project"
	"github.com/fngen/fngen/internal/watch"
)

// Exit codes.
const (
	exitFailed = 1 // it could not be done
	exitUsage  = 2 // the command line was wrong
)

// A usageError is a command line that is wrong.
type usageError struct{ message, hint string }

func (e usageError) Error() string { return e.message }

// A flagValueError is a flag's value that will not do.
type flagValueError struct {
	flag string
	err  error
	help string // a command that says which values there are
}

func (e flagValueError) Error() string { return e.flag + ": " + e.err.Error() }
func (e flagValueError) Unwrap() error { return e.err }

// A surplusError is arguments too many.
type surplusError struct {
	command *cobra.Command
	surplus []string
	all     []string
}

func (e surplusError) Error() string {
	return "surplus argument " + quote(e.surplus[0])
}

// spaced finds a flag whose value is optional and was written with a space: pflag
// takes --webhook stripe for a flag and an argument.
func (e surplusError) spaced(args []string) (flag, value string, ok bool) {
	for i, arg := range args[:max(0, len(args)-1)] {
		name, isLong := strings.CutPrefix(arg, "--")
		if !isLong || !slices.Contains(e.all, args[i+1]) {
			continue
		}
		if flag := e.command.Flags().Lookup(name); flag != nil && isOptional(flag) {
			return arg, args[i+1], true
		}
	}
	return "", "", false
}

// A toldError is a failure that the program that failed has told of.
type toldError struct{ code int }

func (toldError) Error() string { return "" }

// A failure is an error as the user is told of it.
type failure struct {
	detail        string // lines before the message
	message, hint string
	code          int
}

// explain says what went wrong and what to do about it. It is the one place where errors
// become exit codes.
func explain(err error, args []string) failure {
	f := failure{message: err.Error(), code: exitFailed}
	var (
		usage     usageError
		surplus   surplusError
		flagValue flagValueError
		value     *generator.ValueError
		name      *generator.NameError
		conflict  *generator.ConflictError
		twin      *generator.TwinError
		goVersion *generator.GoVersionError
		edited    *generator.EditedError
		missing   *generator.MissingError
		sum       *generator.SumError
		noModule  *project.NoModuleError
		goMod     *generator.ModError
		tests     testError
		told      toldError
		compile   *program.BuildError
		database  noDatabaseError
		limit     *watch.LimitError
		none      noFunctionsError
		port      *devserver.PortError
		debugger  noDebuggerError
		unknown   noFunctionError
		secret    noSecretError
		unsigned  noWebhookError
		publicKey publicKeyError
		server    noServerError
		delivered noDeliveryError
		foreign   *dist.ForeignError
		results   *dist.PlaceError
		emitted   emittedError
	)
	switch {
	case errors.As(err, &usage):
		f.hint, f.code = usage.hint, exitUsage
	case errors.As(err, &database):
		f.hint = "fngen add db"
	case errors.As(err, &foreign):
		f.hint = "move it, or choose another folder with -o"
	case errors.As(err, &results):
		f.hint = "choose another folder with -o"
	case errors.As(err, &emitted):
		f.hint = "remove them, or choose another folder"
	case errors.As(err, &surplus):
		f.hint, f.code = surplus.command.UseLine(), exitUsage
		if flag, value, ok := surplus.spaced(args); ok {
			f.message, f.hint = "surplus argument "+quote(value), flag+"="+value
		}
	case errors.As(err, &flagValue):
		f.hint, f.code = flagValue.help, exitUsage
		if errors.As(err, &value) && value.Suggestion != "" {
			f.hint = flagValue.flag + "=" + value.Suggestion
		}
	case errors.As(err, &name):
		f.code, f.hint = exitUsage, "use letters and digits, as in updateOrderStatus"
		if name.Suggestion != "" {
			f.hint = "call it " + name.Suggestion
		}
	case errors.As(err, &value):
		f.code, f.hint = exitUsage, "fngen add --list"
		if value.Suggestion != "" {
			f.hint = "fngen add " + value.Suggestion
		}
	case errors.As(err, &tests):
		f.message, f.code = "", tests.code
	case errors.As(err, &told):
		f.code = told.code
	case errors.As(err, &compile):
		f.message, f.detail = "it does not build", compile.Output
	case errors.As(err, &none):
		f.hint = "fngen function NAME"
	case errors.As(err, &port):
		f.hint = fmt.Sprintf("lsof -i :%d says who has it; --port and --web-port take others", port.Port)
		if port.Owner != "" {
			f.hint = "end that one, or take another by --port and --web-port"
		}
	case errors.As(err, &debugger):
		f.hint = "go install github.com/go-delve/delve/cmd/dlv@latest"
	case errors.As(err, &unknown):
		f.hint = "fngen list"
		if unknown.nearest != "" {
			f.hint = "fngen " + unknown.command + " " + unknown.nearest
		}
	case errors.As(err, &secret):
		f.hint = "--secret @FILE"
		if secret.variable != "" {
			f.hint = "set it in .env, or give --secret @FILE"
		}
	case errors.As(err, &unsigned):
		f.hint = "--webhook=SCHEME, with --secret @FILE or a variable in .env"
	case errors.As(err, &publicKey):
		f.hint = "--secret @FILE, with the private key of the pair"
	case errors.As(err, &server):
		f.hint = "fngen dev"
		if server.at.Project != "" {
			f.hint = "fngen dev --port N"
		}
	case errors.As(err, &delivered):
		f.hint = "fngen invoke --deliveries"
	case errors.As(err, &limit):
		f.hint = "on Linux, raise it: sysctl fs.inotify.max_user_watches"
	case errors.Is(err, exec.ErrNotFound):
		f.message, f.hint = "cannot find the go command", "install Go, or put its bin folder on the PATH"
	case errors.Is(err, errInterrupted):
		f.message = "interrupted"
	case errors.As(err, &conflict):
		f.hint = "--force overwrites them"
	case errors.As(err, &twin):
		f.hint = "choose another name, or remove " + twin.Twin + " first"
	case errors.As(err, &goVersion):
		f.hint = "go mod edit -go=" + goVersion.Want
	case errors.As(err, &edited):
		f.hint = "--force removes them all the same"
	case errors.As(err, &missing):
		f.hint = "fngen list"
		switch missing.Nearest {
		case "":
		case missing.Name: // a folder of files that have other names, such as index.go
			f.message = "no file of the function " + missing.Name + " was generated"
			f.hint = "remove its folder by hand"
		default:
			f.hint = "fngen destroy function " + missing.Nearest
		}
	case errors.As(err, &sum):
		f.hint = "mend or delete the line: a file without one counts as edited"
	case errors.As(err, &noModule):
		f.hint = "go mod init example.com/NAME"
	case errors.As(err, &goMod):
		f.message = "cannot read " + strings.TrimPrefix(f.message, "cannot read ")
		f.hint = "go mod edit -module=example.com/NAME"
		if errors.As(err, new(modfile.ErrorList)) {
			f.hint = "go mod edit -fmt says what is wrong with it"
		}
	case errors.Is(err, context.Canceled):
		f.message = "interrupted: nothing was changed"
	case errors.Is(err, fs.ErrPermission):
		f.hint = "check who may write there"
	}
	return f
}

// oneLine keeps a message on one line.
func oneLine(message string) string {
	return strings.Join(strings.FieldsFunc(message, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
