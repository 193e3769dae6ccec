package generator

import (
	"fmt"
	gofmt "go/format"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/fngen/fngen/templates"
)

// MainOptions say where in a project a main package is.
type MainOptions struct {
	Module string // module path
	Lib    string // directory of the support packages, relative to the project's root
	Dir    string // parent directory of main packages, relative to the project's root
	Lease  bool   // the project has the support package lease
}

// A MainPackage is a main package that fngen builds in a project without
// writing it there, with the packages that only it imports.
type MainPackage struct {
	Package string            // directory of the main package, relative to the project's root
	Files   map[string][]byte // contents by path, relative to the project's root
	Lines   map[int]string    // names of functions, by the line of Package/main.go that refers to each
}

// A FunctionRef describes how a main package refers to a function.
type FunctionRef struct {
	Function string // name of the function
	Path     string // import path of its package
	Package  string // name of its package
	Handler  string // exported handler
	Shutdown string // exported function that runs when the program ends, or ""

	Routes string // exported variable with the patterns of its routes, or ""
	CORS   bool   // it answers CORS preflights
	Stream bool   // its response is streamed

	Kind     Kind   // what calls it; "" is KindHTTP
	Responds bool   // its handler has a result besides its error
	Schedule string // exported constant that says when it runs, or ""
}

// MigrateMain returns the main package that applies the migrations of package
// db.
func MigrateMain(options MainOptions) (MainPackage, error) {
	p := MainPackage{Package: path.Join(options.Dir, "migrate"), Files: map[string][]byte{}}
	text, err := templates.Runtime.ReadFile("runtime/migrate/main.go")
	if err != nil {
		return MainPackage{}, err
	}
	return p, p.add(options, path.Join(p.Package, "main.go"), text)
}

// HTTP reports whether HTTP requests call the function.
func (f FunctionRef) HTTP() bool { return f.Kind == "" || f.Kind == KindHTTP }

// Trigger returns the name of the kind in package trigger.
func (f FunctionRef) Trigger() string {
	return map[Kind]string{
		KindSchedule: "Schedule", KindQueue: "Queue", KindS3: "S3", KindSNS: "SNS", KindEventBridge: "EventBridge",
		KindDynamoDB: "DynamoDB", KindKinesis: "Kinesis",
	}[f.Kind]
}

// ServerMain returns the main package that serves functions over HTTP, in the
// directory command. If some of them are not called over HTTP, it runs these too.
func ServerMain(options MainOptions, command string, functions []FunctionRef) (MainPackage, error) {
	if !slices.ContainsFunc(functions, func(f FunctionRef) bool { return !f.HTTP() }) {
		return newMain(options, "server.go.tmpl", command, functions)
	}
	functions = slices.Clone(functions)
	slices.SortStableFunc(functions, func(a, b FunctionRef) int { // those that are called over HTTP first
		switch {
		case a.HTTP() == b.HTTP():
			return 0
		case a.HTTP():
			return -1
		}
		return 1
	})
	return newMain(options, "jobs.go.tmpl", command, functions)
}

// LambdaMain returns the main package that runs a function on AWS Lambda, in
// the directory command.
func LambdaMain(options MainOptions, command string, function FunctionRef) (MainPackage, error) {
	if !function.HTTP() {
		return newMain(options, "trigger.go.tmpl", command, []FunctionRef{function})
	}
	return newMain(options, "lambda.go.tmpl", command, []FunctionRef{function})
}

// mainData is what the templates of main packages are executed with.
type mainData struct {
	Command   string
	Module    string
	Runtime   string // parent of the import paths of runtime packages
	Lib       string // parent of the import paths of support packages
	Lease     bool   // the project has the support package lease
	Imports   []mainImport
	Functions []FunctionRef // Package is the name in this file
}

// Schedules reports whether some of the functions have a schedule.
func (d mainData) Schedules() bool {
	return slices.ContainsFunc(d.Functions, func(f FunctionRef) bool { return f.Kind == KindSchedule })
}

// ServesHTTP reports whether some of the functions are called over HTTP.
func (d mainData) ServesHTTP() bool { return slices.ContainsFunc(d.Functions, FunctionRef.HTTP) }

// A mainImport is an import of a main package.
type mainImport struct {
	Name string // "" if it is the last element of Path
	Path string
}

// newMain executes the template of a main package.
func newMain(options MainOptions, tmpl, command string, functions []FunctionRef) (MainPackage, error) {
	data := mainData{
		Command: path.Base(command), Module: options.Module, Runtime: options.runtime(""),
		Lib: path.Join(options.Module, options.Lib), Lease: options.Lease,
	}
	data.Imports, data.Functions = importFunctions(functions)

	t, err := template.ParseFS(templates.Program, "program/"+tmpl)
	if err != nil {
		return MainPackage{}, fmt.Errorf("template: %w", err)
	}
	var text strings.Builder
	if err := t.Execute(&text, data); err != nil {
		return MainPackage{}, fmt.Errorf("template: %w", err)
	}
	// Faster than goimports, and fngen dev formats it before each build.
	source, err := gofmt.Source([]byte(text.String()))
	if err != nil {
		return MainPackage{}, newOutputError(tmpl, text.String(), err)
	}

	p := MainPackage{
		Package: path.Join(options.Dir, command),
		Files:   map[string][]byte{},
		Lines:   functionLines(string(source), data.Functions),
	}
	p.Files[path.Join(p.Package, "main.go")] = source
	var needs []string
	for _, imported := range importsOf(source) {
		if name, ok := strings.CutPrefix(imported, data.Runtime+"/"); ok {
			needs = append(needs, "runtime/"+name)
		}
	}
	return p, p.addRuntime(options, needs)
}

// importFunctions returns the imports of the packages of functions, and the
// functions with the package names that the imports declare. No two are equal.
func importFunctions(functions []FunctionRef) ([]mainImport, []FunctionRef) {
	names := map[string]string{} // by import path
	taken := map[string]bool{"main": true, "init": true}
	for _, name := range []string{
		"os", "server", "jobs", "trigger", "lambdaentry", "lambdatrigger", "schedule", "lease",
	} {
		taken[name] = true
	}
	var imports []mainImport
	var refs []FunctionRef
	for _, f := range functions {
		name, ok := names[f.Path]
		if !ok {
			name = f.Package
			for n := 2; taken[name]; n++ {
				name = f.Package + strconv.Itoa(n)
			}
			names[f.Path], taken[name] = name, true
			imported := mainImport{Path: f.Path}
			if name != path.Base(f.Path) {
				imported.Name = name
			}
			imports = append(imports, imported)
		}
		f.Package = name
		refs = append(refs, f)
	}
	return imports, refs
}

// functionLines returns the functions by the lines of source that refer to
// them, which are in the order of functions.
func functionLines(source string, functions []FunctionRef) map[int]string {
	lines := map[int]string{}
	_, body, _ := strings.Cut(source, "\nfunc main() {")
	number := 1 + strings.Count(source, "\n") - strings.Count(body, "\n")
	for _, line := range strings.Split(body, "\n") {
		if len(functions) > 0 && strings.Contains(line, functions[0].Package+"."+functions[0].Handler) {
			lines[number] = functions[0].Function
			functions = functions[1:]
		}
		number++
	}
	return lines
}

// runtime returns the import path of a package of templates/runtime in the
// project.
func (o MainOptions) runtime(name string) string {
	return path.Join(o.Module, o.Dir, "runtime", name)
}

// add adds a file, and the packages of templates/runtime that it imports.
func (p MainPackage) add(options MainOptions, file string, text []byte) error {
	copied, err := rewriteImports(text, func(name string) string {
		if rest, ok := strings.CutPrefix(name, "runtime/"); ok {
			return options.runtime(rest)
		}
		return path.Join(options.Module, PackageDir(options.Lib, name))
	})
	if err != nil {
		return err
	}
	p.Files[file] = copied.data
	return p.addRuntime(options, copied.needs)
}

// addRuntime adds those of the named packages that are of templates/runtime.
func (p MainPackage) addRuntime(options MainOptions, names []string) error {
	for _, name := range names {
		if !strings.HasPrefix(name, "runtime/") {
			continue
		}
		files, err := fs.Glob(templates.Runtime, name+"/*.go")
		if err != nil {
			return err
		}
		for _, file := range files {
			target := path.Join(options.Dir, file)
			if _, ok := p.Files[target]; ok {
				continue
			}
			text, err := templates.Runtime.ReadFile(file)
			if err != nil {
				return err
			}
			if err := p.add(options, target, text); err != nil {
				return err
			}
		}
	}
	return nil
}
