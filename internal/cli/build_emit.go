package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	modpath "golang.org/x/mod/module"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/changeset"
)

// emit writes the main packages, and what they import of templates/runtime, as ordinary files below a directory. What
// stands there already stays as it is: where it differs, nothing is written.
func (b *builder) emit(ctx context.Context, dir string) (err error) {
	if len(b.broken) > 0 {
		for _, f := range b.broken {
			fmt.Fprintln(b.w.Stderr, f.Errors[0])
		}
		return brokenError{[]string{b.broken[0].Function}}
	}
	place, err := b.emitPlace(dir)
	if err != nil {
		return flagValueError{flag: "--emit-main", err: err, help: "fngen build --emit-main cmd"}
	}
	files := map[string][]byte{}
	if b.o.target == targetLambda {
		for _, f := range b.functions {
			p, err := generator.LambdaMain(place, f.Name, f.In(b.module))
			if err != nil {
				return err
			}
			maps.Copy(files, p.Files)
		}
	} else {
		p, err := b.serverProgram(place)
		if err != nil {
			return err
		}
		files = p.Files
	}

	unlock, err := changeset.Lock(ctx, b.project.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	var changes []changeset.Change
	report := struct {
		Files []fileJSON `json:"files"`
	}{[]fileJSON{}}
	var conflicts []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		action := generator.Create
		old, err := b.project.Root.ReadFile(filepath.FromSlash(name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			changes = append(changes, changeset.Change{Path: name, Data: files[name]})
		case err != nil:
			return err
		case bytes.Equal(old, files[name]):
			action = generator.Unchanged
		default:
			conflicts = append(conflicts, relative(b.project.Dir, name))
		}
		report.Files = append(report.Files, fileJSON{relative(b.project.Dir, name), action})
	}
	if len(conflicts) > 0 {
		return emittedError{conflicts}
	}
	if err := changeset.Apply(ctx, b.project.Root, place.Dir, changes); err != nil {
		return err
	}
	if b.o.json {
		return printJSON(b.w.Stdout, report)
	}
	var text strings.Builder
	for _, f := range report.Files {
		fmt.Fprintf(&text, "%-9s  %s\n", f.Action, f.Path)
	}
	build := "go -C " + shellQuote(b.project.Dir) + " build"
	if inside(b.project.Dir) && relative(b.project.Dir, "") == "." {
		build = "go build"
	}
	fmt.Fprintf(&text, "\nbuild      %s -o bin/ ./%s/...\n", build, place.Dir)
	_, err = fmt.Fprint(b.w.Stdout, text.String())
	return err
}

// An emittedError names files that are not as they would be written.
type emittedError struct{ paths []string }

func (e emittedError) Error() string {
	return "these files are in the way: " + strings.Join(e.paths, ", ")
}

func (emittedError) Hint() string { return "remove them, or choose another folder" }

// emitPlace is a directory as the place of main packages: one that the go command finds, and that may import the functions.
func (b *builder) emitPlace(dir string) (generator.MainOptions, error) {
	rel, err := filepath.Rel(b.project.Dir, dir)
	if err != nil || !filepath.IsLocal(rel) || rel == "." {
		return generator.MainOptions{}, errors.New("want a folder in the project")
	}
	place := generator.MainOptions{Module: b.module, Lib: b.project.Lib, Dir: filepath.ToSlash(rel)}
	if err := modpath.CheckImportPath("m/" + place.Dir); err != nil {
		return place, fmt.Errorf("no import path can name %s", place.Dir)
	}
	for element := range strings.SplitSeq(place.Dir, "/") {
		if element == "testdata" || element == "vendor" || element[0] == '.' || element[0] == '_' {
			return place, fmt.Errorf("the go command passes over %s", element)
		}
	}
	if place.Dir == b.project.Functions {
		return place, errors.New("the functions are there")
	}
	// Go's rule: what has the element internal in its path is for what is below the folder that internal is in.
	below := "/" + b.project.Functions + "/"
	if i := strings.LastIndex(below, "/internal/"); i > 0 && !strings.HasPrefix("/"+place.Dir+"/", below[:i+1]) {
		return place, fmt.Errorf("only what is below %s can import the functions", path.Clean(below[1:i+1]))
	}
	return place, nil
}
