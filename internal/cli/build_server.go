package cli

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
	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/dist"
	"github.com/fngen/fngen/internal/program"
)

// server builds one program of all functions.
func (b *builder) server(ctx context.Context, folder *dist.Folder, report *buildJSON) error {
	p, err := b.serverProgram(place(b.project, b.module))
	if err != nil {
		return err
	}
	systems := []programJSON{{OS: envOr(b.w, "GOOS", runtime.GOOS), Arch: envOr(b.w, "GOARCH", runtime.GOARCH)}}
	if b.o.arch != "" {
		systems[0].Arch = b.o.arch
	}
	if b.o.target == targetContainer {
		systems = []programJSON{{OS: "linux", Arch: "amd64"}, {OS: "linux", Arch: "arm64"}}
		if b.o.arch != "" {
			systems = []programJSON{{OS: "linux", Arch: b.o.arch}}
		}
	}
	tags := strings.Join(b.project.Tags(), ",")
	var programs []dist.Program
	for _, s := range systems {
		staged := path.Join(s.OS, s.Arch)
		out, err := folder.Staged(staged)
		if err != nil {
			return err
		}
		name := "server"
		if s.OS == "windows" {
			name += ".exe"
		}
		environ := []string{"GOOS=" + s.OS, "GOARCH=" + s.Arch}
		target := name
		if b.o.target == targetContainer {
			target = path.Join(staged, name)
			environ = append(environ, "CGO_ENABLED=0") // the image has no C library
		} else if b.w.Env("CGO_ENABLED") == "" {
			environ = append(environ, "CGO_ENABLED=0")
		}
		prepared, err := folder.Program(target, path.Join(staged, name))
		if err != nil {
			return err
		}
		err = b.overlay(p.Files, tags, environ...).Build(ctx, filepath.Join(out, name), p.Package)
		if broken := (*program.BuildError)(nil); errors.As(err, &broken) {
			output := compilerSays(broken.Output, []generator.MainPackage{p}, b.functions)
			report.Failed = append(report.Failed, b.serverFailures(output)...)
			return full([]string{output})
		} else if err != nil {
			return err
		}
		programs = append(programs, prepared)
	}
	for i, prepared := range programs {
		s := systems[i]
		s.Path = b.path(folder, prepared.Path)
		if s.Action, s.Size, err = folder.Take(prepared); err != nil {
			return err
		}
		report.Programs = append(report.Programs, s)
	}
	if b.o.target != targetContainer {
		return nil
	}
	var architectures []string
	for _, s := range systems {
		architectures = append(architectures, s.Arch)
	}
	files, err := artifact.Container(b.module, architectures)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := b.text(folder, name, files[name], report); err != nil {
			return err
		}
	}
	return nil
}

// envOr is a variable of the environment, or else what is given.
func envOr(w World, name, otherwise string) string {
	if value := w.Env(name); value != "" {
		return value
	}
	return otherwise
}

func (b *builder) serverProgram(place generator.MainOptions) (generator.MainPackage, error) {
	var handlers []generator.FunctionRef
	for _, f := range b.functions {
		handlers = append(handlers, f.In(b.module))
	}
	return generator.ServerMain(place, "server", handlers)
}

// serverFailures are the functions that keep a server from being built: those that have errors of their own, or else the server itself.
func (b *builder) serverFailures(output string) []failedJSON {
	own, others := blame(b.functions, output)
	if len(own) == 0 {
		return []failedJSON{{"server", others}}
	}
	var failed []failedJSON
	for name, errs := range own {
		failed = append(failed, failedJSON{name, errs})
	}
	return failed
}
