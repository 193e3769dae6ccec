// Package build builds a project's functions for AWS Lambda, as a server or as
// a container, and writes their main packages into the project on request. It
// takes plain values and returns a [Report]; it prints nothing.
//
// The main packages of programs are generated for each build. The go command
// finds them through an overlay, so nothing is written into the project's tree.
package build

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/dist"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/overlay"
	"github.com/fngen/fngen/internal/project"
)

// A Target is what functions are built for.
type Target string

// The targets.
const (
	Lambda    Target = "lambda"    // an executable and a zip file for each function, and a SAM template
	Server    Target = "server"    // one executable that serves all functions
	Container Target = "container" // a server for Linux, a Dockerfile and manifests
)

// Options say what to build.
type Options struct {
	Target  Target
	Names   []string // functions to build; all if it is empty
	Arch    string   // GOARCH; "" is the default of each function or target
	REST    bool     // the SAM template has a REST API instead of an HTTP API
	Environ []string // environment of the go command, as os.Environ returns it

	// Note receives notes for the user, and Display formats the absolute path
	// of a file for notes and errors. Both are required.
	Note    func(message, advice string)
	Display func(file string) string
}

// ProjectOptions returns the options to open a project with for a build: its
// functions are those that the target's platform has.
func ProjectOptions(target Target, arch string, tags []string) project.Options {
	options := project.Options{Tags: tags, GOARCH: arch}
	switch target {
	case Lambda:
		options.GOOS, options.GOARCH = "linux", cmp.Or(arch, "arm64")
		// This tag omits aws-lambda-go's support of the retired go1.x runtime.
		options.Tags = append(slices.Clip(tags), "lambda.norpc")
	case Container:
		options.GOOS, options.GOARCH = "linux", cmp.Or(arch, "amd64")
	}
	return options
}

// A Report says what a build did. Paths are relative to the build's directory,
// with forward slashes; sizes are in bytes.
type Report struct {
	Target    Target     `json:"target"`
	Seconds   float64    `json:"seconds"` // of the whole build, which builds everything at once
	Functions []Function `json:"functions"`
	Programs  []Program  `json:"programs"`
	Files     []File     `json:"files"`
	Failed    []Failure  `json:"failed"`
}

// A Function is a function that was built for AWS Lambda.
type Function struct {
	Name      string      `json:"function"`
	Arch      string      `json:"arch"`
	Result    dist.Result `json:"action"`
	Bootstrap string      `json:"bootstrap"` // path of the executable
	Size      int64       `json:"size"`
	Zip       string      `json:"zip"`
	ZipSize   int64       `json:"zipSize"`
}

// A Program is a server that was built.
type Program struct {
	OS     string      `json:"os"`
	Arch   string      `json:"arch"`
	Result dist.Result `json:"action"`
	Path   string      `json:"path"`
	Size   int64       `json:"size"`
}

// A File is a text file that belongs to what was built.
type File struct {
	Path   string      `json:"path"`
	Result dist.Result `json:"action"`
}

// A Failure is a function that does not build. Errors are the compiler's
// messages, with positions in the function's source.
type Failure struct {
	Function string   `json:"function"`
	Errors   []string `json:"errors"`

	hint string // what to do about it, or ""
}

// Err returns a *FailedError if functions do not build.
func (r Report) Err() error {
	if len(r.Failed) == 0 {
		return nil
	}
	return &FailedError{r.Failed}
}

// A FailedError names functions that do not build.
type FailedError struct{ Failures []Failure }

func (e *FailedError) Error() string {
	var names []string
	for _, f := range e.Failures {
		names = append(names, f.Function)
	}
	if len(names) == 1 {
		return names[0] + " does not build"
	}
	return strings.Join(names, ", ") + " do not build"
}

// Hint returns what the user can do about the first failure that has a hint.
func (e *FailedError) Hint() string {
	for _, f := range e.Failures {
		if f.hint != "" {
			return f.hint
		}
	}
	return ""
}

// Detail returns the compiler's messages, each once.
func (e *FailedError) Detail() string {
	var messages []string
	for _, f := range e.Failures {
		for _, message := range f.Errors {
			if !slices.Contains(messages, message) {
				messages = append(messages, message)
			}
		}
	}
	return strings.Join(messages, "\n")
}

// Build builds functions of a project into a directory, an absolute path. A
// function that does not compile is in Report.Failed; the others are built all
// the same.
func Build(ctx context.Context, p *project.Project, dir string, o Options) (_ Report, err error) {
	start := time.Now()
	b, err := newBuilder(p, o)
	if err != nil {
		return Report{}, err
	}
	b.report = Report{
		Target: o.Target, Functions: []Function{}, Programs: []Program{}, Files: []File{},
		Failed: append([]Failure{}, b.broken...),
	}
	var settings map[string]project.Lambda
	if o.Target == Lambda {
		if settings, err = b.settings(); err != nil {
			return Report{}, err
		}
	} else if len(b.broken) > 0 {
		return b.report, nil // a server without some of its functions is of no use
	}
	if b.dist, err = dist.Open(ctx, p, dir); err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, b.dist.Close()) }()
	if o.Target == Lambda {
		err = b.lambda(ctx, settings)
	} else {
		err = b.server(ctx)
	}
	if foreign := (*dist.ForeignError)(nil); errors.As(err, &foreign) {
		foreign.Path = b.path(foreign.Path)
	}
	slices.SortFunc(b.report.Failed, func(a, b Failure) int { return strings.Compare(a.Function, b.Function) })
	b.report.Seconds = float64(time.Since(start).Milliseconds()) / 1000
	return b.report, err
}

// A builder builds functions of a project.
type builder struct {
	Options
	project *project.Project
	module  string
	dist    *dist.Dir

	all       []project.Function // every function of the project
	functions []project.Function // those to build
	broken    []Failure          // those to build that do not parse
	unusable  []string           // names of all functions that do not parse or have lost their handler
	report    Report
}

// newBuilder selects the functions to build. It fails if there are none, if a
// name in the options is unknown, or if two functions of the project have the
// same name.
func newBuilder(p *project.Project, o Options) (*builder, error) {
	b := &builder{Options: o, project: p}
	var err error
	if b.module, err = p.Module(); err != nil {
		return nil, err
	}
	all, skipped, err := p.List()
	if err != nil {
		return nil, err
	}
	b.all = all
	var names []string
	for i, f := range all {
		names = append(names, f.Name)
		if i > 0 && f.Name == all[i-1].Name { // a directory and a flat file
			return nil, fmt.Errorf("%s and %s are both the function %s", all[i-1].Handler.File, f.Handler.File, f.Name)
		}
	}
	if o.Target == Lambda {
		if err := artifact.CheckNames(names); err != nil {
			return nil, hint.With(err, "rename one of them")
		}
	}
	messages := map[string]string{} // of functions that cannot be built
	lost := map[string]bool{}       // those that export no handler any more
	for _, s := range skipped {
		if s.Kind == project.SkipUnparsable || s.Kind == project.SkipNoHandler && s.Recorded {
			messages[s.Name] = s.Err.Error()
			lost[s.Name] = s.Kind == project.SkipNoHandler
			names, b.unusable = append(names, s.Name), append(b.unusable, s.Name)
		} else if len(o.Names) == 0 || slices.Contains(o.Names, s.Name) {
			b.Note(s.String(), "")
		}
	}
	wanted := o.Names
	if len(wanted) == 0 {
		wanted = names
	}
	if len(wanted) == 0 {
		return nil, &project.NoFunctionsError{Dir: p.Functions}
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(wanted))) {
		if message, ok := messages[name]; ok {
			failure := Failure{Function: name, Errors: []string{message}}
			if lost[name] {
				failure.hint = "export the handler, or remove the function with fngen destroy function " + name
			}
			b.broken = append(b.broken, failure)
			continue
		}
		i := slices.IndexFunc(all, func(f project.Function) bool { return f.Name == name })
		if i < 0 {
			return nil, unknownFunction(name, names)
		}
		b.functions = append(b.functions, all[i])
	}
	return b, nil
}

func unknownFunction(name string, names []string) error {
	advice := "fngen list"
	if nearest := generator.Nearest(name, names); nearest != "" {
		advice = "fngen build " + nearest
	}
	return hint.Newf(advice, "no function %q", name)
}

// overlay returns the overlay that builds programs for production.
func (b *builder) overlay(files map[string][]byte, environ ...string) overlay.Overlay {
	return overlay.Overlay{
		Root: b.project.Dir, Files: files, Environ: slices.Concat(b.Environ, environ),
		Flags: []string{"-trimpath", "-ldflags=-s -w", "-tags=" + strings.Join(b.project.Tags(), ",")},
	}
}

// text writes a text file into the build's directory.
func (b *builder) text(name string, data []byte) error {
	result, err := b.dist.Text(name, data)
	if err != nil {
		return err
	}
	b.report.Files = append(b.report.Files, File{name, result})
	return nil
}

// path returns the path of a file in the build's directory for notes and
// errors.
func (b *builder) path(name string) string {
	return b.Display(filepath.Join(b.dist.Path, filepath.FromSlash(name)))
}

// diskFull returns an error if a full disk made the go command fail, which is
// not the functions' fault.
func diskFull(output string) error {
	if strings.Contains(output, syscall.ENOSPC.Error()) {
		return fmt.Errorf("go build: %w", syscall.ENOSPC)
	}
	return nil
}
