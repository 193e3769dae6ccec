package project

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/templates/runtime/route"
)

// A Route is a route that a source file declares.
type Route struct {
	generator.Route

	File string // relative to the project's root
	Line int
}

// position returns the file and line in the form of the go command.
func (r Route) position() string { return fmt.Sprintf("%s:%d", r.File, r.Line) }

// A DeclarationError reports that what a function declares about its calls is
// malformed or contradicts other declarations. It starts with their position.
type DeclarationError struct{ Err error }

func (e *DeclarationError) Error() string { return e.Err.Error() }
func (e *DeclarationError) Unwrap() error { return e.Err }

const (
	routesHint   = `declare them as in var Routes = []string{"GET /users/{id}"}`
	conflictHint = "change one of them, so that no request matches both or one is more specific"
)

// addRoutes adds the routes that the function's source files declare in a
// variable, if they do. Constants in them may be declared in any file of the
// package.
func (p *Project) addRoutes(f *Function, variable string, files []*goFile) (err error) {
	f.CORS = slices.ContainsFunc(f.Imports, func(imported string) bool {
		return strings.HasSuffix(imported, path.Join("/", p.Lib, "cors"))
	})
	for _, file := range files {
		value, found := file.declared(variable)
		if !found {
			continue
		}
		if f.Dir() == p.Functions { // a flat file, which shares its package with others
			if files, err = p.packageFiles(p.Functions); err != nil {
				return err
			}
		}
		if f.Routes, err = file.routes(value, variable, files); err != nil {
			return err
		}
		f.Route = f.Routes[0].Path
	}
	return nil
}

// declared returns the value that a package-level constant or variable has, or
// the identifier that declares the name if it has none.
func (file *goFile) declared(name string) (value ast.Expr, found bool) {
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.Name == name {
				return d.Name, true
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				s, ok := spec.(*ast.ValueSpec)
				if !ok {
					continue
				}
				for i, ident := range s.Names {
					switch {
					case ident.Name != name:
					case len(s.Values) == len(s.Names):
						return s.Values[i], true
					default:
						return ident, true
					}
				}
			}
		}
	}
	return nil, false
}

// routes returns the routes of a list of strings.
func (file *goFile) routes(list ast.Expr, variable string, files []*goFile) ([]Route, error) {
	fail := func(at ast.Node, err error, advice string) ([]Route, error) {
		err = fmt.Errorf("%s: %s: %w", file.position(at), variable, err)
		return nil, &DeclarationError{hint.With(err, advice)}
	}
	literal, ok := list.(*ast.CompositeLit)
	if !ok || !isStringSlice(literal.Type) {
		return fail(list, errors.New("want a list of strings in the source"), routesHint)
	}
	if len(literal.Elts) == 0 {
		return fail(list, errors.New("the list is empty"), routesHint)
	}
	var routes []Route
	for _, element := range literal.Elts {
		pattern, ok := constantString(element, files, 0)
		if !ok {
			return fail(element, errors.New("want a string literal or a constant of this package"), routesHint)
		}
		parsed, err := generator.ParseRoute(pattern)
		if err != nil {
			return fail(element, err, hint.Of(err))
		}
		routes = append(routes, Route{parsed, file.name, file.line(element)})
	}
	return routes, nil
}

func (file *goFile) line(n ast.Node) int { return file.set.Position(n.Pos()).Line }

func isStringSlice(e ast.Expr) bool {
	list, ok := e.(*ast.ArrayType)
	if !ok || list.Len != nil {
		return false
	}
	element, ok := list.Elt.(*ast.Ident)
	return ok && element.Name == "string"
}

// constantString returns the value of a string constant: a literal, a constant
// of the package whose files are given, or a concatenation of those. depth is
// the number of constants that refer to this one, which is limited because a
// constant may refer to itself.
func constantString(e ast.Expr, files []*goFile, depth int) (value string, ok bool) {
	const maxDepth = 100
	switch e := e.(type) {
	case *ast.BasicLit:
		return stringLiteral(e), e.Kind == token.STRING
	case *ast.ParenExpr:
		return constantString(e.X, files, depth)
	case *ast.BinaryExpr:
		x, okX := constantString(e.X, files, depth)
		y, okY := constantString(e.Y, files, depth)
		return x + y, okX && okY && e.Op == token.ADD
	case *ast.Ident:
		for _, file := range files {
			if declared := file.constant(e.Name); declared != nil && depth < maxDepth {
				return constantString(declared, files, depth+1)
			}
		}
	}
	return "", false
}

// constant returns the value of a package-level constant, or nil if the file
// does not declare it or its value is implicit.
func (file *goFile) constant(name string) ast.Expr {
	for _, declaration := range file.Decls {
		d, ok := declaration.(*ast.GenDecl)
		if !ok || d.Tok != token.CONST {
			continue
		}
		for _, spec := range d.Specs {
			s := spec.(*ast.ValueSpec)
			for i, ident := range s.Names {
				if ident.Name == name && i < len(s.Values) {
					return s.Values[i]
				}
			}
		}
	}
	return nil
}

// packageFiles parses the Go files of a directory, without tests and without
// files that do not parse.
func (p *Project) packageFiles(dir string) ([]*goFile, error) {
	names, err := p.readNames(dir)
	if err != nil {
		return nil, err
	}
	var files []*goFile
	for _, name := range names {
		if GoIgnores(name) || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if file, err := p.parse(path.Join(dir, name)); err == nil && file != nil {
			files = append(files, file)
		}
	}
	return files, nil
}

// Routed returns what a router of the function needs.
func (f Function) Routed() route.Function {
	routed := route.Function{Name: f.Name, CORS: f.CORS}
	for _, r := range f.Routes {
		routed.Routes = append(routed.Routes, r.String())
	}
	return routed
}

// allRoutes returns what a function answers: the routes that it declares, or
// every method at its route and below.
func (f Function) allRoutes() []Route {
	if len(f.Routes) > 0 {
		return f.Routes
	}
	at := (&url.URL{Path: f.Route}).EscapedPath() // the name of a file may have any character
	return []Route{
		{generator.Route{Path: at}, f.Handler.File, f.Handler.Line},
		{generator.Route{Path: at + "/{proxy...}"}, f.Handler.File, f.Handler.Line},
	}
}

// checkRoutes returns a *DeclarationError if the routes of functions conflict.
func checkRoutes(functions []Function) error {
	if !slices.ContainsFunc(functions, func(f Function) bool { return len(f.Routes) > 0 }) {
		return nil // the others are the functions' names
	}
	var routes []generator.Route
	var declared []Route
	var names []string
	for i, f := range functions {
		if f.Kind != generator.KindHTTP || len(f.Routes) == 0 && i > 0 && functions[i-1].Name == f.Name {
			continue // a directory and a flat file, which builds report
		}
		for _, r := range f.allRoutes() {
			routes, declared, names = append(routes, r.Route), append(declared, r), append(names, f.Name)
		}
	}
	i, j, conflict := generator.ConflictingRoutes(routes)
	if !conflict {
		return nil
	}
	err := fmt.Errorf("%s: %q of %s conflicts with %q of %s, declared at %s",
		declared[j].position(), routes[j], names[j], routes[i], names[i], declared[i].position())
	if routes[i] == routes[j] {
		err = fmt.Errorf("%s: duplicate route %q of %s, which %s has at %s",
			declared[j].position(), routes[j], names[j], names[i], declared[i].position())
	}
	return &DeclarationError{hint.With(err, conflictHint)}
}

// CheckRoutes returns an error if the routes of a function that is to be
// generated conflict with those of another function. Like the error of a name
// that collides, it is a usage error.
func (p *Project) CheckRoutes(name string, routes []generator.Route) error {
	if len(routes) == 0 {
		return nil
	}
	functions, _, err := p.List()
	if err != nil && !errors.As(err, new(*DeclarationError)) {
		return err
	}
	var others []Route
	var all []generator.Route
	for _, f := range functions {
		if f.Kind != generator.KindHTTP || f.Name == name {
			continue
		}
		for _, r := range f.allRoutes() {
			others, all = append(others, r), append(all, r.Route)
		}
	}
	i, j, conflict := generator.ConflictingRoutes(append(all, routes...))
	if !conflict || j < len(others) {
		return nil
	}
	reason := fmt.Sprintf("the route %q conflicts with %q, declared at %s",
		routes[j-len(others)], others[i], others[i].position())
	return &DeclarationError{hint.With(&generator.ValueError{Reason: reason}, "choose another method or path")}
}
