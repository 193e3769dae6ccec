// Package project finds the Go module that fngen is run in and reads from it
// what plans and lists are made of. It writes nothing.
package project

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"

	"github.com/fngen/fngen/generator"
)

// A Project is a Go module on disk. [Open] opens it, and Close closes it.
type Project struct {
	Config
	Dir  string   // the directory of go.mod, absolute
	Root *os.Root // confines reads and writes to Dir

	env          func(string) string
	tags         func() []string
	goos, goarch string
	cgo          bool
}

// Options say how a project is opened. Env is required.
type Options struct {
	Env  func(name string) string // looks up environment variables
	Tags []string                 // build tags, in addition to those of GOFLAGS

	// GOOS and GOARCH select the files of a platform other than the one that
	// the go command builds for by default.
	GOOS, GOARCH string
}

// A NoModuleError says that no go.mod is in a directory or above it.
type NoModuleError struct{ Dir string }

func (e *NoModuleError) Error() string {
	return "no go.mod in " + e.Dir + " or any folder above it"
}

// Hint returns what the user can do about it.
func (*NoModuleError) Hint() string { return "go mod init example.com/NAME" }

// A NestedModuleError reports that a directory of the project, such as that of the
// functions, belongs to another module: one with a go.mod below the project's.
type NestedModuleError struct {
	Dir    string // relative to the project's root, with forward slashes
	Module string // the directory of the other go.mod, likewise
	cd     string // from the directory that the project was opened with to Module
}

func (e *NestedModuleError) Error() string {
	return fmt.Sprintf("%s belongs to another module, which %s/go.mod declares", e.Dir, e.Module)
}

// Hint returns the command that changes to the other module.
func (e *NestedModuleError) Hint() string { return "cd " + e.cd }

// Open opens the project that a directory belongs to. The project's root is the
// nearest directory upwards with a go.mod. Errors that callers can test for are
// *NoModuleError, *ConfigError and *NestedModuleError.
func Open(dir string, o Options) (*Project, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: dir, Err: errNotDir}
	}
	top := dir
	for {
		if info, err := os.Stat(filepath.Join(top, "go.mod")); err == nil && !info.IsDir() {
			break
		}
		parent := filepath.Dir(top)
		if parent == top {
			return nil, &NoModuleError{dir}
		}
		top = parent
	}
	root, err := os.OpenRoot(top)
	if err != nil {
		return nil, err
	}
	p := &Project{Dir: top, Root: root, env: o.Env}
	p.tags = sync.OnceValue(func() []string { return buildTags(o.Env, o.Tags) })
	p.target(o)
	if p.Config, err = readConfig(root, o.Env); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	for _, owned := range []string{p.Functions, p.Lib, generator.PackageDir(p.Lib, generator.Migrations)} {
		if err := p.checkModule(owned, dir); err != nil {
			return nil, errors.Join(err, root.Close())
		}
	}
	return p, nil
}

// checkModule returns a *NestedModuleError if a directory of the project belongs
// to another module.
func (p *Project) checkModule(dir, cwd string) error {
	for i := range len(dir) + 1 {
		if i < len(dir) && dir[i] != '/' {
			continue
		}
		owner := path.Clean(dir[:i])
		info, err := p.Root.Stat(filepath.Join(filepath.FromSlash(owner), "go.mod"))
		if owner == "." || err != nil || info.IsDir() {
			continue
		}
		cd, err := filepath.Rel(cwd, filepath.Join(p.Dir, filepath.FromSlash(owner)))
		if err != nil {
			return err
		}
		return &NestedModuleError{Dir: dir, Module: owner, cd: filepath.ToSlash(cd)}
	}
	return nil
}

var errNotDir = errors.New("not a folder")

// Close closes the project's root.
func (p *Project) Close() error { return p.Root.Close() }

// Tags returns the build tags that the project's files are matched with: those
// of GOFLAGS and those of the options. Pass them to go build, whose flag -tags
// overrides GOFLAGS.
func (p *Project) Tags() []string { return p.tags() }

// Module is the module's path.
func (p *Project) Module() (string, error) {
	data, err := p.read("go.mod")
	if err != nil {
		return "", err
	}
	if path := modfile.ModulePath(data); path != "" {
		return path, nil
	}
	return "", &generator.ModError{Err: errors.New("go.mod: no module directive")}
}

// Facts are what a plan of a function and of support packages has to know. The function
// is its directory's name, or "" for none.
func (p *Project) Facts(version, function string) (generator.Project, error) {
	facts := generator.Project{
		Version:   version,
		Functions: p.Functions,
		Lib:       p.Lib,
		Files:     map[string][]byte{},
		Packages:  map[string]map[string][]byte{},
	}
	for name, data := range map[string]*[]byte{
		"go.mod":             &facts.GoMod,
		"go.sum":             &facts.GoSum,
		generator.SumFile:    &facts.FngenSum,
		".gitattributes":     &facts.GitAttributes,
		"vendor/modules.txt": &facts.VendorModules,
	} {
		var err error
		if *data, err = p.read(name); err != nil {
			return facts, err
		}
	}
	facts.Modules = p.cachedModules(facts.GoMod)
	if err := p.workspace(&facts); err != nil {
		return facts, err
	}

	var err error
	if facts.Entries, err = p.readNames(p.Functions); err != nil {
		return facts, err
	}
	if function != "" {
		if err := p.checkModule(path.Join(p.Functions, function), p.Dir); err != nil {
			return facts, err
		}
		for _, file := range append(generator.OwnFiles(function), path.Join(function, generator.IndexFile)) {
			file = path.Join(p.Functions, file)
			data, err := p.read(file)
			if err != nil {
				return facts, err
			}
			if data != nil {
				facts.Files[file] = data
			}
		}
	}

	packages, err := p.readNames(p.Lib)
	if err != nil {
		return facts, err
	}
	names := []string{generator.Migrations}
	for _, pkg := range packages {
		if generator.IsPackage(pkg) {
			names = append(names, pkg)
		}
	}
	for _, name := range names {
		if err := p.supportPackage(facts, name); err != nil {
			return facts, err
		}
	}
	return facts, nil
}

// cachedModules returns the go.mod files of the modules that the project requires,
// as far as the module cache has them.
func (p *Project) cachedModules(goMod []byte) [][]byte {
	cache := p.env("GOMODCACHE")
	if cache == "" {
		gopath, _, _ := strings.Cut(p.env("GOPATH"), string(filepath.ListSeparator))
		if gopath == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				return nil
			}
			gopath = filepath.Join(home, "go")
		}
		cache = filepath.Join(gopath, "pkg", "mod")
	}
	file, err := modfile.ParseLax("go.mod", goMod, nil)
	if err != nil {
		return nil // the plan will say so
	}
	var list [][]byte
	for _, r := range file.Require {
		escaped, err := module.EscapePath(r.Mod.Path)
		if err != nil {
			continue
		}
		version, err := module.EscapeVersion(r.Mod.Version)
		if err != nil {
			continue
		}
		name := filepath.Join(cache, "cache", "download", filepath.FromSlash(escaped), "@v", version+".mod")
		if data, err := os.ReadFile(name); err == nil {
			list = append(list, data)
		}
	}
	return list
}

// supportPackage reads the Go files of a package that fngen has one of that name of.
func (p *Project) supportPackage(facts generator.Project, name string) error {
	dir := generator.PackageDir(p.Lib, name)
	if err := p.checkModule(dir, p.Dir); err != nil {
		return err
	}
	files, err := p.readNames(dir)
	if err != nil {
		return err
	}
	for _, file := range files {
		if ext := path.Ext(file); ext != ".go" && (ext != ".sql" || name != generator.Migrations) {
			continue
		}
		data, err := p.read(path.Join(dir, file))
		if err != nil {
			return err
		}
		if facts.Packages[name] == nil {
			facts.Packages[name] = map[string][]byte{}
		}
		facts.Packages[name][file] = data
	}
	return nil
}

// read is the contents of a file of the project, nil where there is none. It is
// not nil for an empty file.
func (p *Project) read(name string) ([]byte, error) {
	file, err := p.Root.Open(filepath.FromSlash(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errors.New("not a file")}
	}
	data := make([]byte, info.Size())
	_, err = io.ReadFull(file, data)
	return data, err
}

// readDir lists a directory of the project, which may not be there, by name.
func (p *Project) readDir(name string) ([]fs.DirEntry, error) {
	dir, err := p.openDir(name)
	if dir == nil {
		return nil, err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

// readNames is what readDir lists, without what it is: in a root, that is a question of its own for each.
func (p *Project) readNames(name string) ([]string, error) {
	dir, err := p.openDir(name)
	if dir == nil {
		return nil, err
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

// openDir opens a directory of the project. It is nil where there is none.
func (p *Project) openDir(name string) (*os.File, error) {
	dir, err := p.Root.Open(filepath.FromSlash(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	info, err := dir.Stat()
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "open", Path: name, Err: errNotDir}
	}
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return dir, nil
}

// workspace finds the go.work that the go command would use.
func (p *Project) workspace(facts *generator.Project) error {
	file := p.env("GOWORK")
	if file == "off" {
		return nil
	}
	for dir := p.Dir; file == ""; dir = filepath.Dir(dir) {
		candidate := filepath.Join(dir, "go.work")
		if info, err := os.Stat(candidate); err == nil && !info.IsDir() {
			file = candidate
		} else if filepath.Dir(dir) == dir {
			return nil
		}
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	work, err := modfile.ParseWork(file, data, nil)
	if err != nil {
		return fmt.Errorf("go.work: %w", err)
	}
	facts.Workspace = &generator.Workspace{}
	for _, use := range work.Use {
		dir := filepath.FromSlash(use.Path)
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(filepath.Dir(file), dir)
		}
		if same(dir, p.Dir) {
			facts.Workspace.Uses = true
		}
	}
	modules, err := os.ReadFile(filepath.Join(filepath.Dir(file), "vendor", "modules.txt"))
	if err == nil {
		facts.Workspace.Vendor, facts.VendorModules = true, modules
	}
	return nil
}

// same tells whether two paths are one directory, by whatever links.
func same(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
