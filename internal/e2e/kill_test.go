//go:build unix

package e2e

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// moments are when to strike: half of them anywhere in a process's time, and
// half in the shorter time from its first write on, where it matters.
type moments struct{ all, writing time.Duration }

// measure takes the median of some runs, and a little more, so that strikes come after the end too.
func measure(t *testing.T) moments {
	t.Helper()
	var all, writing []time.Duration
	for range 9 {
		dir := newModule(t)
		p := command(dir, divide...)
		start := time.Now()
		done := p.begin(t)
		written := firstWrite(dir, done)
		<-done
		require.Zero(t, p.ProcessState.ExitCode(), p.stderr.String())
		all = append(all, time.Since(start))
		writing = append(writing, time.Since(written))
	}
	slices.Sort(all)
	slices.Sort(writing)
	return moments{all[4] * 11 / 10, writing[4] * 11 / 10}
}

// begin starts a process. The channel is closed when it has ended.
func (p *process) begin(t *testing.T) <-chan struct{} {
	t.Helper()
	require.NoError(t, p.Start())
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.wait()
	}()
	return done
}

// firstWrite waits until a process has written something to a fresh module, or has ended.
func firstWrite(dir string, done <-chan struct{}) time.Time {
	for {
		select {
		case <-done:
			return time.Now()
		default:
		}
		if _, err := os.Lstat(filepath.Join(dir, "api")); err == nil {
			return time.Now()
		}
	}
}

// strike runs the divide command in a fresh module and sends it a signal at the i-th moment.
func (m moments) strike(t *testing.T, i int, signal syscall.Signal) (string, *process) {
	t.Helper()
	dir := newModule(t)
	p := command(dir, divide...)
	done := p.begin(t)
	within := m.all
	if i%2 == 1 {
		within = m.writing
		firstWrite(dir, done)
	}
	time.Sleep(rand.N(within))
	_ = p.Process.Signal(signal) // it may have ended
	<-done
	return dir, p
}

// times is how often to do what chance decides.
func times(most int) int {
	if testing.Short() {
		return most / 10
	}
	return most
}

// Killed at any moment, fngen leaves a function that is there whole or not at all,
// a module that compiles, and nothing that the next run does not put right.
func TestKill(t *testing.T) {
	m := measure(t)
	before, want := reference(t), reference(t, divide)
	other := []string{"function", "other"}
	wantBoth := reference(t, divide, other)
	states := map[string]string{} // by digest, where it is kept
	kept := t.TempDir()
	var early, partial, late int
	for i := range times(40) {
		dir, _ := m.strike(t, i, syscall.SIGKILL)
		got := treeOf(t, dir)
		state := got.withoutStage()

		for name := range state {
			require.Contains(t, want, name, "a stray file")
		}
		for _, pkg := range want.packages() {
			if part := state.below(pkg); len(part) > 0 {
				require.Equal(t, want.below(pkg), part, "a part of a package")
			}
		}
		for _, name := range []string{"go.mod", "go.sum", "fngen.sum"} {
			if state[name] != before[name] {
				require.Equal(t, want[name], state[name], "neither the old %s nor the new one", name)
			}
		}
		switch {
		case got.digest() == before.digest():
			early++
		case got.digest() == want.digest():
			late++
		default:
			partial++
		}
		if digest := state.digest(); states[digest] == "" {
			states[digest] = filepath.Join(kept, digest)
			require.NoError(t, os.CopyFS(states[digest], os.DirFS(dir)))
		}

		if len(state.below(functions+"/divide")) == 0 {
			do(t, dir, divide...)
			require.Equal(t, want, treeOf(t, dir))
		} else {
			do(t, dir, other...)
			require.Equal(t, wantBoth, treeOf(t, dir))
		}
	}
	t.Logf("of a run of %v, %v of it writing: %d killed before the first write, %d while writing, %d after; %d states",
		m.all, m.writing, early, partial, late, len(states))
	assert.NotZero(t, partial, "no kill came at a moment that matters")

	// One directory for all, so that what compiled once is in the go command's cache.
	module := filepath.Join(kept, "module")
	for _, dir := range states {
		require.NoError(t, os.Rename(dir, module))
		compiles(t, module)
		require.NoError(t, os.RemoveAll(module))
	}
}

// A signal that can be caught leaves nothing at all behind, unless it comes too late.
func TestInterrupt(t *testing.T) {
	m := measure(t)
	before, want := reference(t), reference(t, divide)
	signals := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}
	var untouched, undone, done int
	for i := range times(40) {
		dir, p := m.strike(t, i, signals[i/2%2])
		got := treeOf(t, dir)
		switch {
		case p.killed(): // before main began to listen, or after it stopped to
			if got.digest() != want.digest() {
				require.Equal(t, before, got)
			}
			untouched++
		case p.ProcessState.ExitCode() == 0:
			require.Equal(t, want, got)
			done++
		default:
			message, _ := p.refused(t)
			require.Contains(t, message, "interrupted")
			require.Equal(t, before, got)
			undone++
		}
	}
	t.Logf("%d ended before they did anything, %d stopped and undid it, %d were done", untouched, undone, done)
	assert.NotZero(t, undone, "no signal came at a moment that matters")
}
