package build

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	modpath "golang.org/x/mod/module"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/changeset"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/project"
)

// A DirError reports a directory that main packages cannot be written to.
type DirError struct{ Reason string }

func (e *DirError) Error() string { return e.Reason }

// Emit writes the main packages of a target, and the packages that only they
// import, as ordinary files below a directory of the project, given by its
// absolute path. It writes nothing if an existing file differs. The result
// lists the files by their paths relative to the project. Errors that callers
// can test for are *DirError, and *FailedError for functions that do not parse.
func Emit(ctx context.Context, p *project.Project, dir string, o Options) (_ []generator.File, err error) {
	b, err := newBuilder(p, o)
	if err != nil {
		return nil, err
	}
	if len(b.broken) > 0 {
		return nil, &FailedError{b.broken}
	}
	options, err := b.emitOptions(dir)
	if err != nil {
		return nil, err
	}
	files, err := b.mainFiles(options)
	if err != nil {
		return nil, err
	}

	unlock, err := changeset.Lock(ctx, p.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	var result []generator.File
	var changes []changeset.Change
	var conflicts []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		action := generator.Create
		old, err := p.Root.ReadFile(filepath.FromSlash(name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			changes = append(changes, changeset.Change{Path: name, Data: files[name]})
		case err != nil:
			return nil, err
		case bytes.Equal(old, files[name]):
			action = generator.Unchanged
		default:
			conflicts = append(conflicts, b.Display(filepath.Join(p.Dir, filepath.FromSlash(name))))
		}
		result = append(result, generator.File{Path: name, Action: action})
	}
	if len(conflicts) > 0 {
		return nil, hint.New("cannot overwrite "+strings.Join(conflicts, ", "),
			"remove the existing files, or choose another directory")
	}
	return result, changeset.Apply(ctx, changeset.Root{Root: p.Root}, options.Dir, changes)
}

// mainFiles returns the files of the target's main packages.
func (b *builder) mainFiles(options generator.MainOptions) (map[string][]byte, error) {
	if b.Target != Lambda {
		main, err := serverMain(options, "server", b.functions)
		return main.Files, err
	}
	files := map[string][]byte{}
	for _, f := range b.functions {
		main, err := generator.LambdaMain(options, artifact.FileName(f.Name), f.Ref(b.module))
		if err != nil {
			return nil, err
		}
		maps.Copy(files, main.Files)
	}
	return files, nil
}

// emitOptions checks that the go command finds main packages in a directory,
// and that they may import the functions.
func (b *builder) emitOptions(dir string) (generator.MainOptions, error) {
	options := generator.MainOptions{Module: b.module, Lib: b.project.Lib, Lease: hasLease(b.project)}
	rel, err := filepath.Rel(b.project.Dir, dir)
	if err != nil || !filepath.IsLocal(rel) || rel == "." {
		return options, &DirError{"want a directory in the project"}
	}
	options.Dir = filepath.ToSlash(rel)
	if err := modpath.CheckImportPath("m/" + options.Dir); err != nil {
		return options, &DirError{options.Dir + " cannot be part of an import path"}
	}
	for element := range strings.SplitSeq(options.Dir, "/") {
		if project.GoIgnores(element) {
			return options, &DirError{"the go command ignores " + element}
		}
	}
	for parent := options.Dir; parent != "."; parent = path.Dir(parent) {
		if _, err := b.project.Root.Stat(path.Join(parent, "go.mod")); err == nil {
			return options, &DirError{parent + " is a module of its own"}
		}
	}
	if options.Dir == b.project.Functions {
		return options, &DirError{"this is the functions directory"}
	}
	// The go command lets only packages below the parent of an internal
	// directory import what is in it.
	functions := "/" + b.project.Functions + "/"
	if i := strings.LastIndex(functions, "/internal/"); i > 0 && !strings.HasPrefix("/"+options.Dir+"/", functions[:i+1]) {
		parent := path.Clean(functions[1 : i+1])
		return options, &DirError{"only packages below " + parent + " can import the functions"}
	}
	return options, nil
}
