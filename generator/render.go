package generator

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"text/template"

	"golang.org/x/tools/imports"

	"github.com/fngen/fngen/templates"
)

// A functionFile is a file that a function can have.
type functionFile struct {
	template string // in templates/function, or one of the project's own
	suffix   string // of the file's name, after the function's
	kind     Kind   // of the functions that have it, or "" for all
	test     bool   // only tests need it
	fixtures bool   // only a function with fixtures has it
	extra    bool   // the project has a template of its own for it, whose name says the file's
}

// handlerSuffix is the suffix of the file that declares Handler.
const handlerSuffix = ".go"

// functionFiles returns the files that functions can have, for all kinds. Those
// of one function have different suffixes.
func functionFiles() []functionFile {
	files := []functionFile{
		{template: "handler.go.tmpl", suffix: handlerSuffix, kind: KindHTTP},
		{template: "test.go.tmpl", suffix: "_test.go", kind: KindHTTP, test: true},
		{template: "scenarios_test.go.tmpl", suffix: "_scenarios_test.go", test: true},
		{template: "fixtures_test.go.tmpl", suffix: "_fixtures_test.go", kind: KindHTTP, test: true, fixtures: true},
	}
	for _, file := range slices.Clone(files) {
		for _, kind := range Kinds() {
			if file.kind == KindHTTP && kind != KindHTTP {
				other := file
				other.template, other.kind = string(kind)+"_"+file.template, kind
				files = append(files, other)
			}
		}
	}
	return files
}

// name returns the file's name for a function whose name ends with base.
func (f functionFile) name(base string) string {
	if f.extra {
		return strings.ReplaceAll(strings.TrimSuffix(f.template, templateExt), placeholder, base)
	}
	return base + f.suffix
}

// OwnFiles returns the paths, relative to the functions directory, of the files
// that fngen can write for the function name without templates of the project.
// Functions of all kinds have the same ones.
func OwnFiles(name string) []string {
	var files []string
	for _, file := range functionFiles() {
		if file.kind == KindHTTP || file.kind == "" {
			files = append(files, path.Join(name, file.name(path.Base(name))))
		}
	}
	return files
}

// FunctionFiles returns the paths, relative to the project's root, of the files
// that fngen can write for the function name, and of those that it wrote according
// to fngen.sum.
func (p Project) FunctionFiles(name string) []string {
	dir := path.Join(p.Functions, name)
	var files []string
	for _, file := range OwnFiles(name) {
		files = append(files, path.Join(p.Functions, file))
	}
	if extra, err := p.extraFiles(path.Base(name)); err == nil {
		for _, file := range extra {
			files = append(files, path.Join(dir, file.name(path.Base(name))))
		}
	}
	for _, file := range recordedIn(p.FngenSum, dir) {
		if !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	return files
}

// render executes the templates of a function's files. The paths of the files
// are relative to the functions directory.
func (p Project) render(spec Spec, data TemplateData) ([]File, error) {
	renderFile, all := renderFile, functionFiles()
	if len(p.Templates) > 0 {
		extra, err := p.extraFiles(spec.Name.Base())
		if err != nil {
			return nil, err
		}
		set, err := p.newTemplateSet()
		if err != nil {
			return nil, err
		}
		renderFile, all = set.render, append(all, extra...)
	}
	wanted := slices.DeleteFunc(all, func(file functionFile) bool {
		isOther := file.kind != "" && file.kind != spec.kind()
		return isOther || file.test && spec.NoTests || file.fixtures && !spec.Fixtures
	})
	// Parsing and formatting take most of a plan's time, so the files are
	// rendered in parallel.
	files, errs := make([]File, len(wanted)), make([]error, len(wanted))
	var renders sync.WaitGroup
	for i, file := range wanted {
		renders.Go(func() {
			files[i].Path = path.Join(data.Name, file.name(spec.Name.Base()))
			files[i].Data, errs[i] = renderFile(file.template, data)
		})
	}
	renders.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for i, file := range wanted {
		if file.suffix == handlerSuffix && files[i].Data == nil {
			return nil, &TemplateError{
				Path:   path.Join(TemplatesDir(p.Functions), file.template),
				Reason: "the output is empty",
				hint:   "print the Go file that declares Handler",
			}
		}
	}
	return slices.DeleteFunc(files, func(f File) bool { return f.Data == nil }), nil
}

// renderFile executes a template of package templates and formats the result.
func renderFile(name string, data TemplateData) ([]byte, error) {
	// Templates use the blocks.
	set, err := template.ParseFS(templates.Function, "function/blocks.tmpl", "function/"+name)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	var text strings.Builder
	if err := set.ExecuteTemplate(&text, name, data); err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	return format(name, text.String())
}

// format formats Go source as goimports does, without changing its imports.
// Templates name all imports: goimports would search the disk for missing ones.
func format(template, source string) ([]byte, error) {
	data, err := imports.Process("", []byte(source), &imports.Options{
		FormatOnly: true, Comments: true, TabIndent: true, TabWidth: 8,
	})
	if err != nil {
		return nil, newOutputError(template, source, err)
	}
	return data, nil
}
