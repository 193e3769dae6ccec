// Package dist writes a build's results into a directory, which is dist by
// default. That one is disposable: a build overwrites every file in it that it
// has a result for. In another directory, a build only overwrites what a build
// has written.
//
// Each file is made in a staging directory .fngen-* inside it and then
// renamed, so that a build that fails or is killed leaves either the old file
// or the new one.
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

// A Result says what happened to a file. The words are those that reports print
// for the files of a generator.Plan.
type Result string

const (
	Created     Result = "create"
	Overwritten Result = "overwrite"
	Unchanged   Result = "unchanged"
)

// A Dir is a directory for the results of a build. [Open] locks it, and
// [Dir.Close] unlocks it.
type Dir struct {
	Path string // absolute

	disposable bool // Path is the directory of builds, which has no files of the user

	root   *os.Root
	stage  string   // the staging directory, relative to Path
	made   []string // directories that Open made, from Path outwards
	unlock func() error
}

// A LocationError reports a directory that a build must not write to.
type LocationError struct{ Dir, Reason string }

func (e *LocationError) Error() string { return "cannot build into " + e.Dir + ": " + e.Reason }

// Hint returns what the user can do about it.
func (*LocationError) Hint() string { return "choose another directory with -o" }

// A ForeignError reports an existing file at the path of a result that must not
// be overwritten: one that no build has written, or one that is not a regular
// file.
type ForeignError struct{ Path, Reason string }

func (e *ForeignError) Error() string { return "cannot overwrite " + e.Path + ": " + e.Reason }

// Hint returns what the user can do about it.
func (*ForeignError) Hint() string { return "move it, or choose another directory with -o" }

// Default is the directory of builds that the user does not choose another one
// for, relative to the project's root.
const Default = "dist"

const stagePrefix = ".fngen-"

// Open creates a directory if it does not exist, and locks it. It waits for the
// lock until ctx is done. The error is a *LocationError if dir is not a
// directory, if it contains the project's functions, support packages or
// deployment files or is inside theirs, or if it is a symlink that leads from
// the project to elsewhere.
func Open(ctx context.Context, p *project.Project, dir string) (_ *Dir, err error) {
	d := &Dir{Path: filepath.Clean(dir)}
	d.disposable = d.Path == filepath.Join(p.Dir, Default)
	resolved, err := resolve(d.Path)
	if err != nil {
		return nil, err
	}
	for _, source := range []string{p.Functions, p.Lib, project.DeployDir} {
		source, err := resolve(filepath.Join(p.Dir, filepath.FromSlash(source)))
		if err != nil {
			return nil, err
		}
		if within(resolved, source) || within(source, resolved) {
			return nil, &LocationError{dir, "it overlaps the project's sources"}
		}
	}
	if info, err := os.Stat(d.Path); err == nil && !info.IsDir() {
		return nil, &LocationError{dir, "not a directory"}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if err := d.open(p, resolved); err != nil {
		return nil, err
	}
	if d.unlock, err = changeset.Lock(ctx, d.Path); err != nil {
		return nil, err
	}
	if err := d.removeStages(); err != nil {
		return nil, err
	}
	d.stage = stagePrefix + rand.Text()
	return d, d.root.Mkdir(d.stage, 0o777)
}

// open creates and opens the directory. One in the project is opened through
// the project's root, which no symlink leaves. resolved is the path without
// symlinks.
func (d *Dir) open(p *project.Project, resolved string) (err error) {
	for dir := d.Path; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		d.made = append(d.made, dir)
	}
	rel, err := filepath.Rel(p.Dir, d.Path)
	if err != nil || !filepath.IsLocal(rel) {
		if err := os.MkdirAll(d.Path, 0o777); err != nil {
			return err
		}
		d.root, err = os.OpenRoot(d.Path)
		return err
	}
	if project, err := resolve(p.Dir); err == nil && !within(resolved, project) {
		return &LocationError{d.Path, "a symlink leads out of the project, to " + resolved}
	}
	if err := p.Root.MkdirAll(rel, 0o777); err != nil {
		return err
	}
	d.root, err = p.Root.OpenRoot(rel)
	return err
}

// removeStages removes the staging directories of builds that were killed.
func (d *Dir) removeStages() error {
	// Names that are not followed by a rand.Text are the user's.
	staging := regexp.MustCompile("^" + regexp.QuoteMeta(stagePrefix) + "[A-Z2-7]{26}$")
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() && staging.MatchString(entry.Name()) {
			if err := d.root.RemoveAll(entry.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close removes the staging directory and unlocks the directory. It also
// removes the directories that Open made if they are empty.
func (d *Dir) Close() error {
	var errs []error
	if d.root != nil {
		if d.stage != "" {
			errs = append(errs, d.root.RemoveAll(d.stage))
		}
		errs = append(errs, d.root.Close())
	}
	for _, dir := range d.made {
		if os.Remove(dir) != nil {
			break // not empty
		}
	}
	if d.unlock != nil {
		errs = append(errs, d.unlock())
	}
	return errors.Join(errs...)
}

// Staged creates a directory in the staging directory and returns its absolute
// path. The go command builds executables into it.
func (d *Dir) Staged(name string) (string, error) {
	err := d.root.MkdirAll(path.Join(d.stage, name), 0o777)
	return filepath.Join(d.Path, d.stage, filepath.FromSlash(name)), err
}

// An Executable is a result that the go command builds.
type Executable struct {
	Path string // relative to the directory

	staged string      // relative to the directory, too
	old    fs.FileInfo // the file at Path before the build, or nil
}

// Executable prepares the build of an executable that the go command writes to
// staged, relative to the staging directory. An existing executable is linked
// there, so that the go command leaves it alone if it is up to date. The error
// is a *ForeignError if the existing file must not be overwritten.
func (d *Dir) Executable(name, staged string) (Executable, error) {
	e := Executable{Path: name, staged: path.Join(d.stage, staged)}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if info, err := d.root.Stat(dir); err == nil && !info.IsDir() {
			return e, &ForeignError{dir, "not a directory"}
		}
	}
	info, err := d.root.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return e, nil
	}
	if err != nil {
		return e, err
	}
	if !info.Mode().IsRegular() {
		return e, &ForeignError{name, "not a regular file"}
	}
	file, err := d.root.Open(name)
	if err != nil {
		return e, err
	}
	defer file.Close()
	e.old = info
	if _, err := buildinfo.Read(file); err != nil {
		if d.disposable {
			return e, nil
		}
		return e, &ForeignError{name, "not a Go executable"}
	}
	_ = d.root.Link(name, e.staged) // if the file system has no hard links, the go command builds it again
	return e, nil
}

// Built reports whether the go command built an executable or found it up to
// date, in which case it sets the modification time.
func (d *Dir) Built(e Executable) bool {
	info, err := d.root.Stat(e.staged)
	return err == nil && (e.old == nil || !os.SameFile(info, e.old) || !info.ModTime().Equal(e.old.ModTime()))
}

// Install renames an executable that was built into place. It returns what
// happened to the file and its size in bytes.
func (d *Dir) Install(e Executable) (Result, int64, error) {
	info, err := d.root.Stat(e.staged)
	if err != nil {
		return "", 0, err
	}
	switch {
	case e.old == nil:
		return Created, info.Size(), d.rename(e.staged, e.Path)
	case os.SameFile(info, e.old):
		return Unchanged, info.Size(), d.root.Chtimes(e.Path, e.old.ModTime(), e.old.ModTime())
	}
	if same, err := d.sameContent(e); same || err != nil {
		return Unchanged, info.Size(), err
	}
	return Overwritten, info.Size(), d.rename(e.staged, e.Path)
}

// sameContent reports whether the executable that was built has the content of
// the existing one.
func (d *Dir) sameContent(e Executable) (bool, error) {
	staged, err := d.root.Open(e.staged)
	if err != nil {
		return false, err
	}
	defer staged.Close()
	old, err := d.root.Open(e.Path)
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
			atEnd := func(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
			if atEnd(errA) && atEnd(errB) {
				return true, nil
			}
			return false, errors.Join(errA, errB)
		}
	}
}

// CheckZip returns a *ForeignError if a zip file exists that must not be
// overwritten.
func (d *Dir) CheckZip(name string) error {
	file, err := d.root.Open(name)
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
	if !info.Mode().IsRegular() {
		return &ForeignError{name, "not a regular file"}
	}
	if _, err := artifact.Zipped(file, info.Size(), strings.NewReader(""), 0); err != nil && !d.disposable {
		return &ForeignError{name, err.Error()}
	}
	return nil
}

// Zip writes a zip file of an installed executable, unless the existing one has
// the same content. It returns what happened to the file and its size in bytes.
func (d *Dir) Zip(e Executable, name string) (_ Result, size int64, err error) {
	executable, err := d.root.Open(e.Path)
	if err != nil {
		return "", 0, err
	}
	defer executable.Close()
	result := Created
	if info, err := d.root.Stat(name); err == nil {
		current, err := d.zipped(executable, name)
		if current || err != nil && !d.disposable {
			return Unchanged, info.Size(), err
		}
		if _, err := executable.Seek(0, io.SeekStart); err != nil {
			return "", 0, err
		}
		result = Overwritten
	}
	staged := path.Join(d.stage, name)
	file, err := d.root.OpenFile(staged, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666)
	if err != nil {
		return "", 0, err
	}
	err = artifact.Zip(file, executable)
	if err == nil {
		size, err = file.Seek(0, io.SeekCurrent)
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return "", 0, err
	}
	return result, size, d.rename(staged, name)
}

// zipped reports whether an existing zip file contains the executable.
func (d *Dir) zipped(executable *os.File, name string) (bool, error) {
	info, err := executable.Stat()
	if err != nil {
		return false, err
	}
	archive, err := d.root.Open(name)
	if err != nil {
		return false, err
	}
	defer archive.Close()
	archiveInfo, err := archive.Stat()
	if err != nil {
		return false, err
	}
	return artifact.Zipped(archive, archiveInfo.Size(), executable, info.Size())
}

// Text writes a text file, unless the existing one has the same content. The
// error is a *ForeignError if the existing file is not a regular file, or if no
// build has written it and the directory is not the default one.
func (d *Dir) Text(name string, data []byte) (Result, error) {
	if info, err := d.root.Stat(name); err == nil && !info.Mode().IsRegular() {
		return "", &ForeignError{name, "not a regular file"}
	}
	old, err := d.root.ReadFile(name)
	result := Overwritten
	switch {
	case errors.Is(err, fs.ErrNotExist):
		result = Created
	case err != nil:
		return "", err
	case bytes.Equal(old, data):
		return Unchanged, nil
	case !d.disposable && !artifact.Generated(old):
		return "", &ForeignError{name, "fngen did not write it"}
	}
	staged := path.Join(d.stage, name)
	if err := d.root.WriteFile(staged, data, 0o666); err != nil {
		return "", err
	}
	return result, d.rename(staged, name)
}

// Has reports whether the directory has a file with a name.
func (d *Dir) Has(name string) bool {
	info, err := d.root.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// rename moves a staged file into place.
func (d *Dir) rename(staged, name string) error {
	if err := d.root.MkdirAll(path.Dir(name), 0o777); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return d.root.Rename(staged, name)
}

// resolve returns a path without symlinks. Its last elements need not exist.
func resolve(dir string) (string, error) {
	resolved, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) != dir {
		parent, err := resolve(filepath.Dir(dir))
		return filepath.Join(parent, filepath.Base(dir)), err
	}
	return resolved, err
}

// within reports whether name is dir or inside it.
func within(name, dir string) bool {
	rel, err := filepath.Rel(dir, name)
	return err == nil && (rel == "." || filepath.IsLocal(rel))
}
