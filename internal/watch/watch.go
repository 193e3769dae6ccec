// Package watch tells what was saved: directories go in, batches of changed
// files come out, when it has been quiet for a moment.
//
// It knows nothing of Go or functions, and whoever takes the batches does not see how changes are noticed: by what
// the system reports, or where a disk that is mounted from elsewhere does not do so, by looking again and again.
package watch

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Options say what to watch for, and when.
type Options struct {
	// Ignore tells which files to say nothing of, and which directories not to enter. It is [Ignored] where it is nil.
	Ignore func(path string, isDir bool) bool
	// Quiet is how long nothing has to happen before a batch goes out, 50 ms where it is zero:
	// an editor's save is several events, and a checkout many. A batch waits twenty times that at most.
	Quiet time.Duration
	// Poll is how often to look at all files, instead of being told by the system. Zero is never.
	Poll time.Duration
	// Stir, where it is set, is called as soon as something happens to a file, with true, before it is quiet and known
	// what has changed. If nothing has, it is called with false; else a batch comes, which counts these calls.
	Stir func(bool)
}

// A Batch is what changed.
type Batch struct {
	Paths []string // of files, sorted; absolute where the directories are
	Lost  bool     // the system reported too much at once: more has changed than Paths has
	Stirs int      // calls of Options.Stir that the batch is the answer to
}

// A LimitError says that the system watches no more directories for this user.
type LimitError struct{ Dir string }

func (e *LimitError) Error() string {
	return "cannot watch " + e.Dir + ": the system's limit of watched folders is reached"
}

// Hint returns what the user can do about it.
func (*LimitError) Hint() string {
	return "on Linux, raise it: sysctl fs.inotify.max_user_watches"
}

// A Watcher watches directories and everything below them.
type Watcher struct {
	options Options
	system  *fsnotify.Watcher // nil where Options.Poll is set

	mu    sync.Mutex
	roots []string
	dirs  map[string]bool
	files map[string]state
}

// A state is what is known of a file. Where only the time is another, the contents decide: a test that writes
// the same file at each run must not be a reason to run it again.
type state struct {
	size int64
	time time.Time
	hash [sha256.Size]byte // zero where it was not read
}

// hashed is the size above which a file that was written counts as changed.
const hashed = 1 << 20

// New makes a watcher of nothing yet. It lasts until Run returns, or Close is called.
func New(o Options) (*Watcher, error) {
	if o.Ignore == nil {
		o.Ignore = Ignored
	}
	if o.Quiet == 0 {
		o.Quiet = 50 * time.Millisecond
	}
	w := &Watcher{options: o, dirs: map[string]bool{}, files: map[string]state{}}
	if o.Poll > 0 {
		return w, nil
	}
	var err error
	if w.system, err = fsnotify.NewBufferedWatcher(256); err != nil {
		return nil, fmt.Errorf("cannot watch files: %w", err)
	}
	return w, nil
}

// Close ends a watcher that does not run.
func (w *Watcher) Close() error {
	if w.system == nil {
		return nil
	}
	return w.system.Close()
}

// Ignored are hidden files and directories but .env files, dependencies of the JavaScript side, and what editors
// leave beside a file while they write it.
func Ignored(path string, isDir bool) bool {
	name := filepath.Base(path)
	if isDir {
		return strings.HasPrefix(name, ".") || name == "node_modules"
	}
	return strings.HasPrefix(name, ".") && name != ".env" && !strings.HasPrefix(name, ".env.") ||
		strings.HasSuffix(name, "~") || strings.HasSuffix(name, ".swp") || strings.HasPrefix(name, "#") ||
		name == "4913" // vim looks whether it may write
}

// Add watches a directory and everything below it. What it finds is no change. One that
// is watched already is not looked at. Errors: *LimitError, and those of reading.
func (w *Watcher) Add(dir string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dirs[dir] {
		return nil
	}
	w.roots = append(w.roots, dir)
	return w.add(dir, func(path string, info fs.FileInfo) { w.files[path] = state{size: info.Size(), time: info.ModTime()} })
}

// Learn reads files that have been found, so that a save that changes nothing is none from the first on.
func (w *Watcher) Learn(files []string) {
	for _, path := range files { // one by one: what is reported meanwhile is not to wait
		w.mu.Lock()
		known, ok := w.files[path]
		w.mu.Unlock()
		info, err := os.Stat(path)
		if !ok || err != nil || known.hash != (state{}).hash || known.size != info.Size() || !known.time.Equal(info.ModTime()) {
			continue // it is new, or has changed, which is about to be noticed
		}
		learnt := known
		learnt.read(path)
		after, err := os.Stat(path) // what was written meanwhile is a change, and not what was there
		w.mu.Lock()
		if err == nil && after.Size() == known.size && after.ModTime().Equal(known.time) && w.files[path] == known {
			w.files[path] = learnt
		}
		w.mu.Unlock()
	}
}

// read takes the hash of a file, if it is not too large for that.
func (s *state) read(path string) {
	if s.size > hashed {
		return
	}
	if data, err := os.ReadFile(path); err == nil {
		s.hash = sha256.Sum256(data)
	}
}

// add watches a directory and those below it, and hands over the files.
func (w *Watcher) add(root string, found func(string, fs.FileInfo)) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			if path != root && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)) {
				return nil // it went, or is none of ours
			}
			return err
		}
		isDir := entry.IsDir()
		if path == root && !isDir { // a link to a directory, which WalkDir does not follow
			return w.link(root, found)
		}
		if path != root && w.options.Ignore(path, isDir) {
			if isDir {
				return fs.SkipDir
			}
			return nil
		}
		if isDir {
			return w.watch(path)
		}
		info, err := entry.Info()
		if err != nil {
			return nil // it went
		}
		found(path, info)
		return nil
	})
}

// link watches the directory that a link leads to, under the link's name, and not what is below.
func (w *Watcher) link(dir string, found func(string, fs.FileInfo)) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if err := w.watch(dir); err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if info, err := entry.Info(); err == nil && !entry.IsDir() && !w.options.Ignore(path, false) {
			found(path, info)
		}
	}
	return nil
}

func (w *Watcher) watch(dir string) error {
	if w.dirs[dir] {
		return nil
	}
	var err error
	if w.system != nil {
		err = w.system.Add(dir)
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EMFILE):
		return &LimitError{dir}
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return nil // it went, or is none of ours
	case err != nil:
		return fmt.Errorf("cannot watch %s: %w", dir, err)
	}
	w.dirs[dir] = true
	return nil
}

// Run hands over batches until the context ends, which is no error. While nobody takes a batch, it grows.
func (w *Watcher) Run(ctx context.Context, batches chan<- Batch) error {
	defer w.Close()
	var (
		raw     = map[string]bool{} // reported since the last batch
		lost    bool
		stirred bool // and told of
		next    Batch
		first   time.Time // when the first of raw was reported
		timer   = time.NewTimer(time.Hour)
		deliver chan<- Batch
		events  chan fsnotify.Event
		failed  chan error
		poll    <-chan time.Time
	)
	timer.Stop()
	defer timer.Stop()
	if w.system != nil {
		events, failed = w.system.Events, w.system.Errors
	} else {
		ticker := time.NewTicker(w.options.Poll)
		defer ticker.Stop()
		poll = ticker.C
	}
	noticed := func(before int, isFile bool) {
		if before == 0 {
			first = time.Now()
		}
		if len(raw) > 0 {
			timer.Reset(min(w.options.Quiet, max(0, 20*w.options.Quiet-time.Since(first))))
		}
		if isFile && !stirred && w.options.Stir != nil {
			stirred = true
			w.options.Stir(true)
		}
	}
	for {
		select {
		case <-ctx.Done():
			return nil
		case deliver <- next:
			next, deliver = Batch{}, nil
		case <-timer.C:
			changed := w.changed(raw)
			clear(raw)
			was := stirred
			stirred = false
			if len(changed) == 0 && !lost {
				if was {
					w.options.Stir(false)
				}
				continue
			}
			if was {
				next.Stirs++
			}
			next.Paths = append(next.Paths, changed...)
			slices.Sort(next.Paths)
			next.Paths = slices.Compact(next.Paths)
			next.Lost = next.Lost || lost
			lost, deliver = false, batches
		case <-poll:
			before := len(raw)
			if err := w.look(raw); err != nil {
				return err
			}
			if len(raw) > before {
				noticed(before, true)
			}
		case event, ok := <-events:
			if !ok {
				return nil
			}
			before := len(raw)
			isFile, err := w.report(event, raw)
			if err != nil {
				return err
			}
			noticed(before, isFile)
		case err, ok := <-failed:
			switch {
			case !ok:
				return nil
			case errors.Is(err, fsnotify.ErrEventOverflow):
				before := len(raw)
				lost = true
				if err := w.again(raw); err != nil {
					return err
				}
				noticed(before, true)
				timer.Reset(w.options.Quiet)
			case errors.Is(err, fs.ErrNotExist): // something went while it was looked at
			default:
				return fmt.Errorf("cannot watch files: %w", err)
			}
		}
	}
}

// report notes what an event is about. A directory that came is watched from now on, and what is
// in it came too: by the time that it is watched, its files can have been written. It tells whether files are concerned.
func (w *Watcher) report(event fsnotify.Event, raw map[string]bool) (isFile bool, err error) {
	if event.Op == fsnotify.Chmod {
		return false, nil
	}
	path := event.Name
	w.mu.Lock()
	defer w.mu.Unlock()
	info, err := os.Stat(path)
	isDir := err == nil && info.IsDir() || w.dirs[path]
	if w.options.Ignore(path, isDir) && !slices.Contains(w.roots, path) {
		return false, nil
	}
	raw[path] = true
	if err != nil || !info.IsDir() {
		return true, nil
	}
	if event.Has(fsnotify.Create) {
		before := len(raw)
		w.forget(path, raw) // what was there before under this name is another directory
		err := w.found(path, raw)
		return len(raw) > before, err
	}
	return false, nil
}

func (w *Watcher) found(dir string, raw map[string]bool) error {
	err := w.add(dir, func(file string, _ fs.FileInfo) { raw[file] = true })
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil // it went, or is none of ours
	}
	return err
}

// look notes what is another than it was, where the system does not report it.
func (w *Watcher) look(raw map[string]bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	there := map[string]bool{}
	for _, root := range w.roots {
		err := w.add(root, func(path string, info fs.FileInfo) {
			there[path] = true
			if known, ok := w.files[path]; !ok || known.size != info.Size() || !known.time.Equal(info.ModTime()) {
				raw[path] = true
			}
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	for path := range w.files {
		if !there[path] {
			raw[path] = true
		}
	}
	return nil
}

// again looks at all there is, since events were lost.
func (w *Watcher) again(raw map[string]bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for file := range w.files {
		raw[file] = true
	}
	for _, root := range w.roots {
		if err := w.found(root, raw); err != nil {
			return err
		}
	}
	return nil
}

// forget stops to watch a directory that went, with those below it. Their files are reported.
func (w *Watcher) forget(dir string, raw map[string]bool) {
	below := dir + string(filepath.Separator)
	for path := range w.dirs {
		if path == dir || strings.HasPrefix(path, below) {
			if w.system != nil {
				_ = w.system.Remove(path) // the system may have done so itself
			}
			delete(w.dirs, path)
		}
	}
	for file := range w.files {
		if strings.HasPrefix(file, below) {
			raw[file] = true
		}
	}
}

// changed is what is another than it was, of what was reported.
func (w *Watcher) changed(raw map[string]bool) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for path := range raw {
		if _, err := os.Lstat(path); err != nil && w.dirs[path] {
			w.forget(path, raw)
		}
	}
	var changed []string
	for path := range raw {
		before, known := w.files[path]
		info, err := os.Stat(path)
		switch {
		case err != nil:
			delete(w.files, path)
			if known {
				changed = append(changed, path)
			}
		case info.IsDir():
			if known { // it was a file
				delete(w.files, path)
				changed = append(changed, path)
			}
		default:
			now := state{size: info.Size(), time: info.ModTime()}
			if known && now.size == before.size && now.time.Equal(before.time) {
				continue
			}
			now.read(path)
			w.files[path] = now
			if !known || now.hash != before.hash || now.hash == (state{}).hash {
				changed = append(changed, path)
			}
		}
	}
	slices.Sort(changed)
	return changed
}
