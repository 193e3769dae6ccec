package cli

import (
	"path"
	"slices"
	"strings"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/devserver"
	"github.com/fngen/fngen/internal/dotenv"
	"github.com/fngen/fngen/internal/program"
	"github.com/fngen/fngen/internal/project"
)

// place is where in a project fngen's programs are built: inside the functions directory, where Go's rule of internal
// packages lets them import all, and in a folder that the go command passes over. Nothing is written there.
func place(p *project.Project, module string) generator.MainOptions {
	return generator.MainOptions{Module: module, Lib: p.Lib, Dir: path.Join(p.Functions, ".fngen")}
}

// compilerSays gives what the compiler says of a program in terms of the functions in it.
func compilerSays(output string, programs []generator.MainPackage, functions []project.Function) string {
	return program.Explain(output, func(file string, line int) []program.Declared {
		for _, p := range programs {
			if file != path.Join(p.Package, "main.go") {
				continue
			}
			i := slices.IndexFunc(functions, func(f project.Function) bool { return f.Name == p.Lines[line] })
			if i < 0 {
				return nil
			}
			f := functions[i]
			return []program.Declared{
				{Name: f.Handler.Name, Want: program.HandlerType, File: f.Handler.File, Line: f.Handler.Line},
				{Name: f.Shutdown.Name, Want: program.ShutdownType, File: f.Shutdown.File, Line: f.Shutdown.Line},
			}
		}
		return nil
	})
}

// A serving is how a server program of a project's functions is built.
type serving struct {
	command string   // the name of its package
	use     string   // of .env files: development or production
	only    string   // a function's name, or "" for all
	flags   []string // of go build
}

// plan is a server program of the functions as they are.
func (s serving) plan(w World, p *project.Project) (devserver.Program, error) {
	functions, skipped, err := p.List()
	if err != nil {
		return devserver.Program{}, err
	}
	var broken []string
	var notes []string
	for _, skip := range skipped {
		if skip.Kind == project.SkipUnparsable {
			broken = append(broken, skip.Err.Error())
		} else {
			notes = append(notes, skipNote(skip))
		}
	}
	if len(broken) > 0 {
		return devserver.Program{}, &program.BuildError{Output: strings.Join(broken, "\n")}
	}
	if s.only != "" {
		functions = slices.DeleteFunc(functions, func(f project.Function) bool { return f.Name != s.only })
	}
	module, err := p.Module()
	if err != nil {
		return devserver.Program{}, err
	}
	var handlers []generator.FunctionRef
	for _, f := range functions {
		handlers = append(handlers, f.In(module))
	}
	built, err := generator.ServerMain(place(p, module), s.command, handlers)
	if err != nil {
		return devserver.Program{}, err
	}
	environ := w.Environ()
	added, err := dotenv.Read(p.Root.FS(), dotenv.For(s.use), environ)
	if err != nil {
		return devserver.Program{}, err
	}
	plan := devserver.Program{
		Overlay: program.Overlay{Root: p.Dir, Files: built.Files, Flags: s.flags, Environ: environ},
		Package: built.Package,
		Environ: append(slices.Clone(environ), added...),
		Notes:   notes,
		Explain: func(output string) string { return compilerSays(output, []generator.MainPackage{built}, functions) },
	}
	for _, f := range functions {
		plan.Routes = append(plan.Routes, devserver.Route{
			Name: f.Name, Webhook: slices.Contains(f.Imports, path.Join(module, p.Lib, "webhooks")),
		})
	}
	return plan, nil
}

// buildFlags returns flags of go build: the build tags, and flags of the linker
// that omit what only debuggers read, unless GOFLAGS has some.
func buildFlags(w World, p *project.Project, flags ...string) []string {
	if tags := p.Tags(); len(tags) > 0 {
		flags = append(flags, "-tags="+strings.Join(tags, ","))
	}
	if !strings.Contains(w.Env("GOFLAGS"), "-ldflags") {
		flags = append(flags, "-ldflags=-s -w")
	}
	return flags
}

// debugFlags returns flags of go build for a program that runs under a
// debugger: the project's packages are not optimized, and keep their debug
// information.
func debugFlags(p *project.Project) ([]string, error) {
	module, err := p.Module()
	if err != nil {
		return nil, err
	}
	flags := []string{"-gcflags=" + module + "/...=-N -l"}
	if tags := p.Tags(); len(tags) > 0 {
		flags = append(flags, "-tags="+strings.Join(tags, ","))
	}
	return flags, nil
}
