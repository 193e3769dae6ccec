package project

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/fngen/fngen/generator"
)

// A Function is a function of a project, as the go command will find it.
type Function struct {
	Name    string   `json:"function"`
	Package string   `json:"package"`
	Route   string   `json:"route"`
	Files   []string `json:"files"` // relative to the project's root, sorted

	Handler  Declaration `json:"-"`
	Shutdown Declaration `json:"-"` // of what is to run when a program that has the function ends; zero where there is none
	Imports  []string    `json:"-"` // of its files but the tests, as they come
}

// Dir is the directory of the function's package, relative to the project's root.
func (f Function) Dir() string { return path.Dir(f.Handler.File) }

// In is the function as programs of the module import it.
func (f Function) In(module string) generator.FunctionRef {
	return generator.FunctionRef{
		Function: f.Name, Path: path.Join(module, f.Dir()), Package: f.Package,
		Handler: f.Handler.Name, Shutdown: f.Shutdown.Name,
	}
}

// A Declaration is where a function's package exports something.
type Declaration struct {
	Name string
	File string // relative to the project's root
	Line int
}

// A Skipped describes a folder or file of the functions directory that could be
// a function but cannot be used as one.
type Skipped struct {
	Name string // the name that the function would have
	Path string // relative to the project's root
	Kind SkipKind
	Err  error
}

// String says why it is not a function.
func (s Skipped) String() string { return "skipping " + s.Path + ": " + s.Err.Error() }

// A SkipKind says why a folder or file is not a function.
type SkipKind int

const (
	// SkipUnparsable marks Go source that cannot be read or parsed. It may be a
	// function once that is fixed. Err has the position.
	SkipUnparsable SkipKind = iota
	// SkipMain marks a package main, which nothing can import.
	SkipMain
)

var errMain = errors.New("package main cannot be imported")

// List discovers the project's functions, sorted by name: every directory
// whose package exports Handler, and every flat file x.go that exports XHandler.
// The compiler has the last word on their types.
func (p *Project) List() ([]Function, []Skipped, error) {
	entries, err := p.readDir(p.Functions)
	if err != nil {
		return nil, nil, err
	}
	all := make([]found, len(entries))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(entries)) {
		workers.Go(func() {
			for i := range next {
				all[i] = p.look(entries[i].Name())
			}
		})
	}
	for i := range entries {
		next <- i
	}
	close(next)
	workers.Wait()

	var functions []Function
	var skipped []Skipped
	for i, entry := range entries {
		f := all[i]
		if f.err != nil {
			return nil, nil, f.err
		}
		if f.function != nil {
			functions = append(functions, *f.function)
		}
		if f.skipped != nil {
			kind := SkipUnparsable
			if errors.Is(f.skipped, errMain) {
				kind = SkipMain
			}
			skipped = append(skipped, Skipped{
				Name: strings.TrimSuffix(entry.Name(), ".go"), Path: path.Join(p.Functions, entry.Name()), Kind: kind, Err: f.skipped,
			})
		}
	}
	slices.SortFunc(functions, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return functions, skipped, nil
}

// found describes an entry of the functions directory: a function, or the
// reason why it is not one. Both are nil if it does not look like a function.
type found struct {
	function *Function
	skipped  error
	err      error // the entry could not be read at all
}

// look looks at an entry of the functions directory.
func (p *Project) look(name string) (f found) {
	if GoIgnores(name) || name == "internal" {
		return f
	}
	info, err := p.Root.Stat(filepath.FromSlash(path.Join(p.Functions, name)))
	switch {
	case err == nil && info.IsDir():
		f.function, f.skipped, f.err = p.directory(name)
	case strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go"):
		f.function, f.skipped, f.err = p.flat(name)
	}
	return f
}

// directory looks at a folder of the functions directory.
func (p *Project) directory(name string) (function *Function, skipped, err error) {
	dir := path.Join(p.Functions, name)
	entries, err := p.readDir(dir)
	if err != nil {
		return nil, nil, err
	}
	f := &Function{Name: name, Route: "/" + name}
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
			return nil, err, nil
		}
		if parsed == nil {
			continue
		}
		f.Package = parsed.Name.Name
		f.declared(*parsed, file, "")
	}
	slices.Sort(f.Files)
	switch {
	case f.Package == "main":
		return nil, errMain, nil
	case f.Handler == Declaration{}:
		return nil, nil, nil
	}
	return f, nil, nil
}

// flat looks at a file of the functions directory.
func (p *Project) flat(name string) (function *Function, skipped, err error) {
	file := path.Join(p.Functions, name)
	base := strings.TrimSuffix(name, ".go")
	parsed, err := p.parse(file)
	if err != nil {
		return nil, err, nil
	}
	if parsed == nil {
		return nil, nil, nil
	}
	f := &Function{Name: base, Package: parsed.Name.Name, Route: "/" + base, Files: []string{file}}
	f.declared(*parsed, file, strings.ToUpper(base[:1])+base[1:])
	switch {
	case f.Handler == Declaration{}:
		return nil, nil, nil
	case f.Package == "main":
		return nil, errMain, nil
	}
	return f, nil, nil
}

// declared notes what a file of the function imports, and what it exports by names of that prefix.
func (f *Function) declared(file goFile, name, prefix string) {
	for _, spec := range file.Imports {
		if imported, err := strconv.Unquote(spec.Path.Value); err == nil {
			f.Imports = append(f.Imports, imported)
		}
	}
	for symbol, into := range map[string]*Declaration{prefix + "Handler": &f.Handler, prefix + "Shutdown": &f.Shutdown} {
		if line := file.declares(symbol); line > 0 {
			*into = Declaration{symbol, name, line}
		}
	}
}

// A goFile is a file that was parsed.
type goFile struct {
	*ast.File
	set *token.FileSet
}

// parse parses a Go file. It is nil where build constraints leave the file out.
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
	return &goFile{parsed, set}, nil
}

// declares is the line at which a file declares a function or variable of that name, 0 where it does not.
func (file goFile) declares(name string) int {
	line := func(n *ast.Ident) int { return file.set.Position(n.Pos()).Line }
	for _, declaration := range file.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Name.Name == name {
				return line(d.Name)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				value, ok := spec.(*ast.ValueSpec)
				if !ok || d.Tok != token.VAR {
					continue
				}
				for _, n := range value.Names {
					if n.Name == name {
						return line(n)
					}
				}
			}
		}
	}
	return 0
}

// HasFunction tells whether the functions directory has a folder of exactly that name.
func (p *Project) HasFunction(name string) bool {
	entries, err := p.readDir(p.Functions)
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.IsDir() && e.Name() == name })
}
