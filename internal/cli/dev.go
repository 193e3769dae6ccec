package cli

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/internal/build"
	"github.com/fngen/fngen/internal/devpage"
	"github.com/fngen/fngen/internal/devserver"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/project"
	"github.com/fngen/fngen/internal/watch"
)

// devOptions are the parsed flags of fngen dev.
type devOptions struct {
	host, tags    string
	port, webPort int      // -1 is the configured port
	apiURL        string   // "" is the configured path
	webTarget     *url.URL // nil is the configured URL
	publicURL     string
	awsLimits     bool
	noSchedules   bool
	debugPort     int           // 0 is without a debugger
	poll          time.Duration // 0 is without polling
}

func newDev(w World) *cobra.Command {
	o := devOptions{host: "localhost", port: -1, webPort: -1}
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Serve the functions during development",
		Long: `Serve your functions during development. When you save a file, fngen rebuilds
the functions, and the new code handles the next request. New functions are
served as soon as their files exist.

The functions are at http://localhost:8911/NAME. They are also at
http://localhost:8910/.redwood/functions/NAME, on the same origin as your web
side: set --web-target to the URL of its dev server.

Functions with a schedule run when they are due. fngen invoke runs them at any
time, and sends events to functions of queues and other services.

A page at http://localhost:8911/.fngen/ shows the requests as they happen, and
sends them again.

The functions' environment includes the variables of .env.defaults, .env and
.env.development. Each request is logged to stdout. The functions' own output
goes to stderr.`,
		Example: `  fngen dev
  curl localhost:8911/divide
  fngen dev --port 9000 --public-url https://example.ngrok.app
  fngen dev --debug-port 2345`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDev(cmd, w, o)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	parsed(flags, &o.port, "port", "PORT", "serve /NAME on this port (default 8911)", parsePort)
	parsed(flags, &o.webPort, "web-port", "PORT", "serve the web side on this port (default 8910)", parsePort)
	parsed(flags, &o.apiURL, "api-url", "PATH",
		"path of the functions on the web port (default /.redwood/functions)", parseURLPath)
	parsed(flags, &o.webTarget, "web-target", "URL",
		"forward other requests on the web port to this server", parseWebTarget)
	parsed(flags, &o.host, "host", "ADDRESS", "listen on this address (default localhost)", parseHost)
	parsed(flags, &o.publicURL, "public-url", "URL", "the functions' public URL, such as a tunnel's", parsePublicURL)
	flags.BoolVar(&o.awsLimits, "aws-limits", false, "reject what AWS rejects: bodies over 6 MB, responses after 29 s")
	flags.BoolVar(&o.noSchedules, "no-schedules", false, "do not run functions on their schedules")
	const pollUsage = "poll for changes every 300 ms, or MS ms, if the filesystem reports none"
	optional(flags, "poll", "MS", pollUsage, func(value string) (err error) {
		o.poll, err = parsePoll(value)
		return err
	})
	parsed(flags, &o.debugPort, "debug-port", "PORT",
		"run the functions under the debugger dlv, listening on this port", parseFixedPort)
	requiredText(flags, &o.tags, "tags", "TAG,...", tagsUsage)
	return cmd
}

func runDev(cmd *cobra.Command, w World, o devOptions) error {
	environ, note := thisPlatform(w.Environ())
	if note != "" {
		w.note(note, "")
	}
	w.Environ = func() []string { return environ }
	p, err := openProject(cmd, w, project.Options{
		Tags: project.ParseTags(o.tags), GOOS: runtime.GOOS, GOARCH: runtime.GOARCH,
	})
	if err != nil {
		return err
	}
	defer p.Close()
	options, err := o.options(w, p)
	if err != nil {
		return err
	}
	if kind := watch.Remote(p.Dir); kind != "" && o.poll == 0 {
		w.note(p.Dir+" is on a filesystem of type "+kind+", which may not report all changes", "fngen dev --poll")
	}
	if w.Env("GOGC") == "" {
		debug.SetGCPercent(400) // the proxy's heap is small, and garbage collection a seventh of its time
	}
	return devserver.Run(cmd.Context(), options)
}

// options returns the options of the dev server: the project's configuration
// with the flags in its place.
func (o devOptions) options(w World, p *project.Project) (devserver.Options, error) {
	options := devserver.Options{
		Project: p.Dir, Functions: filepath.Join(p.Dir, filepath.FromSlash(p.Functions)), Version: w.Version,
		Host: strings.Trim(o.host, "[]"), Port: p.API.Port, WebPort: p.Web.Port, APIURL: p.Web.APIURL,
		WebTarget: o.webTarget, PublicURL: o.publicURL, AllowedHosts: p.API.AllowedHosts,
		AWSLimits: o.awsLimits, NoSchedules: o.noSchedules, DebugPort: o.debugPort,
		Load:   func() (devserver.Program, error) { return devProgram(w, p, o.debugPort != 0) },
		Invoke: pageInvoke(w, p), Editor: devpage.Editor(p.Dev.Editor),
		Poll: o.poll, Stdout: w.Stdout, Stderr: w.Stderr,
		Note: w.note,
	}
	if options.Editor == "" {
		options.Editor = devpage.DetectEditor(w.Env)
	}
	if o.port >= 0 {
		options.Port = o.port
	}
	if o.webPort >= 0 {
		options.WebPort = o.webPort
	}
	if options.Port == options.WebPort && options.Port != 0 {
		err := fmt.Errorf("%d is the port of the functions", options.Port)
		return options, flagValueError{"--web-port", err, "--web-port=0"}
	}
	if o.apiURL != "" {
		options.APIURL = o.apiURL
	}
	if o.webTarget == nil && p.Web.Target != "" {
		var err error
		if options.WebTarget, err = parseWebTarget(p.Web.Target); err != nil {
			return options, fmt.Errorf("web.target: %w", err)
		}
	}
	return options, nil
}

// devProgram returns the server of the functions as they are on disk now.
func devProgram(w World, p *project.Project, debug bool) (devserver.Program, error) {
	server, err := build.NewServer(p, build.ServerOptions{
		Command: "dev", Mode: "development", Debug: debug, Environ: w.Environ(),
	})
	if err != nil {
		return devserver.Program{}, err
	}
	program := devserver.Program{
		Overlay: server.Overlay, Package: server.Package, Environ: logEnviron(w, server.Environ), Explain: server.Explain,
		Describe: func() []devpage.Function { return pageFunctions(p, server.Functions) },
	}
	for _, skipped := range server.Skipped {
		program.Notes = append(program.Notes, skipped.String())
	}
	for _, f := range server.Functions {
		program.Functions = append(program.Functions, devserver.Function{
			Function: f.Routed(), Webhook: p.VerifiesWebhooks(f), Event: f.Event(), Schedule: f.Schedule,
		})
	}
	return program, nil
}

// logEnviron adds the variables with which package logger formats its lines for
// a terminal, if there is one: what functions write goes through a pipe.
func logEnviron(w World, environ []string) []string {
	if !isTerminal(w.Stderr) {
		return environ
	}
	for _, variable := range []string{"LOG_FORMAT=terminal", "CLICOLOR_FORCE=1"} {
		name, _, _ := strings.Cut(variable, "=")
		if !slices.ContainsFunc(environ, func(v string) bool { return strings.HasPrefix(v, name+"=") }) {
			environ = append(slices.Clip(environ), variable)
		}
	}
	return environ
}

// parsePort parses a port to listen on, where 0 is any free port.
func parsePort(value string) (int, error) {
	port, err := strconv.ParseUint(value, 10, 16)
	if err != nil {
		return 0, fmt.Errorf("%q is not a port, want a number from 0 to 65535", value)
	}
	return int(port), nil
}

// parseFixedPort parses a port that fngen must know, so that it cannot be 0.
func parseFixedPort(value string) (int, error) {
	port, err := parsePort(value)
	if err != nil || port == 0 {
		return 0, fmt.Errorf("%q is not a port, want a number from 1 to 65535", value)
	}
	return port, nil
}

// parseHost rejects an empty host, which would mean all interfaces.
func parseHost(value string) (string, error) {
	if value == "" {
		return "", hint.With(errEmpty, "--host=localhost")
	}
	return value, nil
}

// parsePoll parses the interval of polling, in milliseconds.
func parsePoll(value string) (time.Duration, error) {
	if value == "MS" { // a bare --poll
		return 300 * time.Millisecond, nil
	}
	ms, err := strconv.Atoi(value)
	if err != nil || ms < 10 || ms > 60_000 {
		return 0, errors.New("want milliseconds from 10 to 60000")
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// parseURLPath parses the path of the functions, which cannot be the root: that
// is the web side's.
func parseURLPath(value string) (string, error) {
	clean := strings.TrimSuffix(value, "/")
	if !strings.HasPrefix(clean, "/") || clean != path.Clean(clean) || strings.ContainsAny(clean, "?#%\\ ") {
		return "", hint.Newf("--api-url=/.redwood/functions", "%q is not a path below /", value)
	}
	return clean, nil
}

func parseWebTarget(value string) (*url.URL, error) {
	u, err := parseURL(value)
	return u, hint.With(err, "--web-target=http://localhost:5173")
}

func parsePublicURL(value string) (string, error) {
	_, err := parseURL(value)
	return value, hint.With(err, "--public-url=https://example.ngrok.app")
}

// parseURL parses an http or https URL without user, query and fragment. Errors
// do not quote the value, since it may contain a password.
func parseURL(value string) (*url.URL, error) {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" ||
		u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("want an http or https URL without user, query and fragment")
	}
	return u, nil
}
