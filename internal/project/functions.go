package project

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/fngen/fngen/generator"
)

// A Function describes a function of a project.
type Function struct {
	Name    string   `json:"function"`
	Package string   `json:"package"`
	Route   string   `json:"route"`            // path of the first route; without Routes, it includes the paths below
	Routes  []Route  `json:"routes,omitempty"` // declared in the source, or empty for every method at Route
	Files   []string `json:"files"`            // relative to the project's root, sorted

	Handler  Declaration `json:"-"`
	Shutdown Declaration `json:"-"` // zero if there is none
	Imports  []string    `json:"-"` // of all files but the tests, unsorted and with duplicates
	CORS     bool        `json:"-"` // it imports package cors, which answers preflights
}

// Dir returns the directory of the function's package, relative to the
// project's root.
func (f Function) Dir() string { return path.Dir(f.Handler.File) }

// Ref returns what a main package of the given module needs to use the
// function.
func (f Function) Ref(module string) generator.FunctionRef {
	return generator.FunctionRef{
		Function: f.Name, Path: path.Join(module, f.Dir()), Package: f.Package,
		Handler: f.Handler.Name, Shutdown: f.Shutdown.Name,
		Routes: f.Routed().Routes, CORS: f.CORS,
	}
}

// A Declaration locates a package-level function or variable.
type Declaration struct {
	Name string
	File string // relative to the project's root
	Line int
}

// A Skipped describes a directory or file of the functions directory that looks
// like a function but cannot be used as one.
type Skipped struct {
	Name  string   // the name that the function would have
	Path  string   // relative to the project's root
	Files []string // Go files of a directory, relative to the project's root
	Kind  SkipKind
	Err   error

	// Recorded reports whether fngen.sum records a file of the directory: it
	// was a function once.
	Recorded bool
}

// String returns a message that says why the function is skipped.
func (s Skipped) String() string { return "skipping " + s.Path + ": " + s.Err.Error() }

// A SkipKind is the reason why a directory or file is not a function.
type SkipKind int

const (
	// SkipUnparsable marks Go source that cannot be read or parsed. It may be a
	// function once that is fixed. Err has the position.
	SkipUnparsable SkipKind = iota
	// SkipMain marks a package main, which nothing can import.
	SkipMain
	// SkipNoHandler marks a package that has the name or the files of a function
	// and exports no handler. Err has the position of what looks like one.
	SkipNoHandler
)

var errMain = errors.New("package main cannot be imported")

// List returns the project's functions, sorted by name: every directory whose
// package declares Handler, and every flat file x.go that declares XHandler.
// It does not check types, which is left to the compiler. The error is a
// *RouteError if the routes of a function are malformed, or conflict with those
// of another.
func (p *Project) List() ([]Function, []Skipped, error) {
	entries, err := p.readDir(p.Functions)
	if err != nil {
		return nil, nil, err
	}
	results := make([]result, len(entries))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, entry := range entries {
		group.Go(func() error {
			results[i] = p.inspect(entry.Name())
			return results[i].err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, nil, err
	}

	sums, err := p.read(generator.SumFile)
	if err != nil {
		return nil, nil, err
	}
	sums = append([]byte("\n"), sums...)
	var functions []Function
	var skipped []Skipped
	for i, entry := range entries {
		r := results[i]
		if r.function != nil {
			functions = append(functions, *r.function)
			continue
		}
		s := Skipped{
			Name:  strings.TrimSuffix(entry.Name(), ".go"),
			Path:  path.Join(p.Functions, entry.Name()),
			Files: r.files,
			Kind:  r.kind,
			Err:   r.skipped,
		}
		s.Recorded = bytes.Contains(sums, []byte("\n"+s.Path+"/"))
		if s.Err != nil && (s.Kind != SkipNoHandler || s.Recorded || r.named) {
			skipped = append(skipped, s)
		}
	}
	slices.SortFunc(functions, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return functions, skipped, checkRoutes(functions)
}

// A result holds a function or the reason why an entry of the functions
// directory is not one. It is zero if the entry does not look like a function.
type result struct {
	function *Function

	skipped error
	kind    SkipKind
	files   []string // of a directory
	named   bool     // a file has the name of a function's

	err error // the directory could not be read
}

// inspect returns the function of an entry of the functions directory.
func (p *Project) inspect(name string) result {
	if GoIgnores(name) || name == "internal" {
		return result{}
	}
	info, err := p.Root.Stat(filepath.FromSlash(path.Join(p.Functions, name)))
	switch {
	case err == nil && info.IsDir():
		return p.inspectDir(name)
	case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
		return p.inspectFile(name)
	}
	return result{}
}

func (p *Project) inspectDir(name string) result {
	dir := path.Join(p.Functions, name)
	entries, err := p.readDir(dir)
	if err != nil {
		return result{err: err}
	}
	f := &Function{Name: name, Route: "/" + name}
	var parsedFiles []*goFile
	var similar error // about the best candidate for a handler
	named := false
	for _, entry := range entries {
		file := path.Join(dir, entry.Name())
		if entry.IsDir() || GoIgnores(entry.Name()) || !strings.HasSuffix(entry.Name(), ".go") {
			continue
		}
		f.Files = append(f.Files, file)
		if strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		parsed, err := p.parse(file)
		if err != nil {
			return result{skipped: err, files: f.Files}
		}
		if entry.Name() == name+".go" || entry.Name() == generator.IndexFile {
			named = true
			similar = cmp.Or(similar, noHandler(parsed, file, "Handler"))
		}
		if parsed != nil {
			parsedFiles = append(parsedFiles, parsed)
			f.addFile(parsed, file, "")
			similar = cmp.Or(misnamedHandler(parsed, file, "Handler"), similar)
		}
	}
	slices.Sort(f.Files)
	switch {
	case f.Package == "main":
		return result{skipped: errMain, kind: SkipMain}
	case f.Handler == Declaration{}:
		if similar == nil {
			similar = errors.New("package exports no Handler")
		}
		return result{skipped: similar, kind: SkipNoHandler, files: f.Files, named: named}
	}
	return p.withRoutes(f, "Routes", parsedFiles)
}

// noHandler returns an error that says why a file declares no handler. The file
// is nil if build constraints exclude it.
func noHandler(parsed *goFile, file, handler string) error {
	if parsed == nil {
		return fmt.Errorf("%s: excluded by build constraints", file)
	}
	line := parsed.set.Position(parsed.Package).Line
	return fmt.Errorf("%s:%d: package %s exports no %s", file, line, parsed.Name.Name, handler)
}

// misnamedHandler returns an error about a declaration whose name differs from
// the handler's only in letter case, or nil if there is none.
func misnamedHandler(parsed *goFile, file, handler string) error {
	for _, declaration := range parsed.Decls {
		d, ok := declaration.(*ast.FuncDecl)
		if ok && d.Recv == nil && d.Name.Name != handler && strings.EqualFold(d.Name.Name, handler) {
			line := parsed.set.Position(d.Name.Pos()).Line
			return fmt.Errorf("%s:%d: %s must be named %s", file, line, d.Name.Name, handler)
		}
	}
	return nil
}

func (p *Project) inspectFile(name string) result {
	file := path.Join(p.Functions, name)
	parsed, err := p.parse(file)
	if err != nil {
		return result{skipped: err}
	}
	if parsed == nil {
		return result{}
	}
	base := strings.TrimSuffix(name, ".go")
	f := &Function{Name: base, Route: "/" + base, Files: []string{file}}
	prefix := strings.ToUpper(base[:1]) + base[1:]
	f.addFile(parsed, file, prefix)
	switch {
	case f.Handler == Declaration{}:
		err := misnamedHandler(parsed, file, prefix+"Handler")
		return result{skipped: err, kind: SkipNoHandler, named: true}
	case f.Package == "main":
		return result{skipped: errMain, kind: SkipMain}
	}
	return p.withRoutes(f, prefix+"Routes", []*goFile{parsed})
}

// addFile records what a source file of the function imports and whether it
// declares the handler or the shutdown function. Their names start with prefix
// if several functions share a package.
func (f *Function) addFile(file *goFile, name, prefix string) {
	f.Package = file.Name.Name
	for _, spec := range file.Imports {
		f.Imports = append(f.Imports, stringLiteral(spec.Path))
	}
	for symbol, declaration := range map[string]*Declaration{
		prefix + "Handler": &f.Handler, prefix + "Shutdown": &f.Shutdown,
	} {
		if line := file.declarationLine(symbol); line > 0 {
			*declaration = Declaration{symbol, name, line}
		}
	}
}

// A goFile is a parsed Go file.
type goFile struct {
	*ast.File
	set  *token.FileSet
	name string // relative to the project's root
}

// parse parses a Go file. It returns nil if the file does not exist or build
// constraints exclude it.
func (p *Project) parse(file string) (*goFile, error) {
	data, err := p.read(file)
	if err != nil || data == nil {
		return nil, err
	}
	if match, err := p.matchFile(file, data); err != nil || !match {
		return nil, err
	}
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, data, parser.SkipObjectResolution)
	var list scanner.ErrorList
	if errors.As(err, &list) && len(list) > 0 {
		err = list[0]
	}
	if err != nil {
		return nil, err
	}
	return &goFile{parsed, set, file}, nil
}

// declarationLine returns the line on which the file declares a package-level
// function or variable, or 0 if it does not declare it.
func (file *goFile) declarationLine(name string) int {
	line := func(n *ast.Ident) int { return file.set.Position(n.Pos()).Line }
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.Name == name {
				return line(d.Name)
			}
		case *ast.GenDecl:
			if d.Tok != token.VAR {
				continue
			}
			for _, spec := range d.Specs {
				for _, n := range spec.(*ast.ValueSpec).Names {
					if n.Name == name {
						return line(n)
					}
				}
			}
		}
	}
	return 0
}

// HasFunction reports whether the functions directory contains a directory of
// that name. It compares names itself, since file systems may ignore case.
func (p *Project) HasFunction(name string) bool {
	entries, err := p.readDir(p.Functions)
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return e.IsDir() && e.Name() == name
	})
}
