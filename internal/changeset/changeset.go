// Package changeset puts changes to files on disk, all of them or none.
//
// Everything that is written is first staged, in one directory .fngen-* beside
// what it becomes part of, where the go command does not look. Then it is moved into place, in the
// order in which it was given, by renames. A directory that is new goes there whole, by one
// rename. What fails, or is interrupted, is undone; and where a process is killed, each step is
// there or not, and only the staging directory is left, which the next [Apply] removes.
package changeset

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A Change is what happens to one file. Paths are relative to the root, with
// forward slashes.
type Change struct {
	Path   string
	Data   []byte // the new contents
	Remove bool   // the file goes, instead
}

// A Disk is what Apply works on. An *os.Root is one.
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
}

// stagePrefix begins the name of a staging directory.
const stagePrefix = ".fngen-"

// Apply makes the changes in order. It stages them below the directory beside, which it makes where it
// is not there. Where it returns an error, nothing has changed, unless the error says otherwise; it
// stops and returns the context's error when that is cancelled. Nobody else may be
// at it meanwhile: see [Lock].
func Apply(ctx context.Context, disk Disk, beside string, changes []Change) (err error) {
	if len(changes) == 0 {
		return nil
	}
	t := &transaction{ctx: ctx, disk: disk}
	defer func() {
		if err != nil {
			err = t.undo(err)
		}
	}()

	if err := t.mkdirAll(beside); err != nil {
		return err
	}
	if err := sweep(disk, beside); err != nil {
		return err
	}
	t.stage = path.Join(beside, stagePrefix+rand.Text())
	if err := t.mkdir(t.stage); err != nil {
		return err
	}
	moves, err := t.prepare(changes)
	if err != nil {
		return err
	}
	for _, m := range moves {
		if err := t.move(m); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// Everything is in place, and what is staged now is what was replaced. If
	// that cannot be removed, the next Apply does it.
	_ = disk.RemoveAll(local(t.stage))
	return nil
}

// A move puts what is staged in place.
type move struct {
	path   string // what changes
	staged string // what takes its place, "" for nothing
	saved  string // where what was there goes, "" where nothing was
}

// transaction is what was done so far, and how to undo it.
type transaction struct {
	ctx   context.Context
	disk  Disk
	stage string
	count int
	undos []func() error
}

func (t *transaction) did(undo func() error) { t.undos = append(t.undos, undo) }

// undo reverts all, the last first.
func (t *transaction) undo(cause error) error {
	for _, undo := range slices.Backward(t.undos) {
		if err := undo(); err != nil {
			cause = fmt.Errorf("%w (and undoing it: %w)", cause, err)
		}
	}
	return cause
}

// staged is a new path in the staging directory.
func (t *transaction) staged() string {
	t.count++
	return path.Join(t.stage, strconv.Itoa(t.count))
}

// mkdir makes a directory whose undoing removes it and what is in it.
func (t *transaction) mkdir(dir string) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	if err := t.disk.Mkdir(local(dir), 0o777); err != nil {
		return err
	}
	t.did(func() error { return t.disk.RemoveAll(local(dir)) })
	return nil
}

// mkdirAll makes a directory and its parents. Undoing it removes those that
// were not there, if they are empty.
func (t *transaction) mkdirAll(dir string) error {
	info, err := t.disk.Lstat(local(dir))
	switch {
	case err == nil && info.IsDir(), err == nil && info.Mode()&fs.ModeSymlink != 0:
		return nil // a link that leads out of the root fails where it is used
	case err == nil:
		return &fs.PathError{Op: "mkdir", Path: dir, Err: errors.New("a file is in the way")}
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if parent := path.Dir(dir); parent != "." {
		if err := t.mkdirAll(parent); err != nil {
			return err
		}
	}
	if err := t.disk.Mkdir(local(dir), 0o777); err != nil {
		return err
	}
	t.did(func() error {
		_ = t.disk.Remove(local(dir)) // somebody else's files in it keep it
		return nil
	})
	return nil
}

// prepare stages the new contents, and finds the moves that put them in place.
func (t *transaction) prepare(changes []Change) ([]move, error) {
	var moves []move
	whole := map[string]string{} // new directories, and where they are staged
	for _, c := range changes {
		dir := path.Dir(c.Path)
		if _, ok := whole[dir]; !ok && !c.Remove {
			if _, err := t.disk.Lstat(local(dir)); errors.Is(err, fs.ErrNotExist) {
				whole[dir] = t.staged()
				if err := t.mkdir(whole[dir]); err != nil {
					return nil, err
				}
				moves = append(moves, move{path: dir, staged: whole[dir]})
			} else if err != nil {
				return nil, err
			}
		}
		if staged, ok := whole[dir]; ok {
			if err := t.write(path.Join(staged, path.Base(c.Path)), c.Data, 0o666); err != nil {
				return nil, err
			}
			continue
		}

		info, err := t.disk.Lstat(local(c.Path))
		there := err == nil
		switch {
		case there && !info.Mode().IsRegular():
			return nil, &fs.PathError{Op: "write", Path: c.Path, Err: errors.New("what is in the way is not a file")}
		case !there && !errors.Is(err, fs.ErrNotExist):
			return nil, err
		case c.Remove && there:
			moves = append(moves, move{path: c.Path, saved: t.staged()})
		case c.Remove:
		default:
			m := move{path: c.Path, staged: t.staged()}
			mode := fs.FileMode(0o666)
			if there {
				mode, m.saved = info.Mode().Perm(), t.staged()
			}
			if err := t.write(m.staged, c.Data, mode); err != nil {
				return nil, err
			}
			if there { // the umask does not apply to what has a mode already
				if err := t.disk.Chmod(local(m.staged), mode); err != nil {
					return nil, err
				}
			}
			moves = append(moves, m)
		}
	}
	return t.wholeDirectories(moves)
}

// wholeDirectories makes one move of the removals of all that is in a directory, where
// nothing new goes into it.
func (t *transaction) wholeDirectories(moves []move) ([]move, error) {
	removed := map[string][]string{}
	for _, m := range moves {
		if m.staged == "" {
			removed[path.Dir(m.path)] = append(removed[path.Dir(m.path)], path.Base(m.path))
		}
	}
	for dir, names := range removed {
		info, err := t.disk.Lstat(local(dir))
		if err != nil {
			return nil, err
		}
		entries, err := readDir(t.disk, dir)
		if err != nil {
			return nil, err
		}
		gains := slices.ContainsFunc(moves, func(m move) bool { return m.staged != "" && strings.HasPrefix(m.path, dir+"/") })
		if !info.IsDir() || gains || len(entries) != len(names) {
			continue
		}
		i := slices.IndexFunc(moves, func(m move) bool { return m.staged == "" && path.Dir(m.path) == dir })
		moves[i].path = dir
		moves = slices.DeleteFunc(moves, func(m move) bool { return m.staged == "" && path.Dir(m.path) == dir && m.path != dir })
	}
	return moves, nil
}

func (t *transaction) write(name string, data []byte, mode fs.FileMode) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	return t.disk.WriteFile(local(name), data, mode)
}

// move puts one thing in place.
func (t *transaction) move(m move) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	if m.saved != "" && m.staged != "" {
		// The old one stays where it is until the new one takes its place.
		if err := t.save(m.path, m.saved); err != nil {
			return err
		}
		if err := t.disk.Rename(local(m.staged), local(m.path)); err != nil {
			return err
		}
		t.did(func() error { return t.disk.Rename(local(m.saved), local(m.path)) })
		return nil
	}
	from, to := m.staged, m.path
	if m.staged == "" {
		from, to = m.path, m.saved
	} else if err := t.mkdirAll(path.Dir(m.path)); err != nil {
		return err
	}
	if err := t.disk.Rename(local(from), local(to)); err != nil {
		return err
	}
	t.did(func() error { return t.disk.Rename(local(to), local(from)) })
	return nil
}

// save keeps a file under another name: by a link, or by a copy where links cannot be had.
func (t *transaction) save(name, saved string) error {
	if t.disk.Link(local(name), local(saved)) == nil {
		return nil
	}
	info, err := t.disk.Lstat(local(name))
	if err != nil {
		return err
	}
	data, err := readFile(t.disk, name)
	if err != nil {
		return err
	}
	if err := t.disk.WriteFile(local(saved), data, info.Mode().Perm()); err != nil {
		return err
	}
	return t.disk.Chmod(local(saved), info.Mode().Perm()) // without the umask
}

// sweep removes the staging directories of processes that were killed.
func sweep(disk Disk, dir string) error {
	names, err := readDir(disk, dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if !strings.HasPrefix(name, stagePrefix) {
			continue
		}
		stage := local(path.Join(dir, name))
		if info, err := disk.Lstat(stage); err != nil {
			return err
		} else if !info.IsDir() {
			continue // a file of somebody's
		}
		if err := disk.RemoveAll(stage); err != nil {
			return err
		}
	}
	return nil
}

// readDir are the names in a directory.
func readDir(disk Disk, name string) ([]string, error) {
	dir, err := disk.Open(local(name))
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}

func readFile(disk Disk, name string) ([]byte, error) {
	file, err := disk.Open(local(name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	data := make([]byte, info.Size())
	_, err = file.ReadAt(data, 0)
	return data, err
}

// local is a path as the system writes it.
func local(name string) string { return filepath.FromSlash(name) }
