package fastbuild

import (
	"bytes"
	"context"
	"errors"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/fngen/fngen/internal/process"
)

// errUnknown reports that more has changed than the contents of Go files, or
// that too little is known about the last build.
var errUnknown = errors.New("only go build can build this")

// rebuild compiles the packages whose files are not as they were, links the
// program and writes it to out. It returns the new state. dir is the directory
// for its files.
func (s *state) rebuild(ctx context.Context, files snapshot, dir, out string) (*state, error) {
	changed, ok := s.changed(files)
	if !ok || len(changed) == 0 {
		return nil, errUnknown
	}
	if info, err := os.Stat(out); err != nil || !isSameFile(info, s.binary) {
		return nil, errUnknown
	}
	stale, err := s.owners(changed)
	if err != nil {
		return nil, err
	}
	next := s.clone()
	next.files = files
	temp, err := os.MkdirTemp(dir, "")
	if err != nil {
		return nil, err
	}
	edited := maps.Clone(stale)
	for i, path := range s.order() {
		if !stale[path] {
			continue
		}
		isSame, err := next.compile(ctx, path, filepath.Join(temp, strconv.Itoa(i)), edited[path])
		if err != nil {
			return nil, errors.Join(err, os.RemoveAll(temp))
		}
		for importer, p := range s.packages {
			if !isSame && slices.Contains(p.hash.imports(), path) {
				stale[importer] = true
			}
		}
	}
	if next.linkHash.id() == s.linkHash.id() { // such as after a change of a comment
		return next, nil
	}
	if err := next.linkProgram(ctx, temp, out); err != nil {
		return nil, err
	}
	next.binary, err = os.Stat(out)
	return next, err
}

func isSameFile(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

// removeOld removes the directories in dir that hold no object of the program.
func (s *state) removeOld(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	used := map[string]bool{}
	for _, object := range s.objects {
		used[filepath.Dir(filepath.Dir(object))] = true
	}
	for _, entry := range entries {
		if path := filepath.Join(dir, entry.Name()); !used[path] {
			err = errors.Join(err, os.RemoveAll(path))
		}
	}
	return err
}

// owners returns the import paths of the packages that the changed files belong
// to.
func (s *state) owners(changed []string) (map[string]bool, error) {
	owners := map[string]bool{}
	for path, p := range s.packages {
		for name := range p.hash.files() {
			if i := slices.Index(changed, filepath.Join(p.dir, name)); i >= 0 && !p.fixed {
				owners[path] = true
				changed = slices.Delete(changed, i, i+1)
			}
		}
	}
	if len(changed) > 0 || owners[s.main] { // the main package may have directives for the linker
		return nil, errUnknown
	}
	return owners, nil
}

// order returns the packages so that each comes after those that it imports.
func (s *state) order() []string {
	var order []string
	seen := map[string]bool{}
	var visit func(path string)
	visit = func(path string) {
		if p := s.packages[path]; p != nil && !seen[path] {
			seen[path] = true
			for _, imported := range p.hash.imports() {
				visit(imported)
			}
			order = append(order, path)
		}
	}
	for path := range s.packages {
		visit(path)
	}
	return order
}

// compile compiles a package into dir. isEdited says whether its own files have
// changed. It reports whether the packages that import it compile to the same as
// before.
func (s *state) compile(ctx context.Context, path, dir string, isEdited bool) (isSame bool, err error) {
	p := *s.packages[path]
	if p.fixed || p.compile == nil || slices.Contains(s.trees, p.dir) {
		return false, errUnknown
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return false, err
	}
	var sources, onDisk []string
	trimpath := ""
	for _, line := range p.hash {
		rest, ok := strings.CutPrefix(line, "file ")
		if !ok {
			continue
		}
		name := rest[:strings.LastIndex(rest, " ")]
		file := filepath.Join(p.dir, name)
		if filepath.Ext(name) != ".go" {
			return false, errUnknown
		}
		if data := s.overlaid(file); data != nil {
			source := filepath.Join(dir, name)
			if err := os.WriteFile(source, data, 0o600); err != nil {
				return false, err
			}
			trimpath += source + "=>" + file + ";"
			file = source
		} else {
			p.hash = p.hash.replace("file "+name+" ", s.files[file])
			onDisk = append(onDisk, file)
		}
		sources = append(sources, file)
	}
	if isEdited {
		if imports, err := readImports(sources); err != nil || !slices.Equal(imports, p.hash.imports()) {
			return false, errUnknown
		}
	}
	object, config := filepath.Join(dir, "_pkg_.a"), filepath.Join(dir, "importcfg")
	var packages strings.Builder
	for imported, file := range s.objects {
		if imported != path && imported != s.main {
			packages.WriteString("packagefile " + imported + "=" + file + "\n")
		}
	}
	if err := os.WriteFile(config, []byte(packages.String()), 0o600); err != nil {
		return false, err
	}
	id := p.hash.id() + "/" + p.hash.id()
	args := slices.Concat([]string{"-o", object, "-trimpath", trimpath + dir + "=>"}, p.compile.args,
		[]string{"-buildid", id, "-importcfg", config, "-pack"}, sources)
	if err := s.run(ctx, p.compile, args); err != nil {
		return false, err
	}
	if id, err = stamp(object, id); err != nil {
		return false, err
	}
	now := snapshot{} // the files that were hashed may not be those that were compiled
	for _, file := range onDisk {
		if now.add(file); now[file] != s.files[file] {
			return false, errUnknown
		}
	}
	isSame = path == s.main || sameExports(s.objects[path], object)
	s.setObject(path, &p, object, id)
	return isSame, nil
}

// setObject sets the result of compiling a package, and the hashes that depend
// on it.
func (s *state) setObject(path string, p *goPackage, object, id string) {
	_, content, _ := strings.Cut(id, "/")
	s.packages[path], s.objects[path] = p, object
	for name, other := range s.packages {
		copied := *other
		copied.hash = other.hash.replace("import "+path+" ", content)
		s.packages[name] = &copied
	}
	_, mainContent, _ := strings.Cut(s.mainID, "/")
	if path == s.main {
		mainContent = content
	}
	s.mainID = s.packages[s.main].hash.id() + "/" + mainContent
	s.linkHash = s.linkHash.replace("packagefile "+path+"=", content).replace("packagemain ", s.mainID)
}

// linkProgram links the program to the file out.
func (s *state) linkProgram(ctx context.Context, dir, out string) error {
	var config strings.Builder
	for _, path := range slices.Sorted(maps.Keys(s.objects)) {
		config.WriteString("packagefile " + path + "=" + s.objects[path] + "\n")
	}
	config.WriteString(s.modinfo + "\n")
	file, binary := filepath.Join(dir, "importcfg.link"), filepath.Join(dir, "a.out")
	if err := os.WriteFile(file, []byte(config.String()), 0o600); err != nil {
		return err
	}
	id := s.linkHash.id() + "/" + s.mainID + "/" + s.linkHash.id()
	args := slices.Clone(s.link.args)
	args[slices.Index(args, "-buildid=")] += id
	args = slices.Concat([]string{"-o", binary, "-importcfg", file}, args, []string{s.objects[s.main]})
	if err := s.run(ctx, s.link, args); err != nil {
		return err
	}
	if _, err := stamp(binary, id); err != nil {
		return err
	}
	return os.Rename(binary, out)
}

// run runs the compiler or the linker.
func (s *state) run(ctx context.Context, c *command, args []string) error {
	cmd := process.Command(ctx, c.tool, args...)
	cmd.Dir = s.overlay.Root
	cmd.Env = slices.Concat(s.overlay.Environ, []string{"PWD=" + s.overlay.Root})
	for _, line := range s.linkHash { // such as GOAMD64, as the go command sets them
		if strings.HasPrefix(line, "GO") && !strings.HasSuffix(line, "=\n") {
			cmd.Env = append(cmd.Env, strings.TrimSuffix(line, "\n"))
		}
	}
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := process.Run(ctx, cmd); err != nil {
		return err
	}
	if output.Len() > 0 {
		return errUnknown // go build shows it
	}
	return nil
}

// readImports returns what the files import, sorted. The error is errUnknown if
// there are directives, some of which change how the go command compiles.
func readImports(files []string) ([]string, error) {
	var imports []string
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if bytes.Contains(data, []byte("//go:")) || bytes.Contains(data, []byte("+build")) {
			return nil, errUnknown
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), file, data, parser.ImportsOnly)
		if err != nil {
			return nil, err
		}
		for _, spec := range syntax.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil || path == "C" {
				return nil, errUnknown
			}
			imports = append(imports, path)
		}
	}
	slices.Sort(imports)
	return slices.Compact(imports), nil
}

// sameExports reports whether two object files export the same, so that
// packages that import them compile to the same.
func sameExports(a, b string) bool {
	x, err := readExports(a)
	if err != nil {
		return false
	}
	y, err := readExports(b)
	return err == nil && len(x) > 0 && bytes.Equal(x, y)
}

// readExports returns the export data of an object file, without its build ID.
func readExports(file string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	const magic, header = "!<arch>\n", 60
	if len(data) < len(magic)+header || !bytes.HasPrefix(data[len(magic):], []byte("__.PKGDEF ")) {
		return nil, errUnknown
	}
	size, err := strconv.Atoi(strings.TrimSpace(string(data[len(magic)+48 : len(magic)+58])))
	data = data[len(magic)+header:]
	if err != nil || size > len(data) {
		return nil, errUnknown
	}
	before, rest, ok := bytes.Cut(data[:size], []byte("\nbuild id "))
	_, after, ended := bytes.Cut(rest, []byte("\n"))
	if !ok || !ended {
		return nil, errUnknown
	}
	return slices.Concat(before, after), nil
}
