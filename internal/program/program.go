// Package program builds programs of a project's module whose main package is nowhere on disk: the go command is
// told of it by an overlay (go help build), so that nothing is written into the project's tree.
package program

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/fngen/fngen/internal/process"
)

// A Program is a main package and where it is to be built.
type Program struct {
	Root    string   // the module's directory, absolute
	Package string   // the package's directory below it, with forward slashes: where Go's rule of internal packages lets it import all that it needs
	Main    []byte   // the source of its main.go
	Environ []string // of the go command
}

// A BuildError is what the compiler says.
type BuildError struct{ Output string }

func (e *BuildError) Error() string { return "it does not build: " + e.Output }

// Build builds the program as the file out. The error is a *BuildError where the go command failed.
func (p Program) Build(ctx context.Context, out string) (err error) {
	dir, err := os.MkdirTemp("", "fngen-build-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, p.Main, 0o600); err != nil {
		return err
	}
	overlay, err := json.Marshal(map[string]map[string]string{
		"Replace": {filepath.Join(p.Root, filepath.FromSlash(p.Package), "main.go"): source},
	})
	if err != nil {
		return err
	}
	overlayFile := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o600); err != nil {
		return err
	}

	cmd := process.Command(ctx, "go", "build", "-buildvcs=false", "-overlay", overlayFile, "-o", out, "./"+p.Package)
	cmd.Dir, cmd.Env = p.Root, p.Environ
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := process.Run(ctx, cmd); err != nil {
		if ctx.Err() != nil || output.Len() == 0 {
			return fmt.Errorf("go build: %w", err)
		}
		return &BuildError{strings.TrimSpace(output.String())}
	}
	return nil
}
