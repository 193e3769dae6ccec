package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/fngen/fngen/internal/instance"
	"github.com/fngen/fngen/internal/invoke"
	"github.com/fngen/fngen/internal/project"
)

// invokeServer returns the function that builds and starts a server of one
// function. The server's output goes to stderr, because stdout is for the
// response.
func invokeServer(w World, p *project.Project) func(ctx context.Context, function, publicURL string) (invoke.Server, error) {
	return func(ctx context.Context, function, publicURL string) (invoke.Server, error) {
		s := serving{command: "invoke", use: "development", only: function, flags: buildFlags(w, p)}
		plan, err := s.plan(w, p)
		if err != nil {
			return invoke.Server{}, err
		}
		dir, err := os.MkdirTemp("", "fngen-invoke-")
		if err != nil {
			return invoke.Server{}, err
		}
		binary := filepath.Join(dir, "function.exe") // Windows needs the extension
		if err := buildServer(ctx, plan, binary); err != nil {
			return invoke.Server{}, errors.Join(err, os.RemoveAll(dir))
		}
		args := []string{"-host", "127.0.0.1", "-port", "0", "-dev"}
		if publicURL != "" {
			args = append(args, "-public-url", publicURL)
		}
		i, err := instance.Start(ctx, instance.Command{
			Argv: []string{binary}, Args: args, Dir: p.Dir, Environ: plan.Environ,
			Stdout: w.Stderr, Stderr: w.Stderr,
		})
		if err != nil {
			return invoke.Server{}, errors.Join(err, os.RemoveAll(dir))
		}
		return invoke.Server{URL: "http://" + i.Addr, Stop: func() error {
			timeout, cancel := context.WithTimeout(ctx, time.Second)
			defer cancel()
			return errors.Join(i.Stop(timeout), os.RemoveAll(dir))
		}}, nil
	}
}
