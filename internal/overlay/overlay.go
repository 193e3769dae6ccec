// Package overlay builds main packages that do not exist on disk. It passes
// their files to the go command as an overlay (see go help build), so that
// nothing is written to the user's module.
package overlay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fngen/fngen/internal/process"
	"github.com/fngen/fngen/internal/tempdir"
)

// An Overlay is a Go module with additional files.
type Overlay struct {
	Root    string            // the module's directory, absolute
	Files   map[string][]byte // by path relative to Root, with forward slashes
	Flags   []string          // flags of go build
	Environ []string          // environment of the go command

	trace *bytes.Buffer // receives what a go command that succeeds prints to standard error
}

// A BuildError reports that the go command failed and holds what it printed.
type BuildError struct {
	Output  string
	flags   []string // extra flags of the command that failed
	lacking []string // the module's packages whose imports the vendor directory lacks
}

func (e *BuildError) Error() string { return "build failed" }

// Detail returns the output of the go command.
func (e *BuildError) Detail() string { return e.Output }

// Build builds main packages, which are named by their directories relative to
// the root. It writes one package to the file out. It writes several to the
// directory out, which must end in a slash, each to a file with the name of its
// package's directory. Files that are up to date are left alone.
//
// The error is a *BuildError if the go command failed. Of several packages,
// those that compile are built nevertheless.
func (o Overlay) Build(ctx context.Context, out string, packages ...string) error {
	args := []string{"build", "-buildvcs=false", "-o", out}
	err := o.run(ctx, slices.Concat(args, o.Flags), packages, nil)
	var failed *BuildError
	if len(packages) == 1 || !errors.As(err, &failed) {
		return err
	}
	// If an import cannot be found, go build builds none of the packages. Build
	// those that are complete.
	o.Flags = slices.Concat(o.Flags, failed.flags)
	complete, listErr := o.completePackages(ctx, packages, failed.lacking)
	if listErr != nil || len(complete) == 0 || len(complete) == len(packages) {
		return err
	}
	err = o.Build(ctx, out, complete...)
	if again := (*BuildError)(nil); errors.As(err, &again) {
		return &BuildError{Output: failed.Output + "\n" + again.Output}
	} else if err != nil {
		return err
	}
	return failed
}

// Trace returns the commands that [Overlay.Build] would run for a package that
// is to be linked, and the input of each hash that the go command computes. It
// builds nothing. flags are flags of go build: with -a, the commands include
// those for packages that are up to date, but hashes of results are unknown.
func (o Overlay) Trace(ctx context.Context, pkg string, flags ...string) (string, error) {
	godebug := "GODEBUG=gocachehash=1"
	for _, variable := range o.Environ {
		if value, ok := strings.CutPrefix(variable, "GODEBUG="); ok && value != "" {
			godebug = variable + ",gocachehash=1"
		}
	}
	o.Environ = append(slices.Clip(o.Environ), godebug)
	o.trace = &bytes.Buffer{}
	out := filepath.Join(o.Root, pkg, "not-yet-built") // or go build might find it up to date
	args := slices.Concat([]string{"build", "-n", "-buildvcs=false", "-o", out}, flags, o.Flags)
	if err := o.run(ctx, args, []string{pkg}, nil); err != nil {
		return "", err
	}
	return o.trace.String(), nil
}

// Env returns variables of the go command's environment.
func (o Overlay) Env(ctx context.Context, names ...string) (map[string]string, error) {
	var out bytes.Buffer
	args := slices.Concat([]string{"env", "-json"}, names)
	if err := o.runGo(ctx, args, func(output string) string { return output }, &out); err != nil {
		return nil, err
	}
	var env map[string]string
	return env, json.Unmarshal(out.Bytes(), &env)
}

// completePackages returns the packages whose dependencies can all be found and
// parsed, and do not include one that is lacking.
func (o Overlay) completePackages(ctx context.Context, packages, lacking []string) ([]string, error) {
	var out bytes.Buffer
	const format = `{{if not .Incomplete}}{{.Dir}}{{range .Deps}}{{"\t"}}{{.}}{{end}}{{end}}`
	args := slices.Concat([]string{"list", "-e", "-f", format}, o.listFlags())
	if err := o.run(ctx, args, packages, &out); err != nil {
		return nil, err
	}
	var dirs []string
	for line := range strings.Lines(out.String()) {
		fields := strings.Split(strings.TrimSpace(line), "\t")
		if !slices.ContainsFunc(fields[1:], func(dep string) bool { return slices.Contains(lacking, dep) }) {
			dirs = append(dirs, fields[0])
		}
	}
	return slices.DeleteFunc(slices.Clone(packages), func(p string) bool {
		return !slices.Contains(dirs, filepath.Join(o.Root, filepath.FromSlash(p)))
	}), nil
}

// listFlags returns the flags that select files and modules. Unlike the other
// flags of go build, go list needs them too.
func (o Overlay) listFlags() []string {
	return slices.DeleteFunc(slices.Clone(o.Flags), func(flag string) bool {
		return !strings.HasPrefix(flag, "-tags") && !strings.HasPrefix(flag, "-mod")
	})
}

// run runs the go command with the overlay. If stdout is not nil, it receives
// the command's standard output.
func (o Overlay) run(ctx context.Context, args, packages []string, stdout *bytes.Buffer) (err error) {
	temp, err := tempdir.New("build")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, temp.Remove()) }()
	dir := temp.Path
	file, names, err := o.write(dir)
	if err != nil {
		return err
	}
	args = slices.Concat(args[:1], []string{"-overlay", file}, args[1:])
	for _, p := range packages {
		args = append(args, "./"+p)
	}
	restore := func(output string) string { return restoreNames(output, o.Root, dir, names) }
	err = o.runGo(ctx, args, restore, stdout)
	failed := (*BuildError)(nil)
	if !errors.As(err, &failed) {
		return err
	}
	missing, output := notVendored(failed.Output), o.withoutOverlay(failed.Output)
	if len(missing) == 0 || output == failed.Output {
		return err
	}
	// The vendor directory may lack packages that only the overlay imports. They
	// may be in the module cache. What the module itself imports must be there,
	// as go build requires.
	const flag = "-mod=readonly"
	list := slices.Concat(
		[]string{"list", flag, "-e", "-deps", "-json=Dir,ImportPath,Imports,Module", "-overlay", file}, o.listFlags())
	for _, p := range packages {
		list = append(list, "./"+p)
	}
	lacking, listErr := o.importers(ctx, list, missing)
	if listErr != nil {
		return err
	}
	if len(lacking) > 0 {
		if output == "" {
			output = failed.Output // the go command names only the first file that imports a package
		}
		return &BuildError{Output: output, flags: []string{flag}, lacking: lacking}
	}
	err = o.runGo(ctx, slices.Concat(args[:1], []string{flag}, args[1:]), restore, stdout)
	if errors.As(err, &failed) {
		failed.flags = []string{flag}
	}
	return err
}

// notVendored returns the packages that the vendor directory lacks, according
// to the output of the go command.
func notVendored(output string) []string {
	var packages []string
	for line := range strings.SplitSeq(output, "\n") {
		_, rest, ok := strings.Cut(line, "cannot find module providing package ")
		if name, reason, _ := strings.Cut(rest, ":"); ok && strings.Contains(reason, "-mod=vendor") {
			packages = append(packages, name)
		}
	}
	return packages
}

// importers returns the module's own packages, not those of the overlay, that
// import one of the packages missing. list are the arguments of go list that
// print the packages to look at.
func (o Overlay) importers(ctx context.Context, list, missing []string) ([]string, error) {
	var out bytes.Buffer
	if err := o.runGo(ctx, list, func(output string) string { return output }, &out); err != nil {
		return nil, err
	}
	listed, err := decodePackages(&out)
	if err != nil {
		return nil, err
	}
	var importers []string
	for _, p := range listed {
		isOwn := p.Module != nil && p.Module.Main && !o.hasDir(p.Dir)
		if isOwn && slices.ContainsFunc(p.Imports, func(name string) bool { return slices.Contains(missing, name) }) {
			importers = append(importers, p.ImportPath)
		}
	}
	return importers, nil
}

// withoutOverlay removes the lines of the go command's output that are about
// files of the overlay, with their continuation lines.
func (o Overlay) withoutOverlay(output string) string {
	var kept strings.Builder
	isKept := true
	for line := range strings.Lines(output) {
		if !strings.HasPrefix(line, "\t") {
			file, _, _ := strings.Cut(filepath.ToSlash(line), ".go:")
			_, isOverlay := o.Files[file+".go"]
			isKept = !isOverlay
		}
		if isKept {
			kept.WriteString(line)
		}
	}
	return strings.TrimSpace(kept.String())
}

// hasDir reports whether a file of the overlay is in the directory.
func (o Overlay) hasDir(dir string) bool {
	for name := range o.Files {
		if filepath.Join(o.Root, filepath.FromSlash(path.Dir(name))) == dir {
			return true
		}
	}
	return false
}

// write writes the files to numbered files in dir. It returns the path of the
// JSON file for the flag -overlay and the original name of each numbered file.
func (o Overlay) write(dir string) (file string, names map[string]string, err error) {
	replace := map[string]string{}
	names = map[string]string{}
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
	file = filepath.Join(dir, "overlay.json")
	return file, names, os.WriteFile(file, data, 0o600)
}

// restoreNames replaces the paths of numbered files in the compiler's output by
// the names of the files that they stand for. The compiler may print dir as it
// is, relative to root, or with symlinks resolved.
func restoreNames(output, root, dir string, names map[string]string) string {
	pattern := regexp.QuoteMeta(dir)
	if rel, err := filepath.Rel(root, dir); err == nil {
		pattern += "|" + regexp.QuoteMeta(rel)
	}
	pattern += `|[^\s:]*` + regexp.QuoteMeta(filepath.Base(dir))
	file := regexp.MustCompile(`(?:` + pattern + `)[/\\]\d+\.go`)
	return file.ReplaceAllStringFunc(output, func(path string) string {
		return names[filepath.Base(path)]
	})
}

// runGo runs the go command once. restore is applied to the output of a command
// that fails.
func (o Overlay) runGo(ctx context.Context, args []string, restore func(string) string, stdout *bytes.Buffer) error {
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
		return &BuildError{Output: restore(strings.TrimSpace(output.String()))}
	}
	if err != nil {
		return fmt.Errorf("go %s: %w", args[0], err)
	}
	if o.trace != nil {
		o.trace.Write(output.Bytes())
	}
	return nil
}
