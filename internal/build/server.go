package build

import (
	"context"
	"errors"
	"maps"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/dist"
	"github.com/fngen/fngen/internal/overlay"
	"github.com/fngen/fngen/internal/project"
)

// server builds one executable with all functions for each platform, and for a
// container the files that go with it.
func (b *builder) server(ctx context.Context) error {
	main, err := serverMain(mainOptions(b.project, b.module), "server", b.functions)
	if err != nil {
		return err
	}
	var files map[string][]byte
	if b.Target == Container {
		if files, err = b.containerFiles(); err != nil {
			return err
		}
	}
	platforms := b.platforms()
	var executables []dist.Executable
	for _, platform := range platforms {
		executable, err := b.buildServer(ctx, main, platform)
		if err != nil || len(b.report.Failed) > 0 {
			return err
		}
		executables = append(executables, executable)
	}
	for i, executable := range executables {
		program := platforms[i]
		program.Path = executable.Path
		if program.Result, program.Size, err = b.dist.Install(executable); err != nil {
			return err
		}
		b.report.Programs = append(b.report.Programs, program)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := b.text(name, files[name]); err != nil {
			return err
		}
	}
	return nil
}

// platforms returns the operating systems and architectures to build for.
func (b *builder) platforms() []Program {
	switch {
	case b.Target == Container && b.Arch == "":
		return []Program{{OS: "linux", Arch: "amd64"}, {OS: "linux", Arch: "arm64"}}
	case b.Target == Container:
		return []Program{{OS: "linux", Arch: b.Arch}}
	}
	arch := b.Arch
	if arch == "" {
		arch = b.getenv("GOARCH", runtime.GOARCH)
	}
	return []Program{{OS: b.getenv("GOOS", runtime.GOOS), Arch: arch}}
}

// buildServer builds the server for a platform into the stage. Functions that
// do not compile are added to the report.
func (b *builder) buildServer(
	ctx context.Context, main generator.MainPackage, platform Program,
) (dist.Executable, error) {
	staged := path.Join(platform.OS, platform.Arch)
	out, err := b.dist.Staged(staged)
	if err != nil {
		return dist.Executable{}, err
	}
	name := "server"
	if platform.OS == "windows" {
		name += ".exe"
	}
	target := name
	environ := []string{"GOOS=" + platform.OS, "GOARCH=" + platform.Arch}
	if b.Target == Container {
		target = path.Join(staged, name)
		environ = append(environ, "CGO_ENABLED=0") // the image has no C library
	} else if b.getenv("CGO_ENABLED", "") == "" {
		environ = append(environ, "CGO_ENABLED=0")
	}
	executable, err := b.dist.Executable(target, path.Join(staged, name))
	if err != nil {
		return executable, err
	}
	err = b.overlay(main.Files, environ...).Build(ctx, filepath.Join(out, name), main.Package)
	if broken := (*overlay.BuildError)(nil); errors.As(err, &broken) {
		output := explain(broken.Output, []generator.MainPackage{main}, b.functions)
		b.report.Failed = append(b.report.Failed, b.serverFailures(output)...)
		return executable, diskFull(output)
	}
	return executable, err
}

// serverFailures returns the functions that have errors of their own, or the
// server itself if none has.
func (b *builder) serverFailures(output string) []Failure {
	byFunction, others := attribute(output, b.functions)
	if len(byFunction) == 0 {
		return []Failure{{Function: "server", Errors: others}}
	}
	var failures []Failure
	for name, errs := range byFunction {
		failures = append(failures, Failure{Function: name, Errors: errs})
	}
	return failures
}

// getenv returns a variable of the go command's environment, or a default.
func (b *builder) getenv(name, fallback string) string {
	for _, variable := range slices.Backward(b.Environ) { // the last value counts
		if value, ok := strings.CutPrefix(variable, name+"="); ok && value != "" {
			return value
		}
	}
	return fallback
}

// mainOptions returns where the main packages of a project are built: in the
// functions directory, so that they may import internal packages there, and
// below a directory that the go command ignores. Nothing is written to it.
func mainOptions(p *project.Project, module string) generator.MainOptions {
	return generator.MainOptions{
		Module: module, Lib: p.Lib, Dir: path.Join(p.Functions, ".fngen"), Lease: hasLease(p),
	}
}

// hasLease reports whether the project has the support package lease.
func hasLease(p *project.Project) bool {
	exists, err := p.HasDir(generator.PackageDir(p.Lib, "lease"))
	return err == nil && exists
}

// serverMain returns the main package of a server, which is named command.
func serverMain(
	options generator.MainOptions, command string, functions []project.Function,
) (generator.MainPackage, error) {
	var refs []generator.FunctionRef
	for _, f := range functions {
		refs = append(refs, f.Ref(options.Module))
	}
	return generator.ServerMain(options, command, refs)
}
