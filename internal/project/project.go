// Package project finds and reads the Go module that fngen runs in: its
// configuration, its functions, and the files that generating and building
// depend on. It never writes.
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

// A Project is a Go module on disk, opened by [Open].
type Project struct {
	Config
	Dir  string   // the directory of go.mod, absolute
	Root *os.Root // confines reads and writes to Dir

	env          func(string) string
	tags         func() []string
	goos, goarch string
	cgo          bool

	functionsRoot *os.Root // see withFunctionsRoot; nil without it
}

// Options configure [Open]. Env is required.
type Options struct {
	Env  func(name string) string // looks up environment variables
	Tags []string                 // build tags, in addition to those of GOFLAGS

	// GOOS and GOARCH select the files of a platform other than the one that
	// the go command builds for by default.
	GOOS, GOARCH string
}

// A NoModuleError reports that neither a directory nor any of its parents
// contains a go.mod.
type NoModuleError struct{ Dir string }

func (e *NoModuleError) Error() string {
	return "no go.mod in " + e.Dir + " or any parent directory"
}

// Hint returns the commands that create a go.mod.
func (*NoModuleError) Hint() string {
	return "go mod init example.com/NAME, or for a new project: fngen new NAME"
}

// A NoFunctionsError reports that the functions directory Dir contains no
// functions.
type NoFunctionsError struct{ Dir string }

func (e *NoFunctionsError) Error() string { return "no functions in " + e.Dir }

// Hint returns the command that creates a function.
func (*NoFunctionsError) Hint() string { return "fngen function NAME" }

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

// Open opens the project that contains dir. The project's root is the nearest
// directory with a go.mod, starting from dir and going up. Errors that callers
// can test for are *NoModuleError, *ConfigError and *NestedModuleError.
func Open(dir string, o Options) (*Project, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(dir); err != nil {
		return nil, err
	} else if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a directory", dir)
	}
	module := dir
	for !isFile(filepath.Join(module, "go.mod")) {
		parent := filepath.Dir(module)
		if parent == module {
			return nil, &NoModuleError{dir}
		}
		module = parent
	}
	root, err := os.OpenRoot(module)
	if err != nil {
		return nil, err
	}
	p := &Project{Dir: module, Root: root, env: o.Env}
	p.tags = sync.OnceValue(func() []string { return buildTags(o.Env, o.Tags) })
	p.target(o)
	if p.Config, err = p.readConfig(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	for _, owned := range []string{p.Functions, p.Lib, generator.PackageDir(p.Lib, generator.Migrations)} {
		if err := p.checkModule(owned, dir); err != nil {
			return nil, errors.Join(err, root.Close())
		}
	}
	return p, nil
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && !info.IsDir()
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

// Close closes the project's root.
func (p *Project) Close() error { return p.Root.Close() }

// Tags returns the build tags that the project's files are matched with: those
// of GOFLAGS and those of the options. Pass them to go build, whose flag -tags
// overrides GOFLAGS.
func (p *Project) Tags() []string { return p.tags() }

// Module returns the module path.
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

// Facts reads what the generator needs to know to plan changes to the project.
// If function is not "", the facts include the files of the function of that
// name.
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
	if err := p.readWorkspace(&facts); err != nil {
		return facts, err
	}

	var err error
	if facts.Entries, err = p.entries(function); err != nil {
		return facts, err
	}
	if function != "" {
		if err := p.checkModule(path.Join(p.Functions, function), p.Dir); err != nil {
			return facts, err
		}
		if err := p.readFunction(facts, function); err != nil {
			return facts, err
		}
	}

	lib, err := p.readNames(p.Lib)
	if err != nil {
		return facts, err
	}
	packages := []string{generator.Migrations}
	for _, name := range lib {
		if generator.IsPackage(name) {
			packages = append(packages, name)
		}
	}
	for _, name := range packages {
		if err := p.readPackage(facts, name); err != nil {
			return facts, err
		}
	}
	return facts, nil
}

// readFunction adds the files of a function to the facts.
func (p *Project) readFunction(facts generator.Project, function string) error {
	index := path.Join(p.Functions, function, generator.IndexFile)
	for _, file := range append(facts.FunctionFiles(function), index) {
		data, err := p.read(file)
		if err != nil {
			return err
		}
		if data != nil {
			facts.Files[file] = data
		}
	}
	return nil
}

// AddTemplates adds the project's own templates to the facts, and the files that
// the function has because of them, unless its name is "".
func (p *Project) AddTemplates(facts *generator.Project, function string) error {
	dir := generator.TemplatesDir(p.Functions)
	names, err := p.readNames(dir)
	if err != nil || len(names) == 0 {
		return err
	}
	facts.Templates = map[string][]byte{}
	for _, name := range names {
		if !generator.IsTemplate(name) {
			continue
		}
		file := path.Join(dir, name)
		info, err := p.Root.Stat(filepath.FromSlash(file))
		switch {
		case err != nil: // read explains it
		case !info.Mode().IsRegular(): // opening a named pipe would block
			return fmt.Errorf("%s is not a regular file", file)
		case info.Size() > generator.MaxTemplate:
			return fmt.Errorf("%s is larger than %d bytes", file, generator.MaxTemplate)
		}
		data, err := p.read(file)
		if err != nil {
			return err
		}
		if data == nil {
			return fmt.Errorf("%s is a symlink to a file that does not exist", file)
		}
		facts.Templates[name] = data
	}
	if function == "" {
		return nil
	}
	return p.readFunction(*facts, function)
}

// entries returns the names in the functions directory, and the paths in the
// directories that are related to a function, as in generator.Project.Entries.
func (p *Project) entries(function string) ([]string, error) {
	names, err := p.readNames(p.Functions)
	if err != nil {
		return nil, err
	}
	var entries []string
	var add func(name string, levels int) error
	add = func(name string, levels int) error {
		entries = append(entries, name)
		if levels == 0 {
			return nil
		}
		dir := path.Join(p.Functions, name)
		if info, err := p.Root.Stat(filepath.FromSlash(dir)); err != nil || !info.IsDir() {
			return nil
		}
		below, err := p.readNames(dir)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(below, isGoFile) {
			levels = 1 // not a group, so the directories below are of no interest
		}
		for _, base := range below {
			if GoIgnores(base) {
				continue
			}
			if err := add(path.Join(name, base), levels-1); err != nil {
				return err
			}
		}
		return nil
	}
	for _, name := range names {
		levels := 0
		if function != "" && !GoIgnores(name) && generator.Related(name, function) {
			levels = 2
		}
		if err := add(name, levels); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// isGoFile reports whether the go command reads a file of that name as Go
// source.
func isGoFile(name string) bool { return strings.HasSuffix(name, ".go") && !GoIgnores(name) }

// moduleCache returns the directory of the module cache, or "" if it is unknown.
func moduleCache(env func(string) string) string {
	if cache := env("GOMODCACHE"); cache != "" {
		return cache
	}
	gopath, _, _ := strings.Cut(env("GOPATH"), string(filepath.ListSeparator))
	if gopath == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return ""
		}
		gopath = filepath.Join(home, "go")
	}
	return filepath.Join(gopath, "pkg", "mod")
}

// cachedModules returns the go.mod files of the modules that the project requires,
// as far as the module cache has them.
func (p *Project) cachedModules(goMod []byte) [][]byte {
	cache := moduleCache(p.env)
	if cache == "" {
		return nil
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

// readPackage adds the source files of a support package to the facts.
func (p *Project) readPackage(facts generator.Project, name string) error {
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

// read returns the contents of a file of the project. The result is nil if the
// file does not exist, and not nil if it is empty.
func (p *Project) read(name string) ([]byte, error) {
	file, err := p.open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, p.openError(name, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	data := make([]byte, info.Size())
	_, err = io.ReadFull(file, data)
	return data, err
}

// readSource returns the contents of a Go file, or nil if it does not exist. It
// follows symlinks out of the project, as the go command does.
func (p *Project) readSource(name string) ([]byte, error) {
	data, err := p.read(name)
	if err == nil {
		return data, nil
	}
	file := filepath.Join(p.Dir, filepath.FromSlash(name))
	if target, linkErr := filepath.EvalSymlinks(file); linkErr != nil || target == file {
		return nil, err
	}
	return os.ReadFile(file)
}

// readDir returns the entries of a directory of the project, sorted by name,
// or none if the directory does not exist.
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

// readNames returns the names of the entries that readDir returns. It is
// faster, since an os.Root needs a system call per entry to find its type.
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

// HasDir reports whether the project has a directory.
func (p *Project) HasDir(name string) (bool, error) {
	dir, err := p.openDir(name)
	if dir == nil {
		return false, err
	}
	return true, dir.Close()
}

// openDir opens a directory of the project. It returns nil, nil if the
// directory does not exist.
func (p *Project) openDir(name string) (*os.File, error) {
	dir, err := p.open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, p.openError(name, err)
	}
	info, err := dir.Stat()
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a directory", name)
	}
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return dir, nil
}

// withFunctionsRoot returns a copy of p that opens the files of the functions
// directory faster, since an os.Root needs a system call per element of a path.
// The caller must call done.
func (p *Project) withFunctionsRoot() (_ *Project, done func()) {
	root, err := p.Root.OpenRoot(filepath.FromSlash(p.Functions))
	if err != nil {
		return p, func() {}
	}
	with := *p
	with.functionsRoot = root
	return &with, func() { _ = root.Close() }
}

// open opens a file or a directory of the project.
func (p *Project) open(name string) (*os.File, error) {
	if rel, ok := p.inFunctions(name); ok {
		file, err := p.functionsRoot.Open(rel)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return file, err
		} // a symlink may point to another directory of the project
	}
	return p.Root.Open(filepath.FromSlash(name))
}

// stat describes a file or a directory of the project.
func (p *Project) stat(name string) (fs.FileInfo, error) {
	if rel, ok := p.inFunctions(name); ok {
		info, err := p.functionsRoot.Stat(rel)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return info, err
		}
	}
	return p.Root.Stat(filepath.FromSlash(name))
}

// inFunctions returns the name of a file relative to functionsRoot, if that is
// open and contains the file.
func (p *Project) inFunctions(name string) (rel string, ok bool) {
	rel, ok = strings.CutPrefix(name, p.Functions+"/")
	return filepath.FromSlash(rel), ok && p.functionsRoot != nil
}

// openError explains why an os.Root could not open name. It looks for the
// element of the path that is to blame, which err does not name.
func (p *Project) openError(name string, err error) error {
	for i := 0; i <= len(name); i++ {
		if i < len(name) && name[i] != '/' {
			continue
		}
		element := name[:i]
		info, statErr := p.Root.Stat(filepath.FromSlash(element))
		target, linkErr := p.Root.Readlink(filepath.FromSlash(element))
		switch {
		case statErr == nil && i < len(name) && !info.IsDir():
			return fmt.Errorf("%s is not a directory", element)
		case statErr == nil || linkErr != nil:
		case p.pointsOutside(element, target):
			return fmt.Errorf("%s is a symlink that points outside the project", element)
		case filepath.IsAbs(target):
			return fmt.Errorf("%s is a symlink to an absolute path, want a relative one", element)
		}
	}
	if pathErr := (*fs.PathError)(nil); errors.As(err, &pathErr) {
		return &fs.PathError{Op: "open", Path: name, Err: pathErr.Err} // not openat
	}
	return err
}

// pointsOutside reports whether a symlink of the project leads out of it.
func (p *Project) pointsOutside(link, target string) bool {
	if !filepath.IsAbs(target) {
		return !filepath.IsLocal(filepath.Join(filepath.Dir(filepath.FromSlash(link)), target))
	}
	rel, err := filepath.Rel(p.Dir, target)
	return err != nil || !filepath.IsLocal(rel)
}

// readWorkspace adds the go.work that the go command would use to the facts.
func (p *Project) readWorkspace(facts *generator.Project) error {
	file := p.workspaceFile()
	if file == "" {
		return nil
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
		if sameDir(dir, p.Dir) {
			facts.Workspace.Uses = true
		}
	}
	modules, err := os.ReadFile(filepath.Join(filepath.Dir(file), "vendor", "modules.txt"))
	if err == nil {
		facts.Workspace.Vendor, facts.VendorModules = true, modules
	}
	return nil
}

// workspaceFile returns the path of the go.work that the go command would use,
// or "" if it would use none.
func (p *Project) workspaceFile() string {
	switch file := p.env("GOWORK"); file {
	case "":
	case "off":
		return ""
	default:
		return file
	}
	for dir := p.Dir; ; dir = filepath.Dir(dir) {
		if file := filepath.Join(dir, "go.work"); isFile(file) {
			return file
		}
		if filepath.Dir(dir) == dir {
			return ""
		}
	}
}

// sameDir reports whether two paths name the same directory, following
// symlinks.
func sameDir(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
