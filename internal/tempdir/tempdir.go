// Package tempdir creates temporary directories that are removed even if their
// process is killed: by the next one.
package tempdir

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

const (
	prefix   = "fngen-"
	lockFile = "lock" // in each directory, locked while its process runs

	// minAge is how old a directory without a lock must be before it is
	// removed: a process may just have created it.
	minAge = time.Minute
)

// A Dir is a temporary directory.
type Dir struct {
	Path string
	lock *flock.Flock
}

// New creates a temporary directory. The kind is a part of its name.
func New(kind string) (*Dir, error) {
	path, err := os.MkdirTemp("", prefix+kind+"-")
	if err != nil {
		return nil, err
	}
	d := &Dir{Path: path, lock: flock.New(filepath.Join(path, lockFile), flock.SetPermissions(0o600))}
	if _, err := d.lock.TryLock(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(path))
	}
	return d, nil
}

// Remove removes the directory with everything in it.
func (d *Dir) Remove() error {
	return errors.Join(d.lock.Unlock(), os.RemoveAll(d.Path))
}

// RemoveAbandoned removes the directories of processes that were killed. It
// leaves those alone that it cannot remove, such as other users'.
func RemoveAbandoned() {
	entries, err := os.ReadDir(os.TempDir())
	if err != nil {
		return
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !info.IsDir() || !strings.HasPrefix(entry.Name(), prefix) || time.Since(info.ModTime()) < minAge {
			continue
		}
		path := filepath.Join(os.TempDir(), entry.Name())
		if _, err := os.Stat(filepath.Join(path, lockFile)); err != nil {
			continue // not a directory of New
		}
		d := &Dir{Path: path, lock: flock.New(filepath.Join(path, lockFile), flock.SetPermissions(0o600))}
		if locked, err := d.lock.TryLock(); err == nil && locked {
			_ = d.Remove()
		}
	}
}
