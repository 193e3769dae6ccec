// Package changeset applies changes to files, either all of them or none.
//
// [Apply] first stages every new file in a directory named .fngen-*, which the
// go command ignores. Then it renames the staged files into place in the given
// order. A new directory is staged as a whole and takes a single rename. If a
// step fails or the context is cancelled, Apply rolls back the previous steps.
// If the process is killed, each step has happened entirely or not at all. Only
// the staging directory is left then, and the next Apply removes it.
package changeset

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A Change writes or removes one file.
type Change struct {
	Path   string // relative to the root, with forward slashes
	Data   []byte // the new contents
	Remove bool   // remove the file instead
}

// A Disk is the file system that Apply changes. [Root] implements it.
type Disk interface {
	Lstat(name string) (fs.FileInfo, error)
	Open(name string) (*os.File, error)
	Mkdir(name string, perm fs.FileMode) error
	WriteFile(name string, data []byte, perm fs.FileMode) error
	Chmod(name string, mode fs.FileMode) error
	Link(old, new string) error
	Rename(old, new string) error
	Remove(name string) error
	RemoveAll(name string) error

	// Stage opens a directory, relative to which new files are written.
	Stage(dir string) (Stage, error)
}

// A RollbackError reports that Apply failed and could not undo all of its
// steps.
//
// It does not wrap Cause: a cancelled Apply that left changes behind must not
// be mistaken for one that changed nothing.
type RollbackError struct {
	Cause error // why Apply failed
	Err   error // why steps could not be undone
}

func (e *RollbackError) Error() string {
	return fmt.Sprintf("%v (rollback failed: %v)", e.Cause, e.Err)
}

func (e *RollbackError) Unwrap() error { return e.Err }

// Hint returns the command that shows the changes that are left.
func (*RollbackError) Hint() string { return "git status" }

// A Stage is the directory that new files are written to. *os.Root implements
// it. An os.Root opens every directory of a path for each operation, so paths
// that start at the stage are much cheaper than those that start at the Disk.
type Stage interface {
	Mkdir(name string, perm fs.FileMode) error
	WriteFile(name string, data []byte, perm fs.FileMode) error
	Chmod(name string, mode fs.FileMode) error
	Close() error
}

// A Root is the Disk of an os.Root.
type Root struct{ *os.Root }

// Stage opens a directory below the root.
func (r Root) Stage(dir string) (Stage, error) { return r.OpenRoot(dir) }

// stagePrefix starts the name of every staging directory.
const stagePrefix = ".fngen-"

// Apply makes the changes in order. It creates its staging directory in
// stageParent, and creates stageParent if necessary. If Apply returns an error,
// nothing has changed, unless the error is a *[RollbackError]. If ctx is
// cancelled, Apply stops and returns the context's error. No other process
// may change the project at the same time; see [Lock].
func Apply(ctx context.Context, disk Disk, stageParent string, changes []Change) (err error) {
	if len(changes) == 0 {
		return nil
	}
	t := &transaction{ctx: ctx, disk: disk, parent: stageParent, newDirs: map[string]string{}}
	defer func() {
		if err != nil {
			err = t.rollback(err)
		}
	}()

	if err := t.mkdirAll(stageParent); err != nil {
		return err
	}
	if err := removeStale(disk, stageParent); err != nil {
		return err
	}
	t.stage = path.Join(stageParent, stagePrefix+rand.Text())
	if err := t.mkdir(t.stage); err != nil {
		return err
	}
	steps, err := t.stageChanges(changes)
	if err != nil {
		return err
	}
	for _, s := range steps {
		if err := t.run(s); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// The changes are complete, and only backups are left in the staging
	// directory. If it cannot be removed, the next Apply does so.
	_ = disk.RemoveAll(osPath(t.stage))
	return nil
}

// A step creates, replaces or removes a file or directory by renaming it.
type step struct {
	path   string
	staged string // replaces path; empty if path is removed
	backup string // where the existing path is kept; empty if there is none
}

// A transaction records what Apply has done and how to undo it.
type transaction struct {
	ctx     context.Context
	disk    Disk
	parent  string            // path of the staging directory's parent
	stage   string            // path of the staging directory
	staging Stage             // that directory, while files are staged
	count   int               // number of paths in stage
	newDirs map[string]string // directories to create, and where they are staged
	undos   []func() error
}

func (t *transaction) onRollback(undo func() error) { t.undos = append(t.undos, undo) }

// rollback undoes the steps in reverse order. It returns cause, or a
// *RollbackError if steps could not be undone.
func (t *transaction) rollback(cause error) error {
	var failed []error
	for _, undo := range slices.Backward(t.undos) {
		if err := undo(); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) > 0 {
		return &RollbackError{Cause: cause, Err: errors.Join(failed...)}
	}
	return cause
}

// stagePath returns a new path in the staging directory.
func (t *transaction) stagePath() string {
	t.count++
	return path.Join(t.stage, strconv.Itoa(t.count))
}

// mkdir creates a directory. Rollback removes it and its contents.
func (t *transaction) mkdir(dir string) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	if err := t.disk.Mkdir(osPath(dir), 0o777); err != nil {
		return err
	}
	t.onRollback(func() error { return t.disk.RemoveAll(osPath(dir)) })
	return nil
}

// mkdirAll creates a directory and its missing parents. Rollback removes those
// that it created and that are empty.
func (t *transaction) mkdirAll(dir string) error {
	info, err := t.disk.Lstat(osPath(dir))
	switch {
	case err == nil && info.IsDir():
		return nil
	case err == nil && info.Mode()&fs.ModeSymlink != 0:
		return nil // if it points outside the root, using it fails
	case err == nil:
		return &fs.PathError{Op: "mkdir", Path: dir, Err: errors.New("not a directory")}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if parent := path.Dir(dir); parent != "." {
		if err := t.mkdirAll(parent); err != nil {
			return err
		}
	}
	if err := t.disk.Mkdir(osPath(dir), 0o777); err != nil {
		return err
	}
	t.onRollback(func() error {
		_ = t.disk.Remove(osPath(dir)) // fails if others have put files in it
		return nil
	})
	return nil
}

// stageChanges writes the new files to the staging directory and returns the
// steps that make the changes.
func (t *transaction) stageChanges(changes []Change) (_ []step, err error) {
	if t.staging, err = t.disk.Stage(osPath(t.stage)); err != nil {
		return nil, err
	}
	// Windows cannot remove a directory that is open.
	defer func() { err = errors.Join(err, t.staging.Close()) }()
	return t.plan(changes)
}

// plan stages the new files and returns the steps that make the changes.
func (t *transaction) plan(changes []Change) ([]step, error) {
	var steps []step
	for _, c := range changes {
		dir := path.Dir(c.Path)
		if _, ok := t.newDirs[dir]; !ok && !c.Remove {
			if _, err := t.disk.Lstat(osPath(dir)); errors.Is(err, fs.ErrNotExist) {
				staged := t.stagePath()
				if err := t.ctx.Err(); err != nil {
					return nil, err
				}
				if err := t.staging.Mkdir(t.inStage(staged), 0o777); err != nil {
					return nil, err
				}
				t.newDirs[dir] = staged
				steps = append(steps, step{path: dir, staged: staged})
			} else if err != nil {
				return nil, err
			}
		}
		if staged, ok := t.newDirs[dir]; ok {
			if err := t.write(path.Join(staged, path.Base(c.Path)), c.Data, 0o666); err != nil {
				return nil, err
			}
			continue
		}
		s, err := t.planFile(c)
		if err != nil {
			return nil, err
		}
		if s.staged != "" || s.backup != "" {
			steps = append(steps, s)
		}
	}
	steps, err := t.mergeRemovals(steps, "")
	if err != nil {
		return nil, err
	}
	return t.mergeRemovals(steps, t.parent+"/") // groups of functions
}

// planFile stages a change in an existing directory. The step has neither a
// staged path nor a backup if there is nothing to do.
func (t *transaction) planFile(c Change) (step, error) {
	s := step{path: c.Path}
	info, err := t.disk.Lstat(osPath(c.Path))
	exists := err == nil
	switch {
	case exists && !info.Mode().IsRegular():
		return s, &fs.PathError{Op: "write", Path: c.Path, Err: errors.New("not a regular file")}
	case !exists && !errors.Is(err, fs.ErrNotExist):
		return s, err
	}
	if c.Remove {
		if exists {
			s.backup = t.stagePath()
		}
		return s, nil
	}

	s.staged = t.stagePath()
	if !exists {
		return s, t.write(s.staged, c.Data, 0o666)
	}
	s.backup = t.stagePath()
	mode := info.Mode().Perm()
	if err := t.write(s.staged, c.Data, mode); err != nil {
		return s, err
	}
	return s, t.staging.Chmod(t.inStage(s.staged), mode) // undoes the umask
}

// mergeRemovals replaces the removals of everything in a directory by one step
// that removes the directory, unless another step creates something in it. It
// looks at directories whose paths start with prefix.
func (t *transaction) mergeRemovals(steps []step, prefix string) ([]step, error) {
	removed := map[string]int{} // by directory
	for _, s := range steps {
		if dir := path.Dir(s.path); s.staged == "" && strings.HasPrefix(dir, prefix) {
			removed[dir]++
		}
	}
	for dir, count := range removed {
		info, err := t.disk.Lstat(osPath(dir))
		if err != nil {
			return nil, err
		}
		entries, err := readDir(t.disk, dir)
		if err != nil {
			return nil, err
		}
		gains := slices.ContainsFunc(steps, func(s step) bool {
			return s.staged != "" && strings.HasPrefix(s.path, dir+"/")
		})
		if !info.IsDir() || gains || len(entries) != count {
			continue
		}
		removal := func(s step) bool { return s.staged == "" && path.Dir(s.path) == dir && s.path != dir }
		steps[slices.IndexFunc(steps, removal)].path = dir
		steps = slices.DeleteFunc(steps, removal)
	}
	return steps, nil
}

// write writes a file to the staging directory.
func (t *transaction) write(staged string, data []byte, mode fs.FileMode) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	return t.staging.WriteFile(t.inStage(staged), data, mode)
}

// inStage returns a path in the staging directory relative to it.
func (t *transaction) inStage(staged string) string {
	return osPath(strings.TrimPrefix(staged, t.stage+"/"))
}

// run performs one step.
func (t *transaction) run(s step) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	if s.backup != "" && s.staged != "" {
		// The existing file stays in place until the rename replaces it.
		if err := t.copy(s.path, s.backup); err != nil {
			return err
		}
		if err := t.disk.Rename(osPath(s.staged), osPath(s.path)); err != nil {
			return err
		}
		t.onRollback(func() error { return t.disk.Rename(osPath(s.backup), osPath(s.path)) })
		return nil
	}
	from, to := s.staged, s.path
	if s.staged == "" {
		from, to = s.path, s.backup
	} else if err := t.mkdirAll(path.Dir(s.path)); err != nil {
		return err
	}
	if err := t.disk.Rename(osPath(from), osPath(to)); err != nil {
		return err
	}
	t.onRollback(func() error { return t.disk.Rename(osPath(to), osPath(from)) })
	return nil
}

// copy makes a file available under another name. It creates a hard link, or
// copies the file if the file system has no links.
func (t *transaction) copy(name, to string) error {
	if t.disk.Link(osPath(name), osPath(to)) == nil {
		return nil
	}
	info, err := t.disk.Lstat(osPath(name))
	if err != nil {
		return err
	}
	data, err := readFile(t.disk, name)
	if err != nil {
		return err
	}
	if err := t.disk.WriteFile(osPath(to), data, info.Mode().Perm()); err != nil {
		return err
	}
	return t.disk.Chmod(osPath(to), info.Mode().Perm()) // undoes the umask
}

// removeStale removes the staging directories of processes that were killed.
func removeStale(disk Disk, dir string) error {
	names, err := readDir(disk, dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !strings.HasPrefix(name, stagePrefix) {
			continue
		}
		stage := osPath(path.Join(dir, name))
		if info, err := disk.Lstat(stage); err != nil {
			return err
		} else if !info.IsDir() {
			continue // not a staging directory
		}
		if err := disk.RemoveAll(stage); err != nil {
			return err
		}
	}
	return nil
}

// readDir returns the names of the entries in a directory.
func readDir(disk Disk, name string) ([]string, error) {
	dir, err := disk.Open(osPath(name))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}

func readFile(disk Disk, name string) ([]byte, error) {
	file, err := disk.Open(osPath(name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}

// osPath converts a path with forward slashes to the system's separator.
func osPath(name string) string { return filepath.FromSlash(name) }
