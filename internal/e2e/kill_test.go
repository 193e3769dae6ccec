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

// A timing is the time during which to send signals: half of them at any time
// in the life of a process, and half in the shorter time after its first write,
// where they can do harm.
type timing struct{ total, writing time.Duration }

// measure returns the median timing of several runs plus ten percent, so that
// some signals arrive after the process has exited.
func measure(t *testing.T) timing {
	t.Helper()
	var total, writing []time.Duration
	for range 9 {
		dir := newModule(t)
		p := command(dir, divide...)
		start := time.Now()
		done := p.begin(t)
		written := firstWrite(dir, done)
		<-done
		require.Zero(t, p.ProcessState.ExitCode(), p.stderr.String())
		total = append(total, time.Since(start))
		writing = append(writing, time.Since(written))
	}
	slices.Sort(total)
	slices.Sort(writing)
	return timing{total[4] * 11 / 10, writing[4] * 11 / 10}
}

// begin starts a process. The channel is closed when it has exited.
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

// firstWrite waits until a process has written something to a new module, or
// has exited.
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

// strike runs the divide command in a new module, and sends it a signal at a
// random time. Odd values of i select the time after the first write.
func (m timing) strike(t *testing.T, i int, signal syscall.Signal) (string, *process) {
	t.Helper()
	dir := newModule(t)
	p := command(dir, divide...)
	done := p.begin(t)
	within := m.total
	if i%2 == 1 {
		within = m.writing
		firstWrite(dir, done)
	}
	time.Sleep(rand.N(within))
	_ = p.Process.Signal(signal) // fails if it has exited
	<-done
	return dir, p
}

// times returns how often to repeat a test that depends on chance.
func times(n int) int {
	if testing.Short() {
		return max(1, n/10)
	}
	return n
}

// TestKill kills fngen at random times. The function exists completely or not
// at all, the module compiles, and the next run succeeds.
func TestKill(t *testing.T) {
	m := measure(t)
	before, want := reference(t), reference(t, divide)
	other := []string{"function", "other"}
	wantBoth := reference(t, divide, other)
	states := map[string]string{} // saved trees, by digest
	saved := t.TempDir()
	var early, partial, late int
	for i := range times(40) {
		dir, _ := m.strike(t, i, syscall.SIGKILL)
		got := treeOf(t, dir)
		state := got.withoutStage()

		for name := range state {
			require.Contains(t, want, name, "unexpected file")
		}
		for _, pkg := range want.packages() {
			if got := state.below(pkg); len(got) > 0 {
				require.Equal(t, want.below(pkg), got, "incomplete package")
			}
		}
		for _, name := range []string{"go.mod", "go.sum", "fngen.sum"} {
			if state[name] != before[name] {
				require.Equal(t, want[name], state[name], "%s is neither the old nor the new file", name)
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
			states[digest] = filepath.Join(saved, digest)
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
	t.Logf("run time %v, writing for %v: %d killed before the first write, %d while writing, %d after; %d states",
		m.total, m.writing, early, partial, late, len(states))
	assert.NotZero(t, partial, "no process was killed while writing")

	// Use the same directory for all, so that packages are in the build cache.
	module := filepath.Join(saved, "module")
	for _, dir := range states {
		require.NoError(t, os.Rename(dir, module))
		compiles(t, module)
		require.NoError(t, os.RemoveAll(module))
	}
}

// TestInterrupt sends SIGINT and SIGTERM at random times. fngen leaves nothing
// behind unless it has already finished.
func TestInterrupt(t *testing.T) {
	m := measure(t)
	before, want := reference(t), reference(t, divide)
	signals := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}
	var untouched, rolledBack, done int
	for i := range times(40) {
		dir, p := m.strike(t, i, signals[i/2%2])
		got := treeOf(t, dir)
		switch {
		case p.killed(): // before the signal handler was installed, or after it was removed
			if got.digest() != want.digest() {
				require.Equal(t, before, got)
			}
			untouched++
		case p.ProcessState.ExitCode() == 0:
			require.Equal(t, want, got)
			done++
		default:
			message, _ := p.failed(t)
			require.Contains(t, message, "interrupted")
			require.Equal(t, before, got)
			rolledBack++
		}
	}
	t.Logf("%d ended by the signal, %d rolled back, %d completed", untouched, rolledBack, done)
	assert.NotZero(t, rolledBack, "no process was interrupted while writing")
}
