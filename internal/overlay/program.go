// Package program builds programs of a project's module whose packages are nowhere on disk: the go command is
// told of them by an overlay (go help build), so that nothing is written into the project's tree.
package overlay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fngen/fngen/internal/process"
)

// An Overlay is what the go command is to find in a module besides what is there.
type Overlay struct {
	Root    string            // the module's directory, absolute
	Files   map[string][]byte // by path below it, with forward slashes
	Flags   []string          // of go build
	Environ []string          // of the go command
}

// A BuildError is what the compiler says.
type BuildError struct {
	Output string
	flags  []string // besides those of the overlay, with which it says so
}

func (e *BuildError) Error() string { return "build failed" }

// Detail returns the compiler's output.
func (e *BuildError) Detail() string { return e.Output }

// Build builds main packages, named by their directories below the root: one as the file out, or several into the
// directory out, with a slash at its end, under their directories' names. What is up to date there is left as it is. The error is a
// *BuildError where the go command failed, and those of several packages that compile are built all the same.
func (o Overlay) Build(ctx context.Context, out string, packages ...string) error {
	args := []string{"build", "-buildvcs=false", "-o", out}
	err := o.run(ctx, slices.Concat(args, o.Flags), packages, nil)
	broken := (*BuildError)(nil)
	if len(packages) == 1 || !errors.As(err, &broken) {
		return err
	}
	// An import that cannot be found, unlike what does not compile, keeps the go command from building anything.
	o.Flags = slices.Concat(o.Flags, broken.flags)
	loaded, listErr := o.loaded(ctx, packages)
	if listErr != nil || len(loaded) == 0 || len(loaded) == len(packages) {
		return err
	}
	err = o.Build(ctx, out, loaded...)
	if rest := (*BuildError)(nil); errors.As(err, &rest) {
		return &BuildError{Output: broken.Output + "\n" + rest.Output}
	} else if err != nil {
		return err
	}
	return broken
}

// loaded are the packages of which everything that they import can be found and read.
func (o Overlay) loaded(ctx context.Context, packages []string) ([]string, error) {
	var out bytes.Buffer
	args := slices.Concat([]string{"list", "-e", "-f", "{{if not .Incomplete}}{{.Dir}}{{end}}"}, o.listFlags())
	if err := o.run(ctx, args, packages, &out); err != nil {
		return nil, err
	}
	dirs := strings.Split(out.String(), "\n")
	return slices.DeleteFunc(slices.Clone(packages), func(p string) bool {
		return !slices.Contains(dirs, filepath.Join(o.Root, filepath.FromSlash(p)))
	}), nil
}

// listFlags are those flags of go build that go list takes and that say which files and modules there are.
func (o Overlay) listFlags() []string {
	return slices.DeleteFunc(slices.Clone(o.Flags), func(flag string) bool {
		return !strings.HasPrefix(flag, "-tags") && !strings.HasPrefix(flag, "-mod")
	})
}

// run runs the go command, told of the overlay, and gives what it prints to stdout.
func (o Overlay) run(ctx context.Context, args, packages []string, stdout *bytes.Buffer) (err error) {
	dir, err := os.MkdirTemp("", "fngen-build-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	overlay, own, err := o.write(dir)
	if err != nil {
		return err
	}
	args = slices.Concat(args[:1], []string{"-overlay", overlay}, args[1:])
	for _, p := range packages {
		args = append(args, "./"+p)
	}
	err = o.goCommand(ctx, args, own, stdout)
	// A vendor folder need not have what only the overlay imports: the module cache may.
	if broken := (*BuildError)(nil); errors.As(err, &broken) && o.unvendored(broken.Output) {
		const flag = "-mod=readonly"
		err = o.goCommand(ctx, slices.Concat(args[:1], []string{flag}, args[1:]), own, stdout)
		if errors.As(err, &broken) {
			broken.flags = []string{flag}
		}
	}
	return err
}

// unvendored tells whether an import of the overlay's is not in the vendor folder.
func (o Overlay) unvendored(output string) bool {
	for line := range strings.SplitSeq(output, "\n") {
		file, _, _ := strings.Cut(filepath.ToSlash(line), ".go:")
		if _, ok := o.Files[file+".go"]; ok && strings.Contains(line, "-mod=vendor") {
			return true
		}
	}
	return false
}

// write writes the overlay below a directory. It gives the path of its list, and what gives the files their own names in
// what the compiler says.
func (o Overlay) write(dir string) (list string, own func(output string) string, err error) {
	replace, names := map[string]string{}, map[string]string{}
	for name, data := range o.Files {
		base := strconv.Itoa(len(names)) + ".go"
		source := filepath.Join(dir, base)
		if err := os.WriteFile(source, data, 0o600); err != nil {
			return "", nil, err
		}
		names[base] = name
		replace[filepath.Join(o.Root, filepath.FromSlash(name))] = source
	}
	data, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		return "", nil, err
	}
	list = filepath.Join(dir, "overlay.json")
	own = func(output string) string { return named(output, o.Root, dir, names) }
	return list, own, os.WriteFile(list, data, 0o600)
}

// named gives files of the overlay the names for which they stand, in what the compiler says. It names them by their
// directory, seen from the root or not, or by what that is a link to.
func named(output, root, dir string, names map[string]string) string {
	directory := regexp.QuoteMeta(dir)
	if rel, err := filepath.Rel(root, dir); err == nil {
		directory += "|" + regexp.QuoteMeta(rel)
	}
	file := regexp.MustCompile(`(?:` + directory + `|[^\s:]*` + regexp.QuoteMeta(filepath.Base(dir)) + `)[/\\]\d+\.go`)
	return file.ReplaceAllStringFunc(output, func(found string) string {
		return names[filepath.Base(found)]
	})
}

func (o Overlay) goCommand(ctx context.Context, args []string, own func(string) string, stdout *bytes.Buffer) error {
	cmd := process.Command(ctx, "go", args...)
	cmd.Dir, cmd.Env = o.Root, append(slices.Clip(o.Environ), "PWD="+o.Root)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if stdout != nil {
		stdout.Reset()
		cmd.Stdout = stdout
	}
	err := process.Run(ctx, cmd)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && output.Len() > 0 {
		return &BuildError{Output: own(strings.TrimSpace(output.String()))}
	}
	if err != nil {
		return fmt.Errorf("go %s: %w", args[0], err)
	}
	return nil
}
