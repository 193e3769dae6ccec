package cli

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/build"
	"github.com/fngen/fngen/internal/instance"
	"github.com/fngen/fngen/internal/project"
)

// serveOptions are the parsed flags of fngen serve, except for serverFlags.
type serveOptions struct {
	tags, out string
	buildOnly bool
	drain     time.Duration
}

// serverFlags returns the flags that are passed on to the server, which is
// package server of templates/runtime and validates their values.
func serverFlags() []struct{ name, usage string } {
	return []struct{ name, usage string }{
		{"host", "listen on this `ADDRESS`, such as 0.0.0.0 (default $HOST, or 127.0.0.1)"},
		{"port", "listen on this `PORT` (default $PORT, or 8911)"},
		{"timeout", "maximum `DURATION` of a function call (default 30s)"},
		{"stream-timeout", "maximum `DURATION` of a streamed response (default 15m)"},
		{"body-limit", "maximum `SIZE` of a request's body (default 10MB)"},
		{"bodies-limit", "maximum total `SIZE` of the bodies of requests in progress (default 32MB)"},
		{"header-limit", "maximum `SIZE` of a request's header (default 64KB)"},
		{"read-timeout", "maximum `DURATION` of reading a request (default 30s)"},
		{"idle-timeout", "maximum `DURATION` of an idle connection (default 2m)"},
		{"trusted-proxy", "trust X-Forwarded-For and X-Forwarded-Host from `CIDR,...`"},
		{"public-url", "the functions' public `URL`"},
	}
}

func newServe(w World) *cobra.Command {
	o := serveOptions{}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the functions in production",
		Long: `Serve your functions in production: build a server of all functions and run it.
On SIGINT or SIGTERM, the server completes the requests in progress and exits.
It accepts connections from this machine only, unless you set --host or HOST.

The functions' environment includes the variables of .env.defaults, .env and
.env.production.

With --build-only, the server is written to a file instead. It is a
self-contained program that accepts the same flags, HOST and PORT, and reads no
.env file.`,
		Example: `  fngen serve --port 8080
  PORT=8080 HOST=0.0.0.0 fngen serve --healthz --trusted-proxy 10.0.0.0/8
  fngen serve --build-only -o server`,
		Args:              arguments(0, 0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runServe(cmd, w, o)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	for _, f := range serverFlags() {
		flags.String(f.name, "", f.usage)
	}
	flags.DurationVar(&o.drain, "drain", 30*time.Second, "maximum `DURATION` of requests in progress on exit")
	flags.Bool("healthz", false, "respond to GET /healthz with status 200")
	flags.Bool("schedules", false, "run functions on their schedules")
	flags.Bool("events", false, "take CloudEvents for functions that HTTP requests do not call, at /_events/NAME")
	flags.Bool("aws-limits", false, "reject what AWS rejects: bodies over 6 MB, responses after 29 s")
	requiredText(flags, &o.tags, "tags", "TAG,...", tagsUsage)
	flags.BoolVar(&o.buildOnly, "build-only", false, "build the server without running it")
	flags.StringVarP(&o.out, "output", "o", "server", "with --build-only, write the server to `FILE`")
	return cmd
}

func runServe(cmd *cobra.Command, w World, o serveOptions) error {
	if host := cmd.Flag("host"); host.Changed && host.Value.String() == "" { // an empty host means all interfaces
		return flagValueError{"--host", errEmpty, "--host=127.0.0.1"}
	}
	if cmd.Flag("output").Changed && !o.buildOnly {
		return usageError{"--output requires --build-only", "fngen serve --build-only --output " + o.out}
	}
	p, err := openProject(cmd, w, project.Options{Tags: project.ParseTags(o.tags)})
	if err != nil {
		return err
	}
	defer p.Close()
	server, err := build.NewServer(p, build.ServerOptions{
		Command: "serve", Mode: "production", Trimpath: true, Environ: w.Environ(),
	})
	if err != nil {
		return err
	}
	for _, skipped := range server.Skipped {
		w.note(skipped.String(), "")
	}
	if len(server.Functions) == 0 {
		return &project.NoFunctionsError{Dir: p.Functions}
	}
	if err := checkJobs(cmd, server.Functions); err != nil {
		return err
	}
	if o.buildOnly {
		return o.build(cmd, server)
	}
	return o.buildAndRun(cmd, w, p, server)
}

// checkJobs checks that there are functions for the flags --schedules and
// --events.
func checkJobs(cmd *cobra.Command, functions []project.Function) error {
	var schedules, events bool
	for _, f := range functions {
		schedules = schedules || f.Kind == generator.KindSchedule
		events = events || f.Kind != generator.KindHTTP
	}
	switch {
	case cmd.Flag("schedules").Changed && !schedules:
		return usageError{"--schedules: no function has a schedule", "fngen function cleanup --schedule='0 3 * * *'"}
	case cmd.Flag("events").Changed && !events:
		return usageError{"--events: HTTP requests call all functions", "fngen function orders --queue"}
	}
	return nil
}

// build writes the server to the file that --output names.
func (o serveOptions) build(cmd *cobra.Command, server build.Executable) error {
	out, err := fromCwd(cmd, o.out)
	if err != nil {
		return err
	}
	if info, err := os.Stat(out); err == nil && !info.Mode().IsRegular() {
		err := errors.New(quote(o.out) + " is not a regular file")
		return flagValueError{"--output", err, "fngen serve --build-only -o server"}
	}
	return server.Build(cmd.Context(), out)
}

// buildAndRun builds the server in a temporary directory and runs it.
func (o serveOptions) buildAndRun(
	cmd *cobra.Command, w World, p *project.Project, server build.Executable,
) (err error) {
	binary, remove, err := server.BuildTemp(cmd.Context())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	return serverError(instance.Run(cmd.Context(), instance.Command{
		Argv: []string{binary}, Args: o.args(cmd, w, p), Dir: p.Dir, Environ: server.Environ,
		Stdout: w.Stdout, Stderr: w.Stderr,
	}))
}

// args returns the server's arguments: the flags that were given, and the
// configured port if neither --port nor PORT is.
func (o serveOptions) args(cmd *cobra.Command, w World, p *project.Project) []string {
	args := []string{"-drain", o.drain.String()}
	for _, f := range serverFlags() {
		if flag := cmd.Flag(f.name); flag.Changed {
			args = append(args, "-"+f.name, flag.Value.String())
		}
	}
	for _, name := range []string{"healthz", "aws-limits"} {
		args = append(args, "-"+name+"="+cmd.Flag(name).Value.String())
	}
	for _, name := range []string{"schedules", "events"} { // only programs with such functions have these flags
		if flag := cmd.Flag(name); flag.Changed {
			args = append(args, "-"+name+"="+flag.Value.String())
		}
	}
	if !cmd.Flag("port").Changed && w.Env("PORT") == "" {
		args = append(args, "-port", strconv.Itoa(p.API.Port))
	}
	return args
}

// serverError returns the error for an error of running a server. If the server
// itself failed, it has printed why, so only its exit code matters.
func serverError(err error) error {
	if !errors.As(err, new(*instance.ExitError)) {
		return err
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == exitUsage {
		return exitError{exitUsage}
	}
	return exitError{exitFailed}
}
