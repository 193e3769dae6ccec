package cli

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

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/dist"
	"github.com/fngen/fngen/internal/program"
	"github.com/fngen/fngen/internal/project"
)

// What functions can be built for.
const (
	targetLambda    = "lambda"
	targetServer    = "server"
	targetContainer = "container"
)

// templateFile is the AWS SAM template beside the zip files.
const templateFile = "template.yaml"

// buildOptions are fngen build's command line, as values.
type buildOptions struct {
	names    []string
	target   string
	arch     string // or "" for what each function or target has
	out      string // or "" for dist at the project's root
	rest     bool
	emitMain string
	tags     string
	json     bool
}

func newBuild(w World) *cobra.Command {
	o := buildOptions{target: targetLambda}
	cmd := &cobra.Command{
		Use:   "build [name...]",
		Short: "Build the functions for AWS Lambda, as a server, or as a container",
		Long: `Build the functions that are named, or all.

For AWS Lambda, which is the default, each becomes a static program for Linux, dist/NAME/bootstrap,
and dist/NAME.zip of it, and dist/template.yaml describes them all to AWS SAM. As a server, all of
them are one program, dist/server. As a container, that program is built for Linux, with a Dockerfile
and manifests for Kubernetes and Knative beside it.

The programs' main packages are written nowhere, unless you ask for them with --emit-main.`,
		Example: `  fngen build
  fngen build divide --arch amd64
  fngen build --target server
  fngen build --target container
  fngen build --emit-main cmd`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.names = args
			return runBuild(cmd, w, o)
		},
	}
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		names := functionNames(cmd, w, nil)
		names = slices.DeleteFunc(names, func(name string) bool { return slices.Contains(args, name) })
		return names, cobra.ShellCompDirectiveNoFileComp
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	oneOf := func(name, form, usage string, set func(string), values ...string) {
		required(flags, name, form, usage, func(value string) error {
			if !slices.Contains(values, value) {
				return fmt.Errorf("want %s, not %q", strings.Join(values, " or "), value)
			}
			set(value)
			return nil
		})
		complete(cmd, name, values)
	}
	oneOf("target", "TARGET", "what to build for: lambda, server or container (default lambda)",
		func(v string) { o.target = v }, targetLambda, targetServer, targetContainer)
	oneOf("arch", "ARCH", "arm64 or amd64 (default: lambda as fngen.toml says, or arm64; server this machine's; container both)",
		func(v string) { o.arch = v }, "arm64", "amd64")
	out := requiredValue{"DIR", func(v string) error { o.out = v; return nil }}
	flags.VarP(out, "output", "o", "the folder of the results (default dist, beside go.mod)")
	oneOf("api", "KIND", "the API of the SAM template: http or rest (default http)", func(v string) { o.rest = v == "rest" }, "http", "rest")
	required(flags, "emit-main", "DIR", "only write the main packages, as ordinary files below DIR", func(v string) error { o.emitMain = v; return nil })
	required(flags, "tags", "TAG,...", "build tags, besides those of GOFLAGS", func(v string) error { o.tags = v; return nil })
	flags.BoolVar(&o.json, "json", false, "print the report as JSON")
	return cmd
}

// A brokenError names functions that do not build. What is wrong with each was said.
type brokenError struct{ names []string }

func (e brokenError) Error() string {
	if len(e.names) == 1 {
		return e.names[0] + " does not build"
	}
	return strings.Join(e.names, ", ") + " do not build"
}

// A builder builds functions of a project.
type builder struct {
	w       World
	o       buildOptions
	project *project.Project
	module  string
	environ []string

	all       []project.Function // that there are
	functions []project.Function // to build
	broken    []failedJSON       // of those to build
	unread    []string           // names of all that cannot be read, whichever are to be built
}

// platform returns the options to open the project with: the files that count
// are those of the platform that the build is for.
func (o buildOptions) platform() project.Options {
	options := project.Options{Tags: project.ParseTags(o.tags), GOARCH: o.arch}
	switch o.target {
	case targetLambda:
		options.GOOS, options.GOARCH = "linux", cmp.Or(o.arch, "arm64")
		options.Tags = append(options.Tags, "lambda.norpc")
	case targetContainer:
		options.GOOS, options.GOARCH = "linux", cmp.Or(o.arch, "amd64")
	}
	return options
}

func runBuild(cmd *cobra.Command, w World, o buildOptions) error {
	p, err := openProject(cmd, w, o.platform())
	if err != nil {
		return err
	}
	defer p.Close()
	b := &builder{w: w, o: o, project: p, environ: w.Environ()}
	if b.module, err = p.Module(); err != nil {
		return err
	}
	if err := b.choose(); err != nil {
		return err
	}
	if len(b.functions) == 0 && len(b.broken) == 0 {
		return noFunctionsError{p.Functions}
	}
	if o.emitMain != "" {
		dir, err := fromCwd(cmd, o.emitMain)
		if err != nil {
			return err
		}
		return b.emit(cmd.Context(), dir)
	}
	dir := filepath.Join(p.Dir, "dist")
	if o.out != "" {
		if dir, err = fromCwd(cmd, o.out); err != nil {
			return err
		}
	}
	report, err := b.build(cmd.Context(), dir)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return errInterrupted
		}
		return err
	}
	said := map[string]bool{}
	for _, f := range report.Failed {
		for _, message := range f.Errors {
			if !said[message] {
				fmt.Fprintln(w.Stderr, message)
			}
			said[message] = true
		}
	}
	if o.json {
		err = printJSON(w.Stdout, report)
	} else if len(report.Functions) > 0 || len(report.Programs) > 0 {
		err = b.print(report)
	}
	if err == nil && len(report.Failed) > 0 {
		broken := brokenError{}
		for _, f := range report.Failed {
			broken.names = append(broken.names, f.Function)
		}
		return broken
	}
	return err
}

// choose finds the functions that are named, or all.
func (b *builder) choose() error {
	all, skipped, err := b.project.List()
	if err != nil {
		return err
	}
	b.all = all
	broken := map[string]string{} // by name, what is wrong
	var names []string
	for i, f := range all {
		names = append(names, f.Name)
		if i > 0 && f.Name == all[i-1].Name { // a folder, and a file beside it
			return fmt.Errorf("two functions are called %s: one is in %s, one in %s", f.Name, all[i-1].Handler.File, f.Handler.File)
		}
	}
	for _, s := range skipped {
		name := s.Name
		if s.Kind == project.SkipUnparsable {
			broken[name] = oneLine(s.Err.Error())
			names, b.unread = append(names, name), append(b.unread, name)
		} else if len(b.o.names) == 0 || slices.Contains(b.o.names, name) {
			note(b.w.Stderr, skipNote(s), "")
		}
	}
	wanted := b.o.names
	if len(wanted) == 0 {
		wanted = names
	}
	wanted = slices.Compact(slices.Sorted(slices.Values(wanted)))
	for _, name := range wanted {
		if message, ok := broken[name]; ok {
			b.broken = append(b.broken, failedJSON{name, []string{message}})
			continue
		}
		i := slices.IndexFunc(all, func(f project.Function) bool { return f.Name == name })
		if i < 0 {
			return noFunctionError{"build", name, generator.Nearest(name, names)}
		}
		b.functions = append(b.functions, all[i])
	}
	return nil
}

// buildJSON is the report.
type buildJSON struct {
	Target    string         `json:"target"`
	Seconds   float64        `json:"seconds"` // that all of it took: what is built, is built at once
	Functions []functionJSON `json:"functions"`
	Programs  []programJSON  `json:"programs"`
	Files     []outputJSON   `json:"files"`
	Failed    []failedJSON   `json:"failed"`
}

// functionJSON is a function that was built for AWS Lambda. Sizes are in bytes.
type functionJSON struct {
	Function  string      `json:"function"`
	Arch      string      `json:"arch"`
	Action    dist.Action `json:"action"`
	Bootstrap string      `json:"bootstrap"`
	Size      int64       `json:"size"`
	Zip       string      `json:"zip"`
	ZipSize   int64       `json:"zipSize"`
}

// programJSON is a server.
type programJSON struct {
	OS     string      `json:"os"`
	Arch   string      `json:"arch"`
	Action dist.Action `json:"action"`
	Path   string      `json:"path"`
	Size   int64       `json:"size"`
}

// outputJSON is a text file beside what was built.
type outputJSON struct {
	Path   string      `json:"path"`
	Action dist.Action `json:"action"`
}

// failedJSON is a function that does not build.
type failedJSON struct {
	Function string   `json:"function"`
	Errors   []string `json:"errors"`
}

// build builds the functions into a folder.
func (b *builder) build(ctx context.Context, dir string) (_ buildJSON, err error) {
	start := time.Now()
	report := buildJSON{
		Target: b.o.target, Functions: []functionJSON{}, Programs: []programJSON{}, Files: []outputJSON{},
		Failed: append([]failedJSON{}, b.broken...),
	}
	var settings map[string]project.Lambda
	if b.o.target == targetLambda {
		if settings, err = b.settings(); err != nil {
			return report, err
		}
	} else if len(b.broken) > 0 {
		return report, nil // a server without some of its functions is not what was asked for
	}
	folder, err := dist.Open(ctx, b.project, dir)
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	if b.o.target == targetLambda {
		err = b.lambda(ctx, folder, settings, &report)
	} else {
		err = b.server(ctx, folder, &report)
	}
	var foreign *dist.ForeignError
	if errors.As(err, &foreign) {
		foreign.Path = b.path(folder, foreign.Path)
	}
	slices.SortFunc(report.Failed, func(a, b failedJSON) int { return strings.Compare(a.Function, b.Function) })
	report.Seconds = float64(time.Since(start).Milliseconds()) / 1000
	return report, err
}

// path is that of a file in the folder, from where the user is.
func (b *builder) path(folder *dist.Folder, name string) string {
	return relative(folder.Dir, name)
}

// overlay builds programs for production.
func (b *builder) overlay(files map[string][]byte, tags string, environ ...string) program.Overlay {
	return program.Overlay{
		Root: b.project.Dir, Files: files, Environ: slices.Concat(b.environ, environ),
		Flags: []string{"-trimpath", "-ldflags=-s -w", "-tags=" + tags},
	}
}

// full is the error of a disk that the go command has filled up: it is not the functions'.
func full(output []string) error {
	if strings.Contains(strings.Join(output, "\n"), syscall.ENOSPC.Error()) {
		return fmt.Errorf("the go command: %w", syscall.ENOSPC)
	}
	return nil
}

// blame finds out which functions' files the compiler has messages of, and which messages are of others, that functions may import.
func blame(functions []project.Function, output string) (own map[string][]string, others []string) {
	own = map[string][]string{}
	for _, message := range messages(output) {
		i := slices.IndexFunc(functions, func(f project.Function) bool {
			return slices.ContainsFunc(f.Files, func(file string) bool { return strings.HasPrefix(filepath.ToSlash(message), file+":") })
		})
		if i < 0 {
			others = append(others, message)
		} else {
			own[functions[i].Name] = append(own[functions[i].Name], message)
		}
	}
	return own, others
}

// messages are those that the compiler's output has, each once and without headings. The lines that go on are indented.
func messages(output string) []string {
	var all []string
	for line := range strings.SplitSeq(output, "\n") {
		switch {
		case strings.TrimSpace(line) == "", strings.HasPrefix(line, "# "):
		case strings.HasPrefix(line, "\t") && len(all) > 0:
			all[len(all)-1] += "\n" + line
		default:
			all = append(all, strings.TrimPrefix(line, "./"))
		}
	}
	said := map[string]bool{}
	return slices.DeleteFunc(all, func(message string) bool {
		again := said[message]
		said[message] = true
		return again
	})
}

// text writes a text file.
func (b *builder) text(folder *dist.Folder, name string, data []byte, report *buildJSON) error {
	action, err := folder.Text(name, data)
	if err != nil {
		return err
	}
	if action == dist.Keep {
		fmt.Fprintf(b.w.Stderr, "fngen: note: %s is yours, and left as it is: it does not begin with %q\n", b.path(folder, name), artifact.Marker)
	}
	report.Files = append(report.Files, outputJSON{b.path(folder, name), action})
	return nil
}
