package generator

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/fngen/fngen/templates"
)

// A Place is where in a project a program is built.
type Place struct {
	Module string // the module's path
	Lib    string // the directory of support packages, relative to the project's root
	Dir    string // the directory of programs, likewise: Go's rule of internal packages has it below the functions'
}

// A Program is a main package with the packages that only it has: what fngen builds in a project and does not write there.
type Program struct {
	Package string            // the main package's directory, relative to the project's root
	Files   map[string][]byte // by path, relative to the project's root
	Lines   map[int]string    // of Package/main.go, the lines that are about a function, and its name
}

// A Handler is what a program imports of a function.
type Handler struct {
	Function string // its name
	Path     string // the import path of its package
	Package  string // the name that the package gives itself
	Handler  string // what it exports
	Shutdown string // what it exports to be run when the program ends, or ""
}

// MigrateProgram applies the migrations of package db.
func MigrateProgram(place Place) (Program, error) {
	p := Program{Package: path.Join(place.Dir, "migrate"), Files: map[string][]byte{}}
	text, err := templates.Runtime.ReadFile("runtime/migrate/main.go")
	if err != nil {
		return Program{}, err
	}
	return p, p.add(place, path.Join(p.Package, "main.go"), text)
}

// ServerProgram serves functions over HTTP: package server of templates/runtime. command is its directory's name.
func ServerProgram(place Place, command string, handlers []Handler) (Program, error) {
	return place.program("server", command, handlers, func(h Handler, pkg string) string {
		text := fmt.Sprintf("server.Function{Name: %q, Handler: %s.%s", h.Function, pkg, h.Handler)
		if h.Shutdown != "" {
			text += fmt.Sprintf(", Shutdown: %s.%s", pkg, h.Shutdown)
		}
		return text + "}"
	})
}

// LambdaProgram answers AWS Lambda with a function: package lambdaentry of templates/runtime.
func LambdaProgram(place Place, command string, handler Handler) (Program, error) {
	return place.program("lambda", command, []Handler{handler}, func(h Handler, pkg string) string {
		if h.Shutdown != "" {
			return fmt.Sprintf("lambdaentry.Start(%s.%s, %s.%s)", pkg, h.Handler, pkg, h.Shutdown)
		}
		return fmt.Sprintf("lambdaentry.Start(%s.%s)", pkg, h.Handler)
	})
}

// program is a main package of a template, with a line for each handler.
func (place Place) program(name, command string, handlers []Handler, line func(Handler, string) string) (Program, error) {
	p := Program{Package: path.Join(place.Dir, command), Files: map[string][]byte{}, Lines: map[int]string{}}
	names := map[string]string{} // of packages, by their path
	taken := map[string]bool{"os": true, "server": true, "lambdaentry": true, "main": true, "init": true}
	var imports, lines []string
	for _, h := range handlers {
		pkg, ok := names[h.Path]
		if !ok {
			pkg = h.Package
			for n := 2; taken[pkg]; n++ {
				pkg = h.Package + strconv.Itoa(n)
			}
			names[h.Path], taken[pkg] = pkg, true
			imported := strconv.Quote(h.Path)
			if pkg != path.Base(h.Path) {
				imported = pkg + " " + imported
			}
			imports = append(imports, imported)
		}
		lines = append(lines, line(h, pkg))
	}

	source, err := templates.Program.ReadFile("program/" + name + ".tmpl")
	if err != nil {
		return Program{}, err
	}
	t, err := template.New(name).Option("missingkey=error").Parse(string(source))
	if err != nil {
		return Program{}, fmt.Errorf("template: %w", err)
	}
	var text strings.Builder
	if err := t.Execute(&text, map[string]any{
		"Command": path.Base(command), "Module": place.Module, "Runtime": place.runtime("."), "Imports": imports, "Handlers": lines,
	}); err != nil {
		return Program{}, fmt.Errorf("template: %w", err)
	}
	file := path.Join(p.Package, "main.go")
	main, err := format(file, name+".tmpl", text.String())
	if err != nil {
		return Program{}, err
	}
	left := handlers
	for n, text := range strings.Split(string(main), "\n") {
		if len(left) > 0 && strings.Contains(text, lines[len(handlers)-len(left)]) {
			p.Lines[n+1], left = left[0].Function, left[1:]
		}
	}
	p.Files[file] = main
	return p, p.need(place, imported(main, place.runtime(".")))
}

// runtime is the import path of a package of templates/runtime, in the project.
func (place Place) runtime(name string) string {
	return path.Join(place.Module, place.Dir, "runtime", name)
}

// imported are the packages below a path that a file imports.
func imported(file []byte, below string) []string {
	var names []string
	for _, p := range importsOf(file) {
		if name, ok := strings.CutPrefix(p, below+"/"); ok {
			names = append(names, "runtime/"+name)
		}
	}
	return names
}

// add adds a file, and what it imports of templates/runtime.
func (p Program) add(place Place, file string, text []byte) error {
	s, err := moved(text, func(name string) string {
		if rest, ok := strings.CutPrefix(name, "runtime/"); ok {
			return place.runtime(rest)
		}
		return path.Join(place.Module, PackageDir(place.Lib, name))
	})
	if err != nil {
		return err
	}
	p.Files[file] = s.data
	return p.need(place, s.needs)
}

// need adds the packages among those named that are templates/runtime's.
func (p Program) need(place Place, names []string) error {
	for _, name := range slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, "runtime/") }) {
		files, err := fs.Glob(templates.Runtime, name+"/*.go")
		if err != nil {
			return err
		}
		for _, file := range files {
			to := path.Join(place.Dir, file)
			if _, ok := p.Files[to]; ok {
				continue
			}
			text, err := templates.Runtime.ReadFile(file)
			if err != nil {
				return err
			}
			if err := p.add(place, to, text); err != nil {
				return err
			}
		}
	}
	return nil
}
