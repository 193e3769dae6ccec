package build

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/dotenv"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/overlay"
	"github.com/fngen/fngen/internal/project"
	"github.com/fngen/fngen/internal/tempdir"
)

// An Executable is a program of a project that is built to run on this machine:
// a server of its functions, or the one that applies migrations.
type Executable struct {
	Overlay   overlay.Overlay
	Package   string             // directory of the main package, relative to Overlay.Root
	Environ   []string           // the environment to run it in, with the variables of the .env files
	Functions []project.Function // those that it serves
	Skipped   []project.Skipped  // what List skipped

	mains []generator.MainPackage
}

// ServerOptions say how a server is built to run on this machine.
type ServerOptions struct {
	Command  string   // name of the main package, such as dev
	Mode     string   // selects the .env files: development or production
	Function string   // the only function to serve, or "" for all
	Debug    bool     // build for a debugger, without optimization
	Trimpath bool     // omit this machine's paths
	Environ  []string // environment of the go command and of the server
}

// NewServer returns a server of the project's functions as they are on disk
// now. If one does not parse, or a declaration is invalid, the error is an
// *overlay.BuildError.
func NewServer(p *project.Project, o ServerOptions) (Executable, error) {
	functions, skipped, err := p.List()
	if invalid := (*project.DeclarationError)(nil); errors.As(err, &invalid) {
		return Executable{}, hint.With(&overlay.BuildError{Output: err.Error()}, hint.Of(err))
	} else if err != nil {
		return Executable{}, err
	}
	var broken []string
	for _, s := range skipped {
		if s.Kind == project.SkipUnparsable {
			broken = append(broken, s.Err.Error())
		}
	}
	if len(broken) > 0 {
		return Executable{}, &overlay.BuildError{Output: strings.Join(broken, "\n")}
	}
	if o.Function != "" {
		functions = slices.DeleteFunc(functions, func(f project.Function) bool { return f.Name != o.Function })
	}
	module, err := p.Module()
	if err != nil {
		return Executable{}, err
	}
	main, err := serverMain(mainOptions(p, module), o.Command, functions)
	if err != nil {
		return Executable{}, err
	}
	flags := linkerFlags(o.Environ)
	if o.Debug {
		flags = []string{"-gcflags=" + module + "/...=-N -l"}
	}
	if o.Trimpath {
		flags = append(flags, "-trimpath")
	}
	e, err := newExecutable(p, main, o.Mode, o.Environ, flags)
	e.Functions, e.Skipped = functions, skipped
	return e, err
}

// NewMigrator returns the program that applies the migrations of package db.
func NewMigrator(p *project.Project, environ []string) (Executable, error) {
	module, err := p.Module()
	if err != nil {
		return Executable{}, err
	}
	main, err := generator.MigrateMain(mainOptions(p, module))
	if err != nil {
		return Executable{}, err
	}
	return newExecutable(p, main, "development", environ, linkerFlags(environ))
}

func newExecutable(
	p *project.Project, main generator.MainPackage, mode string, environ, flags []string,
) (Executable, error) {
	if tags := p.Tags(); len(tags) > 0 {
		flags = append(flags, "-tags="+strings.Join(tags, ","))
	}
	variables, err := dotenv.Read(p.Root.FS(), dotenv.For(mode), environ)
	if err != nil {
		return Executable{}, err
	}
	return Executable{
		Overlay: overlay.Overlay{Root: p.Dir, Files: main.Files, Flags: flags, Environ: toolEnviron(environ)},
		Package: main.Package,
		Environ: slices.Concat(environ, variables),
		mains:   []generator.MainPackage{main},
	}, nil
}

// linkerFlags returns flags that omit debugging information, unless GOFLAGS has
// linker flags.
func linkerFlags(environ []string) []string {
	for _, variable := range environ {
		if strings.HasPrefix(variable, "GOFLAGS=") && strings.Contains(variable, "-ldflags") {
			return nil
		}
	}
	return []string{"-ldflags=-s -w"}
}

// toolEnviron returns the environment of the go command, the compiler and the
// linker. They collect garbage less often than by default, since someone waits
// for the program: that saves about a twentieth of the time.
func toolEnviron(environ []string) []string {
	if slices.ContainsFunc(environ, func(v string) bool { return strings.HasPrefix(v, "GOGC=") }) {
		return environ
	}
	return append(slices.Clip(environ), "GOGC=400")
}

// Explain rewrites the compiler's messages so that their positions are in the
// functions' files.
func (e Executable) Explain(output string) string {
	return explain(output, e.mains, e.Functions)
}

// Build builds the executable to a file. If it does not compile, the error is
// an *overlay.BuildError about the functions' files.
func (e Executable) Build(ctx context.Context, file string) error {
	err := e.Overlay.Build(ctx, file, e.Package)
	if broken := (*overlay.BuildError)(nil); errors.As(err, &broken) {
		return &overlay.BuildError{Output: e.Explain(broken.Output)}
	}
	return err
}

// BuildTemp builds the executable in a temporary directory, and returns its
// path and a function that removes it.
func (e Executable) BuildTemp(ctx context.Context) (file string, remove func() error, err error) {
	dir, err := tempdir.New("run")
	if err != nil {
		return "", nil, err
	}
	file = filepath.Join(dir.Path, "program.exe") // Windows requires the extension, other systems ignore it
	if err := e.Build(ctx, file); err != nil {
		return "", nil, errors.Join(err, dir.Remove())
	}
	return file, dir.Remove, nil
}
