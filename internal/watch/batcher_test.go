package watch

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newBatcher returns a batcher of a new directory with the file a.go.
func newBatcher(t *testing.T, o Options) (*batcher, string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.go"), nil, 0o666))
	w, err := New(o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, w.Close()) })
	require.NoError(t, w.Add(dir))
	w.Hash([]string{filepath.Join(dir, "a.go")})
	timer := time.NewTimer(time.Hour)
	t.Cleanup(func() { timer.Stop() })
	return &batcher{Watcher: w, reported: map[string]bool{}, quiet: timer}, dir
}

// After an overflow, files that changed without an event are found, and a batch
// is sent even if there are none.
func TestEventOverflow(t *testing.T) {
	b, dir := newBatcher(t, Options{Quiet: time.Hour})
	require.NoError(t, b.handleError(fsnotify.ErrEventOverflow))
	b.flush()
	assert.True(t, b.isReady)
	assert.Equal(t, Batch{Lost: true}, b.next)

	require.NoError(t, os.WriteFile(filepath.Join(dir, "b.go"), nil, 0o666))
	require.NoError(t, os.Remove(filepath.Join(dir, "a.go")))
	require.NoError(t, b.handleError(fsnotify.ErrEventOverflow))
	b.flush()
	assert.Equal(t, Batch{Paths: []string{filepath.Join(dir, "a.go"), filepath.Join(dir, "b.go")}, Lost: true}, b.next)
}

func TestHandleError(t *testing.T) {
	b, _ := newBatcher(t, Options{})
	require.NoError(t, b.handleError(&fs.PathError{Op: "lstat", Path: "a.go", Err: fs.ErrNotExist}))
	require.NoError(t, b.handleError(syscall.EINVAL))
	err := b.handleError(fs.ErrInvalid)
	require.ErrorIs(t, err, fs.ErrInvalid)
	assert.EqualError(t, err, "cannot watch files: invalid argument")
}

// Batches that have not been received yet are merged.
func TestFlushMerges(t *testing.T) {
	var calls []string
	b, dir := newBatcher(t, Options{
		Quiet:       time.Hour,
		OnEvent:     func() { calls = append(calls, "event") },
		OnUnchanged: func() { calls = append(calls, "unchanged") },
	})
	for _, name := range []string{"c.go", "b.go", "b.go"} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(time.Now().String()), 0o666))
		require.NoError(t, b.handleEvent(fsnotify.Event{Name: path, Op: fsnotify.Write}))
		require.NoError(t, b.handleEvent(fsnotify.Event{Name: path, Op: fsnotify.Write}))
		b.flush()
	}
	require.NoError(t, b.handleEvent(fsnotify.Event{Name: filepath.Join(dir, "a.go"), Op: fsnotify.Write}))
	b.flush()
	assert.Equal(t, []string{"event", "event", "event", "event", "unchanged"}, calls)
	assert.Equal(t, []string{filepath.Join(dir, "b.go"), filepath.Join(dir, "c.go")}, b.next.Paths)
	assert.Equal(t, 3, b.next.Events)
}

// rewrite writes other content of the same size, and makes the known state that
// of a filesystem whose timestamps are too coarse to show it.
func rewrite(t *testing.T, w *Watcher, path, data string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(data), 0o666))
	info, err := os.Stat(path)
	require.NoError(t, err)
	state := w.files[path]
	require.Equal(t, state.size, info.Size())
	state.time, state.changed = info.ModTime(), changeTime(info)
	w.files[path] = state
}

// Two saves of equal size can have the same timestamps. Both are found, by
// events and by polling.
func TestCoarseTimestamps(t *testing.T) {
	for name, poll := range map[string]time.Duration{"events": 0, "polling": time.Hour} {
		t.Run(name, func(t *testing.T) {
			b, dir := newBatcher(t, Options{Quiet: time.Hour, Poll: poll})
			path := filepath.Join(dir, "b.go")
			save := func() error {
				if poll > 0 {
					return b.poll()
				}
				return b.handleEvent(fsnotify.Event{Name: path, Op: fsnotify.Write})
			}
			require.NoError(t, os.WriteFile(path, []byte("1"), 0o666))
			require.NoError(t, save())
			b.flush()
			require.Equal(t, []string{path}, b.next.Paths)

			for _, data := range []string{"2", "3"} {
				b.next = Batch{}
				rewrite(t, b.Watcher, path, data)
				require.NoError(t, save())
				b.flush()
				assert.Equal(t, []string{path}, b.next.Paths, data)
			}
			b.next = Batch{}
			require.NoError(t, save())
			b.flush()
			assert.Empty(t, b.next.Paths, "nothing changed")
		})
	}
}

// A file can be replaced by one with the same size and modification time.
func TestReplaced(t *testing.T) {
	for name, poll := range map[string]time.Duration{"events": 0, "polling": time.Hour} {
		t.Run(name, func(t *testing.T) {
			b, dir := newBatcher(t, Options{Quiet: time.Hour, Poll: poll})
			path, other := filepath.Join(dir, "b.go"), filepath.Join(t.TempDir(), "b.go")
			past := time.Now().Add(-time.Hour)
			for file, data := range map[string]string{path: "1", other: "2"} {
				require.NoError(t, os.WriteFile(file, []byte(data), 0o666))
				require.NoError(t, os.Chtimes(file, past, past))
			}
			save := func() error {
				if poll > 0 {
					return b.poll()
				}
				return b.handleEvent(fsnotify.Event{Name: path, Op: fsnotify.Create})
			}
			require.NoError(t, save())
			b.flush()
			b.next = Batch{}
			require.NoError(t, os.Rename(other, path))
			require.NoError(t, save())
			b.flush()
			assert.Equal(t, []string{path}, b.next.Paths)
		})
	}
}

// Only the first batch after a second without events is sent after FirstQuiet.
func TestFirstQuiet(t *testing.T) {
	b, dir := newBatcher(t, Options{Quiet: time.Hour, FirstQuiet: time.Millisecond})
	path := filepath.Join(dir, "a.go")
	fires := func() bool {
		t.Helper()
		require.NoError(t, b.handleEvent(fsnotify.Event{Name: path, Op: fsnotify.Write}))
		select {
		case <-b.quiet.C:
			b.flush()
			return true
		case <-time.After(50 * time.Millisecond):
			b.flush()
			return false
		}
	}
	assert.True(t, fires())
	assert.False(t, fires(), "an event shortly after the last")
	b.last = time.Now().Add(-2 * calm)
	assert.True(t, fires())
}
