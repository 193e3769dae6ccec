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
	template string // in templates/function
	suffix   string // of the file's name, after the function's
	kind     Kind   // of the functions that have it, or "" for all
	test     bool   // only tests need it
	fixtures bool   // only a function with fixtures has it
}

func functionFiles() []functionFile {
	var files []functionFile
	for _, kind := range Kinds() {
		prefix := ""
		if kind != KindHTTP {
			prefix = string(kind) + "_"
		}
		files = append(files,
			functionFile{template: prefix + "handler.go.tmpl", suffix: ".go", kind: kind},
			functionFile{template: prefix + "test.go.tmpl", suffix: "_test.go", kind: kind, test: true},
			functionFile{
				template: prefix + "fixtures_test.go.tmpl", suffix: "_fixtures_test.go", kind: kind,
				test: true, fixtures: true,
			},
		)
	}
	return append(files, functionFile{template: "scenarios_test.go.tmpl", suffix: "_scenarios_test.go", test: true})
}

// OwnFiles returns the paths, relative to the functions directory, of the files
// that fngen can write for the function name. Functions of all kinds have the
// same ones.
func OwnFiles(name string) []string {
	var files []string
	for _, file := range functionFiles() {
		if file.kind == KindHTTP || file.kind == "" {
			files = append(files, path.Join(name, path.Base(name)+file.suffix))
		}
	}
	return files
}

// render executes the templates of a function's files. The paths of the files
// are relative to the functions directory.
func render(spec Spec, data TemplateData) ([]File, error) {
	wanted := slices.DeleteFunc(functionFiles(), func(file functionFile) bool {
		isOther := file.kind != "" && file.kind != spec.kind()
		return isOther || file.test && spec.NoTests || file.fixtures && !spec.Fixtures
	})
	// Parsing and formatting take most of a plan's time, so the files are
	// rendered in parallel.
	files, errs := make([]File, len(wanted)), make([]error, len(wanted))
	var renders sync.WaitGroup
	for i, file := range wanted {
		renders.Go(func() {
			files[i].Path = path.Join(data.Name, spec.Name.Base()+file.suffix)
			files[i].Data, errs[i] = renderFile(file.template, data)
		})
	}
	renders.Wait()
	return files, errors.Join(errs...)
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
		return nil, fmt.Errorf("template %s: the output is not Go: %w\n%s", template, err, numberLines(source))
	}
	return data, nil
}

// numberLines returns text with a number before each line.
func numberLines(text string) string {
	var b strings.Builder
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		fmt.Fprintf(&b, "%4d  %s\n", i+1, line)
	}
	return b.String()
}
