package watch_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/watch"
)

// watchFiles runs a Watcher of a new directory with the given files, and
// returns the directory and the batches.
func watchFiles(t *testing.T, files ...string) (string, <-chan watch.Batch) {
	t.Helper()
	dir := t.TempDir()
	for _, file := range files {
		write(t, filepath.Join(dir, file), "before")
	}
	w, err := watch.New(watch.Options{Quiet: 20 * time.Millisecond})
	require.NoError(t, err)
	require.NoError(t, w.Add(dir))
	require.NoError(t, w.Add(dir), "a second time")
	return dir, run(t, w)
}

// run runs w until the test ends, and returns its batches.
func run(t *testing.T, w *watch.Watcher) <-chan watch.Batch {
	ctx, cancel := context.WithCancel(context.Background())
	batches, done := make(chan watch.Batch), make(chan error)
	go func() { done <- w.Run(ctx, batches) }()
	t.Cleanup(func() {
		cancel()
		assert.NoError(t, <-done)
	})
	return batches
}

func write(t *testing.T, name, data string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
	require.NoError(t, os.WriteFile(name, []byte(data), 0o666))
}

// changesUntil receives batches until one contains path, and returns the
// relative paths of all of them. On a slow disk, one change can take two
// batches.
func changesUntil(t *testing.T, dir string, batches <-chan watch.Batch, path string) []string {
	t.Helper()
	var changed []string
	deadline := time.After(time.Minute)
	for {
		select {
		case batch := <-batches:
			require.False(t, batch.Lost)
			for _, file := range batch.Paths {
				rel, err := filepath.Rel(dir, file)
				require.NoError(t, err)
				changed = append(changed, filepath.ToSlash(rel))
				if changed[len(changed)-1] == path {
					path = ""
				}
			}
			if path == "" {
				return changed
			}
		case <-deadline:
			t.Fatalf("%s is in no batch, only %v", path, changed)
		}
	}
}

func TestSave(t *testing.T) {
	dir, batches := watchFiles(t, "a.go", "b/c/d.go")
	write(t, filepath.Join(dir, "b/c/d.go"), "after")
	assert.Equal(t, []string{"b/c/d.go"}, changesUntil(t, dir, batches, "b/c/d.go"))
}

// Some editors save a file by writing a temporary file and renaming it.
func TestSaveByRename(t *testing.T) {
	dir, batches := watchFiles(t, "a.go")
	write(t, filepath.Join(dir, ".a.go.swp"), "after")
	write(t, filepath.Join(dir, "4913"), "")
	require.NoError(t, os.Remove(filepath.Join(dir, "4913")))
	require.NoError(t, os.Rename(filepath.Join(dir, "a.go"), filepath.Join(dir, "a.go~")))
	require.NoError(t, os.Rename(filepath.Join(dir, ".a.go.swp"), filepath.Join(dir, "a.go")))
	assert.Equal(t, []string{"a.go"}, changesUntil(t, dir, batches, "a.go"))
}

func TestNewDirectory(t *testing.T) {
	dir, batches := watchFiles(t, "a.go")
	write(t, filepath.Join(dir, "new/deep/b.go"), "after")
	assert.Equal(t, []string{"new/deep/b.go"}, changesUntil(t, dir, batches, "new/deep/b.go"))
	write(t, filepath.Join(dir, "new/deep/c.go"), "after")
	changed := changesUntil(t, dir, batches, "new/deep/c.go")
	assert.Equal(t, []string{"new/deep/c.go"}, changed, "the new directory is watched")
}

// fngen generates a function by renaming a directory that is not watched.
func TestDirectoryMovedIn(t *testing.T) {
	dir, batches := watchFiles(t, ".stage/divide/divide.go", ".stage/divide/testdata/x.json")
	require.NoError(t, os.Rename(filepath.Join(dir, ".stage", "divide"), filepath.Join(dir, "divide")))
	changed := changesUntil(t, dir, batches, "divide/testdata/x.json")
	assert.Equal(t, []string{"divide/divide.go", "divide/testdata/x.json"}, changed)
}

func TestRemoveAndRecreateDirectory(t *testing.T) {
	dir, batches := watchFiles(t, "divide/divide.go", "divide/deep/x.go", "keep.go")
	for _, remove := range []func(string) error{
		os.RemoveAll,
		func(name string) error { return os.Rename(name, filepath.Join(t.TempDir(), "elsewhere")) },
	} {
		require.NoError(t, remove(filepath.Join(dir, "divide")))
		changed := changesUntil(t, dir, batches, "divide/divide.go")
		if len(changed) == 1 {
			changed = append(changed, changesUntil(t, dir, batches, "divide/deep/x.go")...)
		}
		assert.ElementsMatch(t, []string{"divide/deep/x.go", "divide/divide.go"}, changed)

		write(t, filepath.Join(dir, "divide/divide.go"), "again")
		changesUntil(t, dir, batches, "divide/divide.go")
		write(t, filepath.Join(dir, "divide/deep/x.go"), "again")
		changesUntil(t, dir, batches, "divide/deep/x.go")
	}
}

// A directory can be moved and removed faster than the system's events are
// handled, as by fngen destroy.
func TestMoveAndRemoveDirectory(t *testing.T) {
	dir, batches := watchFiles(t, "a.go")
	for range 300 {
		name, moved := filepath.Join(dir, "divide"), filepath.Join(dir, ".moved")
		write(t, filepath.Join(name, "divide.go"), "x")
		require.NoError(t, os.Rename(name, moved))
		require.NoError(t, os.RemoveAll(moved))
	}
	write(t, filepath.Join(dir, "a.go"), "after!")
	changesUntil(t, dir, batches, "a.go")
}

// Rewriting the same content and creating a short-lived file are not changes:
// otherwise a test that does so would trigger its next run.
func TestUnchanged(t *testing.T) {
	dir, batches := watchFiles(t, "out.json", "end.go")
	write(t, filepath.Join(dir, "out.json"), "result")
	changesUntil(t, dir, batches, "out.json")
	time.Sleep(10 * time.Millisecond) // so that the modification time differs even if timestamps are coarse
	write(t, filepath.Join(dir, "out.json"), "result")
	require.NoError(t, os.Chmod(filepath.Join(dir, "out.json"), 0o600))
	write(t, filepath.Join(dir, "temporary"), "")
	require.NoError(t, os.Remove(filepath.Join(dir, "temporary")))
	write(t, filepath.Join(dir, "end.go"), "after")
	assert.Equal(t, []string{"end.go"}, changesUntil(t, dir, batches, "end.go"))
}

func TestIgnored(t *testing.T) {
	for name, want := range map[string]bool{
		"a.go": false, ".env": false, ".env.test": false, "testdata": false, "a.tmpl": false,
		".a.go.swp": true, "a.go~": true, "#a.go#": true, "4913": true, ".envrc": true, ".env.test.swp": true,
		".DS_Store": true,
	} {
		assert.Equal(t, want, watch.Ignored(filepath.Join(".hidden", name), false), name)
	}
	for name, want := range map[string]bool{
		".git": true, "node_modules": true, ".env": true, "api": false, "testdata": false,
	} {
		assert.Equal(t, want, watch.Ignored(name, true), name)
	}
}

// Later changes are added to a batch until it is received.
func TestSlowConsumer(t *testing.T) {
	dir, batches := watchFiles(t, "a.go", "b.go")
	write(t, filepath.Join(dir, "a.go"), "after")
	time.Sleep(100 * time.Millisecond) // five times Quiet
	write(t, filepath.Join(dir, "b.go"), "after")
	assert.Contains(t, changesUntil(t, dir, batches, "b.go"), "a.go")
}

// The directory of a function can be a symlink.
func TestSymlink(t *testing.T) {
	target := t.TempDir()
	write(t, filepath.Join(target, "a.go"), "before")
	dir := t.TempDir()
	link := filepath.Join(dir, "link")
	if err := os.Symlink(target, link); err != nil {
		t.Skip("cannot create symlinks: ", err)
	}
	w, err := watch.New(watch.Options{Quiet: 20 * time.Millisecond})
	require.NoError(t, err)
	require.NoError(t, w.Add(link))
	batches := run(t, w)
	write(t, filepath.Join(target, "a.go"), "after")
	assert.Equal(t, []string{"link/a.go"}, changesUntil(t, dir, batches, "link/a.go"))
}

func TestAddErrors(t *testing.T) {
	w, err := watch.New(watch.Options{})
	require.NoError(t, err)
	defer w.Close()
	assert.ErrorIs(t, w.Add(filepath.Join(t.TempDir(), "nowhere")), os.ErrNotExist)
}

// Polling finds the same changes as events.
func TestPoll(t *testing.T) {
	dir := t.TempDir()
	for _, file := range []string{"a.go", "b/b.go", ".hidden/c.go"} {
		write(t, filepath.Join(dir, file), "before")
	}
	w, err := watch.New(watch.Options{Quiet: 20 * time.Millisecond, Poll: 5 * time.Millisecond})
	require.NoError(t, err)
	require.NoError(t, w.Add(dir))
	batches := run(t, w)
	write(t, filepath.Join(dir, ".hidden/c.go"), "after!")
	write(t, filepath.Join(dir, "a.go"), "after!")
	assert.Equal(t, []string{"a.go"}, changesUntil(t, dir, batches, "a.go"))
	write(t, filepath.Join(dir, "new/deep/d.go"), "after!")
	assert.Equal(t, []string{"new/deep/d.go"}, changesUntil(t, dir, batches, "new/deep/d.go"))
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "b")))
	assert.Equal(t, []string{"b/b.go"}, changesUntil(t, dir, batches, "b/b.go"))
	write(t, filepath.Join(dir, "b/b.go"), "again!")
	assert.Equal(t, []string{"b/b.go"}, changesUntil(t, dir, batches, "b/b.go"))
}

// Each call of OnEvent is followed by a call of OnUnchanged or by a batch that
// counts it.
func TestOnEvent(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.go"), "before")
	calls := make(chan string, 100)
	w, err := watch.New(watch.Options{
		Quiet:       20 * time.Millisecond,
		OnEvent:     func() { calls <- "event" },
		OnUnchanged: func() { calls <- "unchanged" },
	})
	require.NoError(t, err)
	require.NoError(t, w.Add(dir))
	w.Hash([]string{filepath.Join(dir, "a.go"), filepath.Join(dir, "unknown.go")})
	batches := run(t, w)

	time.Sleep(10 * time.Millisecond) // so that the modification time differs
	write(t, filepath.Join(dir, "a.go"), "before")
	assert.Equal(t, "event", <-calls)
	assert.Equal(t, "unchanged", <-calls, "the content is the one that was hashed")

	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o777))
	write(t, filepath.Join(dir, "a.go"), "after")
	assert.Equal(t, "event", <-calls)
	for open := 1; open > 0; {
		select {
		case call := <-calls:
			require.Equal(t, "event", call)
			open++
		case batch := <-batches:
			open -= batch.Events
		case <-time.After(time.Minute):
			t.Fatal("no batch counts the event")
		}
	}
}

// OnEvent does not wait until it is quiet.
func TestOnEventIsImmediate(t *testing.T) {
	dir := t.TempDir()
	calls := make(chan string, 100)
	w, err := watch.New(watch.Options{
		Quiet:       time.Hour,
		OnEvent:     func() { calls <- "event" },
		OnUnchanged: func() { calls <- "unchanged" },
	})
	require.NoError(t, err)
	require.NoError(t, w.Add(dir))
	run(t, w)
	write(t, filepath.Join(dir, "a.go"), "new")
	assert.Equal(t, "event", <-calls)
}

// Sync returns after OnEvent was called for all changes before it.
func TestSync(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.go"), "before")
	var events atomic.Int64
	w, err := watch.New(watch.Options{
		Quiet:       time.Millisecond,
		Cookie:      filepath.Join(t.TempDir(), "cookie"),
		OnEvent:     func() { events.Add(1) },
		OnUnchanged: func() { events.Add(-1) },
	})
	require.NoError(t, err)
	require.NoError(t, w.Add(dir))
	batches := run(t, w)

	var background sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for range 4 {
		background.Go(func() {
			for ctx.Err() == nil {
				w.Sync(ctx)
			}
		})
	}
	for i := range 200 {
		write(t, filepath.Join(dir, "a.go"), strconv.Itoa(i))
		w.Sync(t.Context())
		require.Positive(t, events.Load(), "save %d", i)
		for events.Load() > 0 {
			select {
			case batch := <-batches:
				events.Add(-int64(batch.Events))
			case <-time.After(time.Millisecond): // OnUnchanged may have been called
			}
		}
	}
	cancel()
	background.Wait()
}

// Without a cookie, and when nothing runs, Sync does not block for long.
func TestSyncReturns(t *testing.T) {
	w, err := watch.New(watch.Options{})
	require.NoError(t, err)
	w.Sync(t.Context())
	require.NoError(t, w.Close())

	w, err = watch.New(watch.Options{Cookie: filepath.Join(t.TempDir(), "cookie")})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.Sync(ctx)
	require.NoError(t, w.Close())
}

// A single file can be watched, such as the target of a symlink.
func TestAddFile(t *testing.T) {
	for name, poll := range map[string]time.Duration{"events": 0, "polling": 5 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			dir, outside := t.TempDir(), t.TempDir()
			target := filepath.Join(outside, "a.go")
			write(t, target, "before")
			write(t, filepath.Join(outside, "deep/b.go"), "before")
			require.NoError(t, os.Symlink(target, filepath.Join(dir, "link.go")))
			w, err := watch.New(watch.Options{Quiet: 20 * time.Millisecond, Poll: poll})
			require.NoError(t, err)
			require.NoError(t, w.Add(dir))
			require.NoError(t, w.AddFile(target))
			require.NoError(t, w.AddFile(target), "a second time")
			batches := run(t, w)
			write(t, filepath.Join(outside, "deep/b.go"), "after!")
			write(t, target, "after!")
			changed := changesUntil(t, outside, batches, "a.go")
			assert.NotContains(t, changed, "deep/b.go")
		})
	}
}
