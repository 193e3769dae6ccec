package cli

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/build"
	"github.com/fngen/fngen/internal/dist"
	"github.com/fngen/fngen/internal/project"
)

// buildOptions are the parsed flags and arguments of fngen build.
type buildOptions struct {
	build.Options
	out      string // "" is dist at the project's root
	emitMain string
	tags     string
	json     bool
}

func newBuild(w World) *cobra.Command {
	o := buildOptions{Options: build.Options{Target: build.Lambda}}
	cmd := &cobra.Command{
		Use:   "build [name...]",
		Short: "Build the functions for AWS Lambda, as a server or as a container",
		Long: `Build all functions, or those that you name.

For AWS Lambda, the default, each function becomes a static executable for
Linux, dist/NAME/bootstrap, and a zip file of it, dist/NAME.zip.
dist/template.yaml describes all functions to AWS SAM. A server is one
executable of all functions, dist/server. A container is a server for Linux with
a Dockerfile and manifests for Kubernetes and Knative.

The default architecture is that of fngen.toml or arm64 for AWS Lambda, that of
this machine for a server, and both for a container.

The main packages are generated for the build and not written to disk, unless
you pass --emit-main.`,
		Example: `  fngen build
  fngen build divide --arch amd64
  fngen build --target server
  fngen build --target container
  fngen build --emit-main cmd`,
		ValidArgsFunction: completeFunctions(w, -1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Names = args
			return runBuild(cmd, w, o)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	oneOf(cmd, "target", "TARGET", "what to build for: lambda, server or container (default lambda)",
		func(v string) { o.Target = build.Target(v) },
		string(build.Lambda), string(build.Server), string(build.Container))
	oneOf(cmd, "arch", "ARCH", "architecture: arm64 or amd64", func(v string) { o.Arch = v }, "arm64", "amd64")
	out := requiredValue{"DIR", func(v string) error { o.out = v; return nil }}
	flags.VarP(out, "output", "o", "directory of the results (default dist, beside go.mod)")
	oneOf(cmd, "api", "KIND", "API of the SAM template: http or rest (default http)",
		func(v string) { o.REST = v == "rest" }, "http", "rest")
	requiredText(flags, &o.emitMain, "emit-main", "DIR", "only write the main packages, as files below DIR")
	requiredText(flags, &o.tags, "tags", "TAG,...", tagsUsage)
	flags.BoolVar(&o.json, "json", false, "print the report as JSON")
	return cmd
}

func runBuild(cmd *cobra.Command, w World, o buildOptions) error {
	p, err := openProject(cmd, w, build.ProjectOptions(o.Target, o.Arch, project.ParseTags(o.tags)))
	if err != nil {
		return err
	}
	defer p.Close()
	o.Environ = w.Environ()
	noted := []noteJSON{}
	o.Note = func(text, hint string) {
		w.note(text, hint)
		noted = append(noted, noteJSON{text, hint})
	}
	o.Display = func(file string) string { return relative(file, "") }
	if o.emitMain != "" {
		return emitMain(cmd, w, p, o, &noted)
	}
	dir := filepath.Join(p.Dir, dist.Default)
	if o.out != "" {
		if dir, err = fromCwd(cmd, o.out); err != nil {
			return err
		}
	}
	report, err := build.Build(cmd.Context(), p, dir, o.Options)
	if err != nil {
		return err
	}
	if out, err := filepath.Rel(p.Dir, dir); err == nil && filepath.IsLocal(out) {
		for _, n := range p.UnignoredNotes(cmd.Context(), filepath.ToSlash(out)+"/") {
			o.Note(n.Text, n.Hint)
		}
	}
	if err := printBuild(w, report, noted, dir, o.json); err != nil {
		return err
	}
	return report.Err()
}

// emitMain writes the main packages into the project and lists them.
func emitMain(cmd *cobra.Command, w World, p *project.Project, o buildOptions, noted *[]noteJSON) error {
	dir, err := fromCwd(cmd, o.emitMain)
	if err != nil {
		return err
	}
	emitted, err := build.Emit(cmd.Context(), p, dir, o.Options)
	if invalid := (*build.DirError)(nil); errors.As(err, &invalid) {
		return flagValueError{flag: "--emit-main", err: err, help: "fngen build --emit-main cmd"}
	} else if err != nil {
		return err
	}
	plan := generator.Plan{Files: emitted}
	for i := range plan.Files {
		plan.Files[i].Path = relative(p.Dir, plan.Files[i].Path)
	}
	if o.json {
		return printJSON(w.Stdout, struct {
			Files []fileJSON `json:"files"`
			Notes []noteJSON `json:"notes,omitempty"`
		}{files(plan), *noted})
	}
	if err := printFiles(w, plan, false); err != nil {
		return err
	}
	command := "go -C " + shellQuote(p.Dir) + " build"
	if inside(p.Dir) && relative(p.Dir, "") == "." {
		command = "go build"
	}
	target, err := filepath.Rel(p.Dir, dir)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.Stdout, "\nbuild      %s -o bin/ ./%s/...\n", command, filepath.ToSlash(target))
	return err
}
