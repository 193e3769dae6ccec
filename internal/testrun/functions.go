package testrun

import (
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/gotest"
	"github.com/fngen/fngen/internal/project"
)

// apiSide is the name of a RedwoodJS project's side that has the functions.
// Users write it out of habit: yarn rw test api divide.
const apiSide = "api"

// A NoMatchError reports that no function matches a name.
type NoMatchError struct {
	Name    string
	Nearest string // the most similar name of a function, or ""
}

func (e *NoMatchError) Error() string { return "no function matches " + strconv.Quote(e.Name) }

// Hint returns the command to run instead.
func (e *NoMatchError) Hint() string {
	if e.Nearest != "" {
		return "fngen test " + e.Nearest
	}
	return "fngen list"
}

// functions returns the functions that the names match, and what was skipped. A
// file that does not parse is not skipped: it counts as a function, so that the
// compiler reports its errors.
func (r *Runner) functions() (matching []gotest.Function, skipped []project.Skipped, err error) {
	found, unusable, err := r.Project.List()
	if err != nil {
		return nil, nil, err
	}
	module, err := r.Project.Module()
	if err != nil {
		return nil, nil, err
	}
	dir := r.Project.Functions
	pkg := path.Join(module, dir)
	var functions []gotest.Function
	for _, f := range found {
		functions = append(functions, newFunction(pkg, dir, f.Name, f.Files))
	}
	for _, s := range unusable {
		switch {
		case s.Kind == project.SkipUnparsable:
			functions = append(functions, newFunction(pkg, dir, s.Name, []string{s.Path}))
			continue
		case s.Kind == project.SkipNoHandler && slices.ContainsFunc(s.Files, isTest): // go test runs them too
			functions = append(functions, newFunction(pkg, dir, s.Name, s.Files))
		}
		skipped = append(skipped, s)
	}
	slices.SortFunc(functions, func(a, b gotest.Function) int { return strings.Compare(a.Name, b.Name) })
	matching, err = match(functions, r.Names)
	return matching, skipped, err
}

func isTest(file string) bool { return strings.HasSuffix(file, "_test.go") }

// newFunction returns the function with some files: in a directory of its name,
// or flat in the functions directory dir, whose package is pkg.
func newFunction(pkg, dir, name string, files []string) gotest.Function {
	if len(files) == 1 && files[0] == path.Join(dir, name+".go") {
		return gotest.Function{Name: name, Package: pkg, File: path.Join(dir, name+"_test.go"), Flat: true}
	}
	f := gotest.Function{Name: name, Package: path.Join(pkg, name), File: path.Join(dir, name)}
	var tests []string
	for _, file := range files {
		base, isTest := strings.CutSuffix(file, "_test.go")
		if isTest && !strings.HasSuffix(base, "_scenarios") && !strings.HasSuffix(base, "_fixtures") {
			tests = append(tests, file)
		}
	}
	if file := path.Join(f.File, path.Base(name)+"_test.go"); slices.Contains(tests, file) {
		f.File = file
	} else if len(tests) == 1 {
		f.File = tests[0]
	}
	return f
}

// match returns the functions that at least one of names matches, or all
// functions if there are no names. Each name must match a function; otherwise
// the error is a *NoMatchError.
func match(functions []gotest.Function, names []string) ([]gotest.Function, error) {
	if len(names) > 0 && names[0] == apiSide &&
		!slices.ContainsFunc(functions, func(f gotest.Function) bool { return f.Name == apiSide }) {
		names = names[1:]
	}
	if len(names) == 0 {
		return functions, nil
	}
	matched := map[string]bool{}
	for _, name := range names {
		found := false
		for _, f := range functions {
			if matches(f, name) {
				matched[f.Name], found = true, true
			}
		}
		if !found {
			return nil, newNoMatchError(functions, name)
		}
	}
	return slices.DeleteFunc(functions, func(f gotest.Function) bool { return !matched[f.Name] }), nil
}

// matches reports whether name is a substring of f's name, ignoring case, or of
// the path of its test if name contains a slash.
func matches(f gotest.Function, name string) bool {
	if name == "" {
		return false // probably an unset shell variable
	}
	part := strings.ToLower(strings.TrimPrefix(filepath.ToSlash(name), "./"))
	whole := strings.ToLower(f.Name)
	if strings.Contains(part, "/") {
		whole = strings.ToLower(f.File + "/")
	}
	if strings.Contains(whole, part) {
		return true
	}
	parsed, err := generator.ParseName(name) // accepts update-order for updateOrder
	return err == nil && strings.Contains(whole, strings.ToLower(parsed.String()))
}

func newNoMatchError(functions []gotest.Function, name string) error {
	var names []string
	for _, f := range functions {
		names = append(names, f.Name)
	}
	return &NoMatchError{name, generator.Nearest(name, names)}
}
