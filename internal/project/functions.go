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
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/fngen/fngen/generator"
)

// A Function describes a function of a project.
type Function struct {
	Name     string         `json:"function"`
	Package  string         `json:"package"`
	Kind     generator.Kind `json:"kind"`
	Route    string         `json:"route,omitempty"`    // path of the first route; without Routes, it includes the paths below
	Routes   []Route        `json:"routes,omitempty"`   // declared in the source, or empty for every method at Route
	Stream   bool           `json:"stream,omitempty"`   // its response is streamed
	Schedule string         `json:"schedule,omitempty"` // when a function of KindSchedule runs
	Queue    string         `json:"queue,omitempty"`    // whose messages a function of KindQueue receives
	Files    []string       `json:"files"`              // relative to the project's root, sorted

	Handler  Declaration `json:"-"`
	Shutdown Declaration `json:"-"` // zero if there is none
	Imports  []string    `json:"-"` // of all files but the tests, unsorted and with duplicates
	Responds bool        `json:"-"` // Handler has a result besides its error
	CORS     bool        `json:"-"` // it imports package cors, which answers preflights
}

// Dir returns the directory of the function's package, relative to the
// project's root.
func (f Function) Dir() string { return path.Dir(f.Handler.File) }

// Ref returns what a main package of the given module needs to use the
// function.
func (f Function) Ref(module string) generator.FunctionRef {
	ref := generator.FunctionRef{
		Function: f.Name, Path: path.Join(module, f.Dir()), Package: f.Package,
		Handler: f.Handler.Name, Shutdown: f.Shutdown.Name, CORS: f.CORS, Stream: f.Stream, Kind: f.Kind,
		Responds: f.Responds,
	}
	if f.Kind == generator.KindSchedule {
		ref.Schedule = strings.TrimSuffix(f.Handler.Name, "Handler") + "Schedule"
	}
	if len(f.Routes) > 0 {
		ref.Routes = strings.TrimSuffix(f.Handler.Name, "Handler") + "Routes"
	}
	return ref
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
// package declares Handler, every such directory in a group, and every flat file
// x.go that declares XHandler. A group is a directory without Go files.
// List does not check types, which is left to the compiler. The error is a
// *DeclarationError if what a function declares about its calls, such as Routes,
// is malformed, or if its routes conflict with those of another.
func (p *Project) List() ([]Function, []Skipped, error) {
	p, done := p.withFunctionsRoot()
	defer done()
	entries, err := p.readDir(p.Functions)
	if err != nil {
		return nil, nil, err
	}
	results := make([][]result, len(entries))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, entry := range entries {
		group.Go(func() (err error) {
			results[i], err = p.inspect(entry.Name())
			return err
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
	for _, r := range slices.Concat(results...) {
		if r.err != nil {
			return nil, nil, r.err
		}
		if r.function != nil {
			functions = append(functions, *r.function)
			continue
		}
		s := Skipped{
			Name:  strings.TrimSuffix(r.entry, ".go"),
			Path:  path.Join(p.Functions, r.entry),
			Files: r.files,
			Kind:  r.kind,
			Err:   r.skipped,
		}
		s.Recorded = slices.ContainsFunc(generator.OwnFiles(s.Name), func(file string) bool {
			file = path.Join(p.Functions, file)
			return path.Dir(file) == s.Path && bytes.Contains(sums, []byte("\n"+file+" "))
		})
		if s.Err != nil && (s.Kind != SkipNoHandler || s.Recorded || r.named) {
			skipped = append(skipped, s)
		}
	}
	slices.SortFunc(functions, func(a, b Function) int { return strings.Compare(a.Name, b.Name) })
	return functions, skipped, checkRoutes(functions)
}

// A result holds a function or the reason why an entry of the functions
// directory or of a group is not one. Both are nil if the entry does not look
// like a function.
type result struct {
	entry    string // relative to the functions directory
	function *Function

	skipped error
	kind    SkipKind
	files   []string // of a directory
	named   bool     // a file has the name of a function's

	err error // a *DeclarationError
}

// inspect returns the function of an entry of the functions directory, or those
// of a group.
func (p *Project) inspect(entry string) ([]result, error) {
	base := path.Base(entry)
	if GoIgnores(base) || base == "internal" {
		return nil, nil
	}
	info, err := p.stat(path.Join(p.Functions, entry))
	switch {
	case err == nil && info.IsDir():
		return p.inspectDir(entry)
	case isGoFile(base) && !strings.HasSuffix(base, "_test.go"):
		return []result{p.inspectFile(entry)}, nil
	}
	return nil, nil
}

func (p *Project) inspectDir(name string) ([]result, error) {
	dir := path.Join(p.Functions, name)
	entries, err := p.readDir(dir)
	if err != nil {
		return nil, err
	}
	isFile := func(e fs.DirEntry) bool { return !e.IsDir() && (isGoFile(e.Name()) || e.Name() == "go.mod") }
	if strings.Contains(name, "/") || slices.ContainsFunc(entries, isFile) {
		return []result{p.inspectPackage(name, entries)}, nil
	}
	var results []result // of a group
	for _, entry := range entries {
		functions, err := p.inspect(path.Join(name, entry.Name()))
		if err != nil {
			return nil, err
		}
		results = append(results, functions...)
	}
	if len(results) == 0 {
		results = append(results, p.inspectPackage(name, entries)) // it may have lost its files
	}
	return results, nil
}

// inspectPackage returns the function whose package is in a directory.
func (p *Project) inspectPackage(name string, entries []fs.DirEntry) result {
	dir := path.Join(p.Functions, name)
	f := &Function{Name: name, Route: "/" + name}
	var parsedFiles []*goFile
	r := result{entry: name}
	var similar error // about the best candidate for a handler
	for _, entry := range entries {
		file := path.Join(dir, entry.Name())
		if entry.IsDir() || !isGoFile(entry.Name()) {
			continue
		}
		r.files = append(r.files, file)
		if strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		parsed, err := p.parse(file)
		if err != nil {
			r.skipped = err
			return r
		}
		if entry.Name() == path.Base(name)+".go" || entry.Name() == generator.IndexFile {
			r.named = true
			similar = cmp.Or(similar, noHandler(parsed, file, "Handler"))
		}
		if parsed != nil {
			parsedFiles = append(parsedFiles, parsed)
			f.addFile(parsed, file, "")
			similar = cmp.Or(misnamedHandler(parsed, file, "Handler"), similar)
		}
	}
	slices.Sort(r.files)
	f.Files = r.files
	switch {
	case f.Package == "main":
		return result{entry: name, skipped: errMain, kind: SkipMain}
	case f.Handler == Declaration{}:
		r.skipped, r.kind = cmp.Or(similar, errors.New("package exports no Handler")), SkipNoHandler
	default:
		r.function, r.err = f, p.addCalls(f, "", parsedFiles)
	}
	return r
}

// addCalls adds what the function's source files say about its calls: its kind,
// and its routes, schedule or queue, and whether it streams. The names of declarations start with prefix.
func (p *Project) addCalls(f *Function, prefix string, files []*goFile) error {
	if err := p.addKind(f, prefix, files); err != nil || f.Kind != generator.KindHTTP {
		return err
	}
	return cmp.Or(p.addRoutes(f, prefix+"Routes", files), f.addStream(files))
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
	if err != nil || parsed == nil {
		return result{entry: name, skipped: err}
	}
	base := strings.TrimSuffix(name, ".go")
	f := &Function{Name: base, Route: "/" + base, Files: []string{file}}
	prefix := strings.ToUpper(base[:1]) + base[1:]
	f.addFile(parsed, file, prefix)
	switch {
	case f.Handler == Declaration{}:
		err := misnamedHandler(parsed, file, prefix+"Handler")
		return result{entry: name, skipped: err, kind: SkipNoHandler, named: true}
	case f.Package == "main":
		return result{entry: name, skipped: errMain, kind: SkipMain}
	}
	return result{entry: name, function: f, err: p.addCalls(f, prefix, []*goFile{parsed})}
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
	data, err := p.readSource(file)
	if err != nil || data == nil {
		return nil, err
	}
	if match, err := p.matchFile(file, data); err != nil || !match {
		return nil, err
	}
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, data, parser.SkipObjectResolution|parser.ParseComments)
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

// HasFunction reports whether the functions directory contains the directory of
// the function name. It compares names itself, since file systems may ignore
// case.
func (p *Project) HasFunction(name string) bool {
	dir, elements := p.Functions, strings.Split(name, "/")
	for _, element := range elements {
		entries, err := p.readDir(dir)
		if err != nil || !slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
			return e.IsDir() && e.Name() == element
		}) {
			return false
		}
		dir = path.Join(dir, element)
	}
	return len(elements) <= 2
}
