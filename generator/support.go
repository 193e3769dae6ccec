package generator

import (
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/fngen/fngen/templates"
)

// Import paths of the packages in this module that projects have copies of.
const (
	libPrefix     = "github.com/fngen/fngen/templates/lib/"     // support packages
	projectPrefix = "github.com/fngen/fngen/templates/project/" // packages that come with them and belong to the project
	runtimePrefix = "github.com/fngen/fngen/templates/runtime/" // packages of main packages
)

// Migrations is the name, in [Project.Packages], of the project's package of
// database migrations.
const Migrations = "project/db/migrations"

// PackageDir returns the directory of a support package, relative to the
// project's root. It is below lib, the directory of support packages. A package
// that belongs to the project is next to lib's parent, as in api/db/migrations.
func PackageDir(lib, name string) string {
	if rest, ok := strings.CutPrefix(name, "project/"); ok {
		return path.Join(grandparent(lib), rest)
	}
	return path.Join(lib, name)
}

// grandparent returns the directory that contains the parent of dir, or "" if it
// is not in the project.
func grandparent(dir string) string {
	above := path.Join(dir, "../..")
	if strings.HasPrefix(above, "..") {
		return ""
	}
	return above
}

// A Package describes a support package.
type Package struct {
	Name     string   `json:"name"`
	Synopsis string   `json:"synopsis"`
	Imports  []string `json:"imports"`           // support packages that it imports
	Modules  []string `json:"modules,omitempty"` // modules that it imports, besides that of every function
	Parts    []Part   `json:"parts,omitempty"`
}

// A Part describes files of a support package that can be copied by themselves,
// together with the other files that they require.
type Part struct {
	Name     string   `json:"name"`     // as in auth/dbauth
	Provides string   `json:"provides"` // what it declares
	Files    []string `json:"files"`
	Requires []string `json:"requires,omitempty"` // other parts
	Modules  []string `json:"modules,omitempty"`  // modules that the package without the part does not import
}

// Packages returns the support packages, sorted by name. With names of packages
// and parts, it returns only those. The error is that of [CheckPackage].
func Packages(only ...string) ([]Package, error) {
	for _, name := range only {
		if err := CheckPackage(name); err != nil {
			return nil, err
		}
	}
	names, err := packageNames()
	if err != nil {
		return nil, err
	}
	var list []Package
	table, modules := parts(), parseModules(modulesText)
	for _, name := range names {
		whole := len(only) == 0 || slices.Contains(only, name)
		if !whole && !slices.ContainsFunc(only, func(part string) bool { return strings.HasPrefix(part, name+"/") }) {
			continue
		}
		pkg, err := table.load(name, func(name string) string { return libPrefix + name })
		if err != nil {
			return nil, err
		}
		imports := map[string][]string{} // of other modules, by part
		for _, f := range pkg.files {
			imports[f.part] = append(imports[f.part], f.imports...)
		}
		// brings returns the modules that a part adds to known ones.
		brings := func(part string, known ...string) []string {
			return slices.DeleteFunc(importedModules(modules, imports[part]), func(module string) bool {
				return module == lambdaModule || slices.Contains(known, module)
			})
		}
		described := Package{Name: name, Synopsis: pkg.synopsis(), Imports: pkg.needs(), Modules: brings(name)}
		for _, part := range table.names(name) {
			if !whole && !slices.Contains(only, part) {
				continue
			}
			p, _ := table.find(part)
			described.Parts = append(described.Parts, Part{
				Name: p.name, Provides: p.provides, Files: p.files, Requires: p.requires,
				Modules: brings(part, described.Modules...),
			})
		}
		list = append(list, described)
	}
	return list, nil
}

func packageNames() ([]string, error) {
	entries, err := fs.ReadDir(templates.Lib, "lib")
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return names, err
}

// IsPackage reports whether name is that of a support package.
func IsPackage(name string) bool {
	names, err := packageNames()
	return err == nil && slices.Contains(names, name)
}

// projectOwned reports whether a file of a support package belongs to the
// project from the start.
func projectOwned(pkg, file string) bool {
	return pkg == "auth" && file == "user.go" || strings.HasPrefix(pkg, "project/")
}

// A supportPackage is a support package whose import paths are the project's.
type supportPackage struct {
	name       string
	files      []supportFile
	migrations []File // for the package Migrations
	neededBy   string // what imports it, or "" if the user asked for it
}

// A supportFile is a file of a support package. Its path is its name.
type supportFile struct {
	File
	needs    []string // support packages that it imports
	imports  []string // packages of other modules that it imports
	part     string   // its part, or the package for a file of the core
	selected bool     // the project needs it
}

// imports returns the packages of other modules that the selected files import.
func (pkg supportPackage) imports() []string {
	var paths []string
	for _, f := range pkg.files {
		if f.selected {
			paths = append(paths, f.imports...)
		}
	}
	return paths
}

// needs returns the support packages that the files import.
func (pkg supportPackage) needs() []string {
	var names []string
	for _, f := range pkg.files {
		names = append(names, f.needs...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// load reads a support package. Its imports of other support packages become
// those that importPath returns.
func (t partTable) load(name string, importPath func(name string) string) (supportPackage, error) {
	pkg := supportPackage{name: name}
	dir := path.Join("lib", name)
	if strings.HasPrefix(name, "project/") {
		dir = name
	}
	entries, err := fs.ReadDir(templates.Lib, dir)
	if err != nil {
		return pkg, err
	}
	for _, entry := range entries {
		text, err := templates.Lib.ReadFile(path.Join(dir, entry.Name()))
		if err != nil {
			return pkg, err
		}
		file, err := rewriteImports(text, importPath)
		if err != nil {
			return pkg, err
		}
		pkg.files = append(pkg.files, supportFile{
			File: File{Path: entry.Name(), Data: file.data}, needs: file.needs, imports: file.imports,
			part: t.of(name, entry.Name()),
		})
	}

	migrations, err := fs.Glob(templates.Lib, path.Join("extra", name, "db/migrations/*"))
	if err != nil {
		return pkg, err
	}
	for _, file := range migrations {
		data, err := templates.Lib.ReadFile(file)
		if err != nil {
			return pkg, err
		}
		pkg.migrations = append(pkg.migrations, File{Path: path.Base(file), Data: data})
	}
	return pkg, nil
}

// synopsis returns the first sentence of the package comment.
func (pkg supportPackage) synopsis() string {
	for _, f := range pkg.files {
		file, err := parser.ParseFile(token.NewFileSet(), f.Path, f.Data, parser.PackageClauseOnly|parser.ParseComments)
		if err == nil && file.Doc != nil {
			return new(doc.Package).Synopsis(file.Doc.Text())
		}
	}
	return ""
}

// A copiedFile is a Go file of this module, as a project has it.
type copiedFile struct {
	data    []byte
	needs   []string // packages of this module that it imports
	imports []string // packages of other modules that it imports
}

// rewriteImports replaces the import paths of packages of this module by those
// that importPath returns. It changes only the import declarations: other text
// may look like one.
func rewriteImports(text []byte, importPath func(name string) string) (copiedFile, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ImportsOnly)
	if err != nil {
		return copiedFile{}, err
	}
	var f copiedFile
	done := 0
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return copiedFile{}, err
		}
		need, ok := packageName(imported)
		if !ok {
			if isExternal(imported) {
				f.imports = append(f.imports, imported)
			}
			continue
		}
		f.needs = append(f.needs, need)
		start, end := int(spec.Path.Pos()-file.FileStart), int(spec.Path.End()-file.FileStart)
		f.data = append(f.data, text[done:start]...)
		f.data = strconv.AppendQuote(f.data, importPath(need))
		done = end
	}
	f.data = append(f.data, text[done:]...)
	return f, nil
}

// packageName returns the name of the package of this module that projects have
// a copy of: fn, project/db/migrations or runtime/server.
func packageName(importPath string) (name string, ok bool) {
	if name, ok := strings.CutPrefix(importPath, projectPrefix); ok {
		return "project/" + name, true
	}
	if name, ok := strings.CutPrefix(importPath, runtimePrefix); ok {
		return "runtime/" + name, true
	}
	return strings.CutPrefix(importPath, libPrefix)
}

// importsOf returns the import paths of a Go file that parses.
func importsOf(data []byte) []string {
	file, err := parser.ParseFile(token.NewFileSet(), "", data, parser.ImportsOnly)
	if err != nil {
		return nil
	}
	var paths []string
	for _, spec := range file.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// isExternal reports whether a package is of another module, not of the
// standard library.
func isExternal(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".")
}
