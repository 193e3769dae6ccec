// Package watch reports which files changed. The caller adds directories and
// receives batches of changed files, each sent once the files have been quiet
// for a moment.
//
// A Watcher listens to the events of the operating system. On filesystems that
// report none, such as network shares, it can poll instead.
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

// Options configure a [Watcher].
type Options struct {
	// Ignore reports whether to ignore a file, or not to enter a directory.
	// The default is [Ignored].
	Ignore func(path string, isDir bool) bool

	// Quiet is how long no event must arrive before a batch is sent, because a
	// save in an editor is several events and a checkout is many. A batch is
	// delayed by 20 times Quiet at most. The default is 50 ms.
	Quiet time.Duration

	// FirstQuiet takes the place of Quiet for the first batch after a second
	// without events, if the caller can cheaply start again when more events
	// follow. The default is Quiet.
	FirstQuiet time.Duration

	// Poll is the interval at which to compare all files with their last known
	// state, instead of listening to the system's events. Zero means no
	// polling.
	Poll time.Duration

	// OnEvent is called on the first event for a file, before Quiet has passed
	// and before it is known whether a file changed. Each call is followed by
	// one call of OnUnchanged, or by a batch that counts it in Events. Both
	// functions are set or neither is.
	OnEvent, OnUnchanged func()

	// Cookie is the path of a file that [Watcher.Sync] creates and writes to.
	// Its directory is not watched. If it is empty, Sync does nothing.
	Cookie string
}

// A Batch lists changed files.
type Batch struct {
	Paths  []string // files, sorted; absolute if the watched directory is
	Lost   bool     // events were lost: Paths may be incomplete
	Events int      // how many calls of Options.OnEvent the batch covers
}

// A LimitError reports that the system's limit of watched directories is
// reached.
type LimitError struct{ Dir string }

func (e *LimitError) Error() string {
	return "cannot watch " + e.Dir + ": the system's limit of watched directories is reached"
}

// Hint returns the command that raises the limit.
func (*LimitError) Hint() string {
	return "on Linux, raise it: sysctl fs.inotify.max_user_watches"
}

// A Watcher watches directories and everything below them.
type Watcher struct {
	options Options
	system  *fsnotify.Watcher // nil if Options.Poll is set
	cookie  *cookie           // nil if there is none, or no system

	mu    sync.Mutex
	roots []string             // the directories passed to Add
	flat  []string             // directories of files passed to AddFile
	dirs  map[string]bool      // all watched directories
	files map[string]fileState // the last known state of each file
}

// A fileState is the last known state of a file. If only the times differ, the
// hash decides whether the file changed, so that a test that writes the same
// file in each run does not trigger the next run.
type fileState struct {
	size          int64
	time, changed time.Time
	isRecent      bool              // see newFileState
	hash          [sha256.Size]byte // zero if unknown
}

// newFileState returns the state of a file without its hash. A file is recent
// if it was modified so shortly before that another change may leave it with
// the same modification time: some filesystems have only whole seconds, or two.
func newFileState(info fs.FileInfo) fileState {
	age := time.Since(info.ModTime())
	return fileState{
		size: info.Size(), time: info.ModTime(), changed: changeTime(info),
		isRecent: -recent < age && age < recent,
	}
}

const recent = 2500 * time.Millisecond

func (s fileState) isHashed() bool { return s.hash != [sha256.Size]byte{} }

// matches reports whether the size and the times of s are those of info.
func (s fileState) matches(info fs.FileInfo) bool {
	return s.size == info.Size() && s.time.Equal(info.ModTime()) && s.changed.Equal(changeTime(info))
}

// read sets the hash of s to that of the file at path, unless the file is too
// large or cannot be read.
func (s *fileState) read(path string) {
	if s.size > maxHashedSize {
		return
	}
	if data, err := os.ReadFile(path); err == nil {
		s.hash = sha256.Sum256(data)
	}
}

// maxHashedSize is the size in bytes above which a file is not hashed: writing
// to it counts as a change.
const maxHashedSize = 1 << 20

// New returns a Watcher that watches no directory yet. The caller must call Run
// or Close.
func New(o Options) (*Watcher, error) {
	if o.Ignore == nil {
		o.Ignore = Ignored
	}
	if o.Quiet == 0 {
		o.Quiet = 50 * time.Millisecond
	}
	if o.FirstQuiet == 0 {
		o.FirstQuiet = o.Quiet
	}
	w := &Watcher{options: o, dirs: map[string]bool{}, files: map[string]fileState{}}
	if o.Poll > 0 {
		return w, nil
	}
	var err error
	if w.system, err = fsnotify.NewBufferedWatcher(256); err != nil {
		return nil, fmt.Errorf("cannot watch files: %w", err)
	}
	if o.Cookie != "" {
		if w.cookie, err = newCookie(o.Cookie); err == nil {
			err = w.system.Add(o.Cookie)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("cannot watch files: %w", err), w.Close())
		}
	}
	return w, nil
}

// Sync waits until the events of all changes before the call have been handled:
// OnEvent has been called for them. It needs Options.Cookie, and that Run is
// running. With Options.Poll, it does nothing.
func (w *Watcher) Sync(ctx context.Context) {
	if w.cookie != nil {
		w.cookie.wait(ctx)
	}
}

// Close releases the resources of a Watcher whose Run was never called.
func (w *Watcher) Close() error {
	if w.cookie != nil {
		_ = w.cookie.file.Close()
	}
	if w.system == nil {
		return nil
	}
	return w.system.Close()
}

// Ignored reports whether path is a hidden file or directory, a node_modules
// directory, or a temporary file of an editor. Files named .env or .env.* are
// hidden but not ignored, because they configure functions.
func Ignored(path string, isDir bool) bool {
	name := filepath.Base(path)
	if isDir {
		return strings.HasPrefix(name, ".") || name == "node_modules"
	}
	return strings.HasPrefix(name, ".") && name != ".env" && !strings.HasPrefix(name, ".env.") ||
		strings.HasSuffix(name, "~") || strings.HasSuffix(name, ".swp") || strings.HasPrefix(name, "#") ||
		name == "4913" // vim creates this file to test whether it can write
}

// Add watches dir and everything below it. The files it finds do not count as
// changes. Add does nothing if dir is watched already. It returns a *LimitError
// if the system's limit of watched directories is reached.
func (w *Watcher) Add(dir string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.dirs[dir] {
		return nil
	}
	w.roots = append(w.roots, dir)
	return w.walk(dir, func(path string, info fs.FileInfo) {
		state := newFileState(info)
		if w.system == nil && state.isRecent { // or polling would not find a change with the same times
			state.read(path)
		}
		w.files[path] = state
	})
}

// AddFile watches a file, and the other files of its directory as far as they
// are not ignored, but no subdirectories. It does nothing if the directory is
// watched already.
func (w *Watcher) AddFile(path string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	dir := filepath.Dir(path)
	if w.dirs[dir] {
		return nil
	}
	w.flat = append(w.flat, dir)
	return w.walkFlat(dir, func(path string, info fs.FileInfo) { w.files[path] = newFileState(info) })
}

// Hash records the content hashes of files that Add found, so that the first
// write of the same content to one of them does not count as a change.
func (w *Watcher) Hash(files []string) {
	for _, path := range files {
		w.hashFile(path)
	}
}

// hashFile records the hash of one file. It does not hold the lock while it
// reads, so that events are handled meanwhile.
func (w *Watcher) hashFile(path string) {
	w.mu.Lock()
	known, ok := w.files[path]
	w.mu.Unlock()
	info, err := os.Stat(path)
	if !ok || err != nil || known.isHashed() || !known.matches(info) {
		return // the file changed, and an event is on its way
	}
	hashed := known
	hashed.read(path)
	after, err := os.Stat(path)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil && known.matches(after) && w.files[path] == known { // the file did not change while it was read
		w.files[path] = hashed
	}
}

// walk watches root and the directories below it, and calls found for each
// file.
func (w *Watcher) walk(root string, found func(string, fs.FileInfo)) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			if path != root && isGone(err) {
				return nil
			}
			return err
		}
		isDir := entry.IsDir()
		if path == root && !isDir { // a symlink to a directory, which WalkDir does not follow
			return w.walkFlat(root, found)
		}
		if path != root && w.options.Ignore(path, isDir) {
			if isDir {
				return fs.SkipDir
			}
			return nil
		}
		if isDir {
			return w.watchDir(path)
		}
		if info := fileInfo(path, entry); info != nil { // otherwise the file was removed meanwhile
			found(path, info)
		}
		return nil
	})
}

// walkAll walks all that is watched, as far as it still exists.
func (w *Watcher) walkAll(found func(string, fs.FileInfo)) error {
	for _, root := range w.roots {
		if err := w.walk(root, found); err != nil && !isGone(err) {
			return err
		}
	}
	for _, dir := range w.flat {
		if err := w.walkFlat(dir, found); err != nil && !isGone(err) {
			return err
		}
	}
	return nil
}

// fileInfo returns the information on a file or on the file that a symlink
// points to. It returns nil if there is no such file.
func fileInfo(path string, entry fs.DirEntry) fs.FileInfo {
	info, err := entry.Info()
	if err == nil && entry.Type()&fs.ModeSymlink != 0 {
		info, err = os.Stat(path)
	}
	if err != nil || info.IsDir() {
		return nil
	}
	return info
}

// walkFlat watches a directory, or the one that the symlink dir points to under
// the name dir, without its subdirectories.
func (w *Watcher) walkFlat(dir string, found func(string, fs.FileInfo)) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if err := w.watchDir(dir); err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(dir, entry.Name())
		if info := fileInfo(path, entry); info != nil && !w.options.Ignore(path, false) {
			found(path, info)
		}
	}
	return nil
}

func (w *Watcher) watchDir(dir string) error {
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
	case isGone(err):
		return nil
	case err != nil:
		return fmt.Errorf("cannot watch %s: %w", dir, err)
	}
	w.dirs[dir] = true
	return nil
}

// isGone reports whether err means that a file was removed meanwhile or cannot
// be read. Neither is a failure of the Watcher.
func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission)
}

// Run sends batches until ctx is done, then returns nil. Changes are added
// to a batch until it is received.
func (w *Watcher) Run(ctx context.Context, batches chan<- Batch) error {
	defer w.Close()
	b := &batcher{Watcher: w, reported: map[string]bool{}, quiet: time.NewTimer(time.Hour)}
	b.quiet.Stop()
	defer b.quiet.Stop()
	var (
		events <-chan fsnotify.Event
		errs   <-chan error
		poll   <-chan time.Time
	)
	if w.system != nil {
		events, errs = w.system.Events, w.system.Errors
	} else {
		ticker := time.NewTicker(w.options.Poll)
		defer ticker.Stop()
		poll = ticker.C
	}
	for {
		var out chan<- Batch // nil, which blocks, if there is nothing to send
		if b.isReady {
			out = batches
		}
		var err error
		select {
		case <-ctx.Done():
			return nil
		case out <- b.next:
			b.next, b.isReady = Batch{}, false
		case <-b.quiet.C:
			b.flush()
		case <-poll:
			err = b.poll()
		case event, ok := <-events:
			if !ok {
				return nil
			}
			err = b.handleEvent(event)
		case failure, ok := <-errs:
			if !ok {
				return nil
			}
			err = b.handleError(failure)
		}
		if err != nil {
			return err
		}
	}
}

// A batcher collects events until it is quiet, and makes a Batch of those that
// changed a file.
type batcher struct {
	*Watcher
	quiet     *time.Timer     // fires when no event has arrived for Options.Quiet
	reported  map[string]bool // paths with events since the last flush
	first     time.Time       // when the first of them was reported
	isFirst   bool            // the first of them came after a time without events
	last      time.Time       // when the last event arrived
	lost      bool            // events were lost since the last flush
	announced bool            // OnEvent was called since the last flush

	next    Batch
	isReady bool // next is to be sent
}

// calm is how long there must be no events before Options.FirstQuiet applies.
const calm = time.Second

// extend restarts the quiet period after an event. before is the number of
// reported paths before the event.
func (b *batcher) extend(before int) {
	if len(b.reported) == 0 {
		return
	}
	now := time.Now()
	if before == 0 {
		b.first, b.isFirst = now, now.Sub(b.last) > calm
	}
	b.last = now
	quiet := b.options.Quiet
	if b.isFirst {
		quiet = b.options.FirstQuiet
	}
	b.quiet.Reset(min(quiet, max(0, 20*b.options.Quiet-now.Sub(b.first))))
}

// announce calls OnEvent, once until the next flush.
func (b *batcher) announce() {
	if !b.announced && b.options.OnEvent != nil {
		b.announced = true
		b.options.OnEvent()
	}
}

// flush adds the reported files that changed to the next batch.
func (b *batcher) flush() {
	changed := b.changed(b.reported)
	clear(b.reported)
	announced, lost := b.announced, b.lost
	b.announced, b.lost = false, false
	if len(changed) == 0 && !lost {
		if announced {
			b.options.OnUnchanged()
		}
		return
	}
	if announced {
		b.next.Events++
	}
	b.next.Paths = append(b.next.Paths, changed...)
	slices.Sort(b.next.Paths)
	b.next.Paths = slices.Compact(b.next.Paths)
	b.next.Lost = b.next.Lost || lost
	b.isReady = true
}

// poll reports the files that differ from their last known state.
func (b *batcher) poll() error {
	before := len(b.reported)
	if err := b.compare(b.reported); err != nil {
		return err
	}
	if len(b.reported) > before {
		b.extend(before)
		b.announce()
	}
	return nil
}

func (b *batcher) handleEvent(event fsnotify.Event) error {
	if b.cookie != nil && event.Name == b.options.Cookie {
		b.cookie.reported()
		return nil
	}
	before := len(b.reported)
	isFile, err := b.report(event, b.reported)
	if err != nil {
		return err
	}
	b.extend(before)
	if isFile {
		b.announce()
	}
	return nil
}

func (b *batcher) handleError(err error) error {
	switch {
	case errors.Is(err, fsnotify.ErrEventOverflow):
		before := len(b.reported)
		b.lost = true
		if err := b.rescan(b.reported); err != nil {
			return err
		}
		b.extend(before)
		b.announce()
		if b.cookie != nil {
			b.cookie.reported() // its event may be lost as well
		}
		b.quiet.Reset(b.options.Quiet) // even if no path is reported: the batch says that events were lost
	case errors.Is(err, fs.ErrNotExist): // a file was removed before fsnotify could look at it
	case errors.Is(err, syscall.EINVAL): // a directory was moved and removed before fsnotify could remove its watch
	default:
		return fmt.Errorf("cannot watch files: %w", err)
	}
	return nil
}

// report adds the path of an event to reported, and reports whether the event
// concerns files. If the event created a directory, report watches it and adds
// the files in it, which may have been written before it was watched.
func (w *Watcher) report(event fsnotify.Event, reported map[string]bool) (isFile bool, err error) {
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
	reported[path] = true
	if err != nil || !info.IsDir() {
		return true, nil
	}
	if event.Has(fsnotify.Create) {
		before := len(reported)
		w.forget(path, reported) // a directory that had this name before is another one
		err := w.reportAll(path, reported)
		return len(reported) > before, err
	}
	return false, nil
}

// reportAll watches dir and adds all files below it to reported.
func (w *Watcher) reportAll(dir string, reported map[string]bool) error {
	err := w.walk(dir, func(file string, _ fs.FileInfo) { reported[file] = true })
	if isGone(err) {
		return nil
	}
	return err
}

// compare adds the files that differ from their last known state to reported.
func (w *Watcher) compare(reported map[string]bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	existing := map[string]bool{}
	err := w.walkAll(func(path string, info fs.FileInfo) {
		existing[path] = true
		if known, ok := w.files[path]; !ok || !known.matches(info) || known.isRecent && w.differs(path, info) {
			reported[path] = true
		}
	})
	if err != nil {
		return err
	}
	for path := range w.files {
		if !existing[path] {
			reported[path] = true
		}
	}
	return nil
}

// differs reports whether the content of a file with the last known size and
// times is not the last known one.
func (w *Watcher) differs(path string, info fs.FileInfo) bool {
	known, now := w.files[path], newFileState(info)
	now.read(path)
	if now.hash != known.hash {
		return true
	}
	w.files[path] = now
	return false
}

// rescan adds all known and all existing files to reported, after events were
// lost.
func (w *Watcher) rescan(reported map[string]bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for file := range w.files {
		reported[file] = true
	}
	return w.walkAll(func(path string, _ fs.FileInfo) { reported[path] = true })
}

// forget stops watching dir, which was removed, and the directories below it.
// It adds the files that were in them to reported.
func (w *Watcher) forget(dir string, reported map[string]bool) {
	below := dir + string(filepath.Separator)
	for path := range w.dirs {
		if path == dir || strings.HasPrefix(path, below) {
			if w.system != nil {
				_ = w.system.Remove(path) // fails if the system has removed the watch itself
			}
			delete(w.dirs, path)
		}
	}
	for file := range w.files {
		if strings.HasPrefix(file, below) {
			reported[file] = true
		}
	}
}

// changed returns the reported files whose content changed, and records their
// new state.
func (w *Watcher) changed(reported map[string]bool) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for path := range reported {
		if _, err := os.Lstat(path); err != nil && w.dirs[path] {
			w.forget(path, reported)
		}
	}
	var changed []string
	for path := range reported {
		if w.update(path) {
			changed = append(changed, path)
		}
	}
	slices.Sort(changed)
	return changed
}

// update records the current state of the file at path, and reports whether it
// differs from the last known one.
func (w *Watcher) update(path string) bool {
	before, known := w.files[path]
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		delete(w.files, path)
		return known // a file was removed, or replaced by a directory
	}
	if known && before.matches(info) && !before.isHashed() && !before.isRecent {
		return false
	}
	now := newFileState(info)
	now.read(path)
	w.files[path] = now
	return !known || now.hash != before.hash || !now.isHashed()
}
