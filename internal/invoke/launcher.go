package invoke

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"time"

	"github.com/fngen/fngen/internal/instance"
	"github.com/fngen/fngen/internal/tempdir"
)

// stopTimeout limits how long a launched server may take to exit.
const stopTimeout = time.Second

// A Launcher builds and starts servers of single functions.
type Launcher struct {
	Dir    string    // the servers' working directory
	Output io.Writer // for the servers' stdout and stderr

	// Build builds a server of one function as the file binary, and returns the
	// environment to run it with.
	Build func(ctx context.Context, function, binary string) (environ []string, err error)
}

// Start builds a server in a temporary directory and starts it on a free port
// of the loopback interface. publicURL is the URL that the function sees as its
// own; it may be empty. Stopping the server removes the directory.
func (l Launcher) Start(ctx context.Context, function, publicURL string) (_ Server, err error) {
	dir, err := tempdir.New("invoke")
	if err != nil {
		return Server{}, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, dir.Remove())
		}
	}()
	binary := filepath.Join(dir.Path, "function.exe") // Windows requires the extension, other systems ignore it
	environ, err := l.Build(ctx, function, binary)
	if err != nil {
		return Server{}, err
	}
	args := []string{"-host", "127.0.0.1", "-port", "0", "-dev"}
	if publicURL != "" {
		args = append(args, "-public-url", publicURL)
	}
	i, err := instance.Start(ctx, instance.Command{
		Argv: []string{binary}, Args: args, Dir: l.Dir, Environ: environ, Stdout: l.Output, Stderr: l.Output,
	})
	if err != nil {
		return Server{}, err
	}
	return Server{URL: "http://" + i.Addr, Stop: func() error {
		timeout, cancel := context.WithTimeout(ctx, stopTimeout)
		defer cancel()
		return errors.Join(i.Stop(timeout), dir.Remove())
	}}, nil
}
