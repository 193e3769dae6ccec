// Package dist is the folder that a build's results go to. Each is made in a staging directory .fngen-* of that folder, and
// then renamed: whatever ends a build, a file there is the old one or the new one, whole.
package dist

import (
	"bytes"
	"context"
	"crypto/rand"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/changeset"
	"github.com/fngen/fngen/internal/project"
)

// An Action is what happened to a file.
type Action string

// The actions.
const (
	Create    Action = "create"
	Overwrite Action = "overwrite"
	Unchanged Action = "unchanged"
	Keep      Action = "keep" // it is the project's own
)

// A Folder is where results go. [Open] opens it, and Close closes it.
type Folder struct {
	Dir string // absolute

	root   *os.Root
	stage  string   // relative to the folder
	made   []string // directories that Open made, the outermost last
	unlock func() error
}

// A LocationError says that results cannot go to a folder.
type LocationError struct{ Dir, Reason string }

func (e *LocationError) Error() string { return "no results can go to " + e.Dir + ": " + e.Reason }

// Hint returns what the user can do about it.
func (*LocationError) Hint() string { return "choose another folder with -o" }

// A ForeignError names a file in the way that no build has written.
type ForeignError struct{ Path, Reason string }

func (e *ForeignError) Error() string { return e.Path + " is in the way: " + e.Reason }

// Hint returns what the user can do about it.
func (*ForeignError) Hint() string { return "move it, or choose another folder with -o" }

const stagePrefix = ".fngen-"

// Open opens a folder, which it makes where it is not there, and locks it. It must not be a folder that the project's
// functions or support packages are in, nor be in one of those. Errors: *LocationError, and those of the disk.
func Open(ctx context.Context, p *project.Project, dir string) (_ *Folder, err error) {
	f := &Folder{Dir: filepath.Clean(dir)}
	resolved, err := resolve(f.Dir)
	if err != nil {
		return nil, err
	}
	for _, source := range []string{p.Functions, p.Lib} {
		source, err := resolve(filepath.Join(p.Dir, filepath.FromSlash(source)))
		if err != nil {
			return nil, err
		}
		if within(resolved, source) || within(source, resolved) {
			return nil, &LocationError{dir, "the project's sources are there"}
		}
	}
	if info, err := os.Stat(f.Dir); err == nil && !info.IsDir() {
		return nil, &LocationError{dir, "it is a file"}
	}
	// A stage's name is the prefix and a rand.Text. What else begins so is somebody's.
	staging := regexp.MustCompile("^" + regexp.QuoteMeta(stagePrefix) + "[A-Z2-7]{26}$")
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if err := f.open(p, resolved); err != nil {
		return nil, err
	}
	if f.unlock, err = changeset.Lock(ctx, f.Dir); err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if !entry.IsDir() || !staging.MatchString(entry.Name()) {
			continue
		}
		if err := f.root.RemoveAll(entry.Name()); err != nil { // of a build that was killed
			return nil, err
		}
	}
	f.stage = stagePrefix + rand.Text()
	return f, f.root.Mkdir(f.stage, 0o777)
}

// open makes the folder and opens it: one in the project by way of the project's root, which no link leads out of.
// resolved is the folder's path without links.
func (f *Folder) open(p *project.Project, resolved string) (err error) {
	for dir := f.Dir; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		f.made = append(f.made, dir)
	}
	rel, err := filepath.Rel(p.Dir, f.Dir)
	if err != nil || !filepath.IsLocal(rel) {
		if err := os.MkdirAll(f.Dir, 0o777); err != nil {
			return err
		}
		f.root, err = os.OpenRoot(f.Dir)
		return err
	}
	if project, err := resolve(p.Dir); err == nil && !within(resolved, project) {
		return &LocationError{f.Dir, "a link leads out of the project, to " + resolved}
	}
	if err := p.Root.MkdirAll(rel, 0o777); err != nil {
		return err
	}
	f.root, err = p.Root.OpenRoot(rel)
	return err
}

// Close removes what is staged, and the folder where it was made for nothing.
func (f *Folder) Close() error {
	var errs []error
	if f.root != nil {
		if f.stage != "" {
			errs = append(errs, f.root.RemoveAll(f.stage))
		}
		errs = append(errs, f.root.Close())
	}
	for _, dir := range f.made {
		if os.Remove(dir) != nil {
			break // there is something in it
		}
	}
	if f.unlock != nil {
		errs = append(errs, f.unlock())
	}
	return errors.Join(errs...)
}

// Staged is the path of a directory in the stage, which it makes. Programs are to be built into it.
func (f *Folder) Staged(name string) (string, error) {
	err := f.root.MkdirAll(path.Join(f.stage, name), 0o777)
	return filepath.Join(f.Dir, f.stage, filepath.FromSlash(name)), err
}

// A Executable is one that is built, or was.
type Executable struct {
	Path string // in the folder

	staged string      // in the folder too: where it is built
	old    fs.FileInfo // of Path before
}

// Executable prepares the building of a program: the go command is to write it into the stage under that name. There it
// finds the one that Path has, which it leaves alone where that is up to date. Errors: *ForeignError.
func (f *Folder) Executable(name, staged string) (Executable, error) {
	p := Executable{Path: name, staged: path.Join(f.stage, staged)}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if info, err := f.root.Stat(dir); err == nil && !info.IsDir() {
			return p, &ForeignError{dir, "it is no folder"}
		}
	}
	file, err := f.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	defer file.Close()
	if p.old, err = file.Stat(); err != nil {
		return p, err
	}
	if !p.old.Mode().IsRegular() {
		return p, &ForeignError{name, "it is no file"}
	}
	if _, err := buildinfo.Read(file); err != nil {
		return p, &ForeignError{name, "it is no program of Go's"}
	}
	// Where links cannot be had, it is built again.
	_ = f.root.Link(name, p.staged)
	return p, nil
}

// Built tells whether the go command has built a program, or found that it is up to date, which it says
// by the time of the file.
func (f *Folder) Built(p Executable) bool {
	info, err := f.root.Stat(p.staged)
	return err == nil && (p.old == nil || !os.SameFile(info, p.old) || !info.ModTime().Equal(p.old.ModTime()))
}

// Install renames an executable that was built into place. It returns what
// happened to the file and its size in bytes.
func (f *Folder) Install(p Executable) (Action, int64, error) {
	info, err := f.root.Stat(p.staged)
	if err != nil {
		return "", 0, err
	}
	switch {
	case p.old == nil:
		return Create, info.Size(), f.rename(p.staged, p.Path)
	case os.SameFile(info, p.old):
		return Unchanged, info.Size(), f.root.Chtimes(p.Path, p.old.ModTime(), p.old.ModTime())
	}
	if same, err := f.same(p); same || err != nil {
		return Unchanged, info.Size(), err
	}
	return Overwrite, info.Size(), f.rename(p.staged, p.Path)
}

// same tells whether a program that was built has the bytes of the old one.
func (f *Folder) same(p Executable) (bool, error) {
	staged, err := f.root.Open(p.staged)
	if err != nil {
		return false, err
	}
	defer staged.Close()
	old, err := f.root.Open(p.Path)
	if err != nil {
		return false, err
	}
	defer old.Close()
	a, b := make([]byte, 1<<16), make([]byte, 1<<16)
	for {
		n, errA := io.ReadFull(staged, a)
		m, errB := io.ReadFull(old, b)
		if !bytes.Equal(a[:n], b[:m]) {
			return false, nil
		}
		if errA != nil || errB != nil {
			end := func(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
			if end(errA) && end(errB) {
				return true, nil
			}
			return false, errors.Join(errA, errB)
		}
	}
}

// CheckZip finds out whether a zip file may be written: whether there is none, or one that a build wrote.
func (f *Folder) CheckZip(name string) error {
	file, err := f.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if _, err := artifact.Zipped(file, info.Size(), strings.NewReader(""), 0); err != nil {
		return &ForeignError{name, err.Error()}
	}
	return nil
}

// Zip puts a zip file of a program in its place, unless the one there has the program already. It is its size in bytes.
func (f *Folder) Zip(p Executable, name string) (_ Action, size int64, err error) {
	program, err := f.root.Open(p.Path)
	if err != nil {
		return "", 0, err
	}
	defer program.Close()
	action := Create
	if info, err := f.root.Stat(name); err == nil {
		current, err := f.zipped(program, name)
		if current || err != nil {
			return Unchanged, info.Size(), err
		}
		if _, err := program.Seek(0, io.SeekStart); err != nil {
			return "", 0, err
		}
		action = Overwrite
	}
	staged := path.Join(f.stage, name)
	file, err := f.root.OpenFile(staged, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666)
	if err != nil {
		return "", 0, err
	}
	err = artifact.Zip(file, program)
	if err == nil {
		size, err = file.Seek(0, io.SeekCurrent)
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return "", 0, err
	}
	return action, size, f.rename(staged, name)
}

// zipped tells whether a zip file has a program.
func (f *Folder) zipped(program *os.File, name string) (bool, error) {
	info, err := program.Stat()
	if err != nil {
		return false, err
	}
	archive, err := f.root.Open(name)
	if err != nil {
		return false, err
	}
	defer archive.Close()
	archived, err := archive.Stat()
	if err != nil {
		return false, err
	}
	return artifact.Zipped(archive, archived.Size(), program, info.Size())
}

// Text puts a text file in its place, unless the one there is the project's own, or the same. Errors: *ForeignError.
func (f *Folder) Text(name string, data []byte) (Action, error) {
	if info, err := f.root.Stat(name); err == nil && !info.Mode().IsRegular() {
		return "", &ForeignError{name, "it is no file"}
	}
	old, err := f.root.ReadFile(name)
	action := Overwrite
	switch {
	case errors.Is(err, fs.ErrNotExist):
		action = Create
	case err != nil:
		return "", err
	case bytes.Equal(old, data):
		return Unchanged, nil
	case !artifact.Generated(old):
		return Keep, nil
	}
	staged := path.Join(f.stage, name)
	if err := f.root.WriteFile(staged, data, 0o666); err != nil {
		return "", err
	}
	return action, f.rename(staged, name)
}

// Has tells whether the folder has a file of that name.
func (f *Folder) Has(name string) bool {
	info, err := f.root.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// rename moves a staged file into place.
func (f *Folder) rename(staged, name string) error {
	if err := f.root.MkdirAll(path.Dir(name), 0o777); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return f.root.Rename(staged, name)
}

// resolve is a path without links, as far as it is there.
func resolve(dir string) (string, error) {
	resolved, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) != dir {
		parent, err := resolve(filepath.Dir(dir))
		return filepath.Join(parent, filepath.Base(dir)), err
	}
	return resolved, err
}

// within tells whether a path is a directory, or in it.
func within(name, dir string) bool {
	rel, err := filepath.Rel(dir, name)
	return err == nil && (rel == "." || filepath.IsLocal(rel))
}
