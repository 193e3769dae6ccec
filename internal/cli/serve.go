package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/internal/devserver"
	"github.com/fngen/fngen/internal/instance"
	"github.com/fngen/fngen/internal/program"
	"github.com/fngen/fngen/internal/project"
)

// serveOptions are fngen serve's command line, as values. Flags that are not here are the server's.
type serveOptions struct {
	tags, out string
	buildOnly bool
	drain     time.Duration
}

// serverFlags are the flags of the server itself, which is package server of templates/runtime: it has the last word on their values.
func serverFlags() []struct{ name, usage string } {
	return []struct{ name, usage string }{
		{"host", "the `ADDRESS` to listen on, also by HOST; 0.0.0.0 is all (default 127.0.0.1)"},
		{"port", "the `PORT` to listen on, also by PORT (default 8911)"},
		{"timeout", "how long a function may take: a `DURATION` (default 30s)"},
		{"body-limit", "the largest body of a request: a `SIZE` (default 10MB)"},
		{"header-limit", "the largest header of a request: a `SIZE` (default 64KB)"},
		{"read-timeout", "how long a client may take to send a request: a `DURATION` (default 30s)"},
		{"idle-timeout", "how long a connection may stay without a request: a `DURATION` (default 2m)"},
		{"trusted-proxy", "the proxies in front, `CIDR,...`: whom they name as the caller is believed"},
		{"public-url", "the `URL` by which the functions are known outside"},
	}
}

func newServe(w World) *cobra.Command {
	o := serveOptions{}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the functions in production",
		Long: `Build a server of all functions and run it, until it is told to end: then requests that are under
way are answered first. It listens on this machine only, unless --host or HOST says otherwise.

The functions find in their environment what .env.defaults, .env and .env.production set. With
--build-only the server is left as a program that needs nothing else: it takes the same flags and
HOST and PORT, and reads no file.`,
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
	flags.DurationVar(&o.drain, "drain", 30*time.Second, "how long requests under way may take when it is told to end")
	flags.Bool("healthz", false, "answer GET /healthz")
	flags.Bool("aws-limits", false, "refuse what AWS Lambda refuses: bodies over 6 MB, and answers after 29 s")
	flags.StringVar(&o.tags, "tags", "", "build tags, separated by commas")
	flags.BoolVar(&o.buildOnly, "build-only", false, "build the server, and do not run it")
	flags.StringVarP(&o.out, "output", "o", "server", "with --build-only, the `FILE` to write")
	return cmd
}

func runServe(cmd *cobra.Command, w World, o serveOptions) (err error) {
	if host := cmd.Flag("host"); host.Changed && host.Value.String() == "" { // which would be all the world
		return flagValueError{"--host", errors.New("it is empty"), "--host=127.0.0.1"}
	}
	if cmd.Flag("output").Changed && !o.buildOnly {
		return usageError{"--output is only for --build-only", "fngen serve --build-only --output " + o.out}
	}
	p, err := openProject(cmd, w, project.Options{Tags: project.ParseTags(o.tags)})
	if err != nil {
		return err
	}
	defer p.Close()
	s := serving{command: "serve", use: "production", flags: buildFlags(w, p, "-trimpath")}
	plan, err := s.plan(w, p)
	if err != nil {
		return err
	}
	for _, text := range plan.Notes {
		note(w.Stderr, text, "")
	}
	if len(plan.Routes) == 0 {
		return noFunctionsError{p.Functions}
	}
	if o.buildOnly {
		out, err := fromCwd(cmd, o.out)
		if err != nil {
			return err
		}
		if info, err := os.Stat(out); err == nil && !info.Mode().IsRegular() {
			return flagValueError{"--output", errors.New(quote(o.out) + " is not a file"), "fngen serve --build-only -o server"}
		}
		return buildServer(cmd.Context(), plan, out)
	}
	tmp, err := os.MkdirTemp("", "fngen-serve-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	binary := filepath.Join(tmp, "server.exe") // which Windows needs and others do not mind
	if err := buildServer(cmd.Context(), plan, binary); err != nil {
		return err
	}
	return o.run(cmd.Context(), w, p, instance.Command{
		Argv: []string{binary}, Args: o.args(cmd, w, p), Dir: p.Dir, Environ: plan.Environ,
		Stdout: w.Stdout, Stderr: w.Stderr,
	})
}

// buildServer builds a server. The error is a *program.BuildError in terms of the functions, or another.
func buildServer(ctx context.Context, plan devserver.Plan, out string) error {
	err := plan.Overlay.Build(ctx, out, plan.Package)
	if broken := (*program.BuildError)(nil); errors.As(err, &broken) {
		return &program.BuildError{Output: plan.Explain(broken.Output)}
	}
	return err
}

// args are the server's flags, those that were given, and the port of the configuration.
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
	if !cmd.Flag("port").Changed && w.Env("PORT") == "" {
		args = append(args, "-port", strconv.Itoa(p.API.Port))
	}
	return args
}

// run runs the server until the context ends, and then until it has answered what it was asked. A second signal ends
// it at once.
func (o serveOptions) run(ctx context.Context, w World, p *project.Project, c instance.Command) error {
	i, err := instance.Start(ctx, c)
	var ended *instance.EndedError
	switch {
	case errors.As(err, &ended):
		return exitError{code(ended.Err)}
	case errors.Is(err, context.Canceled):
		return nil
	case err != nil:
		return err
	}
	select {
	case <-i.Done():
	case <-ctx.Done():
		again, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		_ = i.Stop(again)
	}
	if err := i.Err(); err != nil {
		return exitError{code(err)}
	}
	return nil
}

// code is the exit code of a program that said why it failed.
func code(err error) int {
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == exitUsage {
		return exitUsage
	}
	return exitFailed
}
