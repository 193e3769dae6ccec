package generator

import (
	"fmt"
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

// sourcePrefix is the import path of the support packages where they are at home, projectPrefix that
// of packages that come along and are the project's from the start, and runtimePrefix that of those of programs.
const (
	sourcePrefix  = "github.com/fngen/fngen/templates/lib/"
	projectPrefix = "github.com/fngen/fngen/templates/project/"
	runtimePrefix = "github.com/fngen/fngen/templates/runtime/"
)

// Migrations is the package of the project that has its database's schema, as [Project.Packages] calls it.
const Migrations = "project/db/migrations"

// PackageDir is where a support package goes, relative to the project's root, where lib is the directory of
// support packages: below it, or for what is the project's in a folder above, such as api/db/migrations.
func PackageDir(lib, name string) string {
	if rest, ok := strings.CutPrefix(name, "project/"); ok {
		above := path.Join(lib, "../..")
		if strings.HasPrefix(above, "..") {
			above = ""
		}
		return path.Join(above, rest)
	}
	return path.Join(lib, name)
}

// A Package is a support package that fngen can copy into a project.
type Package struct {
	Name     string   `json:"name"`
	Synopsis string   `json:"synopsis"`
	Imports  []string `json:"imports"` // support packages that come along
}

// Packages lists the support packages by name.
func Packages() ([]Package, error) {
	entries, err := fs.ReadDir(templates.Lib, "lib")
	if err != nil {
		return nil, err
	}
	var list []Package
	for _, entry := range entries {
		pkg, err := loadSupport(entry.Name(), func(name string) string { return sourcePrefix + name })
		if err != nil {
			return nil, err
		}
		list = append(list, Package{Name: pkg.name, Synopsis: pkg.synopsis, Imports: pkg.needs})
	}
	return list, nil
}

// IsPackage tells whether a name is a support package's.
func IsPackage(name string) bool {
	entries, err := fs.ReadDir(templates.Lib, "lib")
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == name })
}

// CheckPackage is nil for the name of a support package. The error is a *ValueError.
func CheckPackage(name string) error {
	if IsPackage(name) {
		return nil
	}
	entries, err := fs.ReadDir(templates.Lib, "lib")
	if err != nil {
		return err
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return &ValueError{Reason: fmt.Sprintf("unknown package %q", name), Suggestion: Nearest(name, names)}
}

// projectOwned tells which files of support packages a project is meant to write.
func projectOwned(pkg, file string) bool {
	return pkg == "auth" && file == "user.go" || strings.HasPrefix(pkg, "project/")
}

// support is a support package with its import paths made the project's.
type support struct {
	name     string
	synopsis string
	files    []rendered // in the package's directory
	extra    []rendered // in another package's, which comes with it: Migrations
	needs    []string   // support packages that it imports
	imports  []string   // other modules' packages that it imports
}

// support are the support packages among the imports, and those that they import, each
// before the ones that need it.
func (p Project) support(module string, imports []string) ([]support, error) {
	importPath := func(name string) string { return path.Join(module, PackageDir(p.Lib, name)) }
	lib := path.Join(module, p.Lib)
	var list []support
	seen := map[string]bool{}
	var visit func(name string) error
	visit = func(name string) error {
		if seen[name] {
			return nil
		}
		seen[name] = true
		pkg, err := loadSupport(name, importPath)
		if err != nil {
			return err
		}
		for _, need := range pkg.needs {
			if err := visit(need); err != nil {
				return err
			}
		}
		list = append(list, pkg)
		if name == "db" && (p.Packages["db"] == nil || p.generated("db")) {
			return visit("dbtest") // scenarios of the project's functions use it
		}
		return nil
	}
	for _, path := range imports {
		if name, ok := strings.CutPrefix(path, lib+"/"); ok {
			if err := visit(name); err != nil {
				return nil, err
			}
		}
	}
	return list, nil
}

// loadSupport reads a support package and rewrites its imports of others to be where the project has them.
func loadSupport(name string, importPath func(name string) string) (support, error) {
	pkg := support{name: name}
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
		file, err := moved(text, importPath)
		if err != nil {
			return pkg, err
		}
		if file.synopsis != "" {
			pkg.synopsis = file.synopsis
		}
		pkg.needs = append(pkg.needs, file.needs...)
		pkg.imports = append(pkg.imports, file.imports...)
		pkg.files = append(pkg.files, rendered{entry.Name(), file.data})
	}
	slices.Sort(pkg.needs)
	pkg.needs = slices.Compact(pkg.needs)
	return pkg, pkg.loadExtra()
}

// loadExtra reads the migrations that a package brings.
func (pkg *support) loadExtra() error {
	files, err := fs.Glob(templates.Lib, path.Join("extra", pkg.name, "db/migrations/*"))
	if err != nil {
		return err
	}
	for _, file := range files {
		data, err := templates.Lib.ReadFile(file)
		if err != nil {
			return err
		}
		pkg.extra = append(pkg.extra, rendered{path.Base(file), data})
	}
	return nil
}

// A source is a Go file of fngen's with its imports made the project's.
type source struct {
	data     []byte
	synopsis string   // of its package, where the file has the package's comment
	needs    []string // support packages that it imports
	imports  []string // other modules' packages that it imports
}

// moved rewrites the imports of support packages, and of programs', at the positions where the parser found
// them: text elsewhere may look like one.
func moved(text []byte, importPath func(name string) string) (source, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "", text, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return source{}, err
	}
	var s source
	if comment := file.Doc.Text(); comment != "" {
		s.synopsis = new(doc.Package).Synopsis(comment)
	}
	done := 0
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, err
		}
		need, ok := strings.CutPrefix(imported, sourcePrefix)
		for prefix, kind := range map[string]string{projectPrefix: "project/", runtimePrefix: "runtime/"} {
			if rest, own := strings.CutPrefix(imported, prefix); own {
				need, ok = kind+rest, true
			}
		}
		if !ok {
			if isThirdParty(imported) {
				s.imports = append(s.imports, imported)
			}
			continue
		}
		s.needs = append(s.needs, need)
		start, end := int(spec.Path.Pos()-file.FileStart), int(spec.Path.End()-file.FileStart)
		s.data = append(s.data, text[done:start]...)
		s.data = strconv.AppendQuote(s.data, importPath(need))
		done = end
	}
	s.data = append(s.data, text[done:]...)
	return s, nil
}

// plan is what happens to the package's files. A package is a unit: where
// it stands, it is kept as it is, or updated as a whole.
func (pkg support) plan(p Project, records *sums, update bool) ([]File, *Note) {
	dir := PackageDir(p.Lib, pkg.name)
	standing, stands := p.Packages[pkg.name]
	var files []File
	var edited, versions []string
	known := map[string]bool{}
	for _, file := range pkg.files {
		f := File{Path: path.Join(dir, file.path), Action: Create, Owner: Fngen, Data: file.data}
		known[file.path] = true
		if projectOwned(pkg.name, file.path) {
			f.Owner = User
		} else {
			f.Data = append([]byte("// Code generated by fngen "+p.Version+". DO NOT EDIT.\n\n"), file.data...)
		}
		if old, ok := standing[file.path]; ok {
			if string(old) == string(f.Data) && !records.matches(f.Path, old) {
				// A run that was killed before it recorded it may have written it.
				records.set(f.Path, p.Version, old)
			}
			f.Action = Overwrite
			switch {
			case f.Owner == User || !update:
				f.Action, f.Data = Keep, nil
			case string(old) == string(f.Data):
				f.Action = Unchanged
			}
			if f.Owner == Fngen {
				versions = append(versions, records.version(f.Path))
				if !records.matches(f.Path, old) {
					edited = append(edited, f.Path)
				}
			}
		}
		files = append(files, f)
	}
	if !stands {
		for _, file := range pkg.extra {
			f := File{Path: path.Join(PackageDir(p.Lib, Migrations), file.path), Action: Create, Owner: User, Data: file.data}
			if _, ok := p.Packages[Migrations][file.path]; ok {
				f.Action, f.Data = Keep, nil
			}
			files = append(files, f)
		}
		return files, nil
	}
	// What the project was given once, and moved or removed since, is its own affair.
	files = slices.DeleteFunc(files, func(f File) bool {
		return f.Owner == User && f.Action == Create && records.version(f.Path) != ""
	})
	if !update {
		kept := slices.DeleteFunc(files, func(f File) bool { return f.Action != Keep })
		return kept, pkg.standingNote(dir, p.Version, versions)
	}

	// Files of an older version that are no more.
	for name, old := range standing {
		file := path.Join(dir, name)
		if known[name] || records.version(file) == "" || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		if !records.matches(file, old) {
			edited = append(edited, file)
		}
		files = append(files, File{Path: file, Action: Remove})
	}
	if len(edited) > 0 {
		for i := range files {
			files[i].Action, files[i].Data = Keep, nil
		}
		files = slices.DeleteFunc(files, func(f File) bool { _, ok := standing[path.Base(f.Path)]; return !ok })
		slices.Sort(edited)
		return files, &Note{
			Text: "not updated, edited here: " + strings.Join(edited, ", "),
			Hint: "move the edits elsewhere, or delete the folder and run fngen add " + pkg.name,
		}
	}
	return files, nil
}

// standingNote says where a package that stands is not the one that is wanted.
func (pkg support) standingNote(dir, version string, versions []string) *Note {
	slices.Sort(versions)
	versions = slices.DeleteFunc(slices.Compact(versions), func(v string) bool { return v == version })
	switch {
	case len(versions) == 0:
		return nil
	case versions[0] == "":
		return &Note{
			Text: dir + " is not a copy that fngen made: what is generated expects fngen's package " + pkg.name,
		}
	}
	return &Note{
		Text: fmt.Sprintf("%s is of fngen %s, and this is %s", dir, strings.Join(versions, ", "), version),
		Hint: "fngen add --update " + pkg.name,
	}
}

// importsOf are the imports of a Go file.
func importsOf(data []byte) []string {
	file, err := parser.ParseFile(token.NewFileSet(), "", data, parser.ImportsOnly)
	if err != nil {
		return nil // it was formatted just now
	}
	var paths []string
	for _, spec := range file.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// isThirdParty tells imports of other modules from the standard library's.
func isThirdParty(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".")
}
