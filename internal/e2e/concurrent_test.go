//go:build unix

package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// runConcurrently runs commands in a directory concurrently.
func runConcurrently(t *testing.T, dir string, commands [][]string) []*process {
	t.Helper()
	var processes []*process
	for _, args := range commands {
		p := command(dir, args...)
		require.NoError(t, p.Start())
		processes = append(processes, p)
	}
	for _, p := range processes {
		p.wait()
	}
	return processes
}

func TestConcurrentSameName(t *testing.T) {
	want := reference(t, divide)
	var commands [][]string
	for range 16 {
		commands = append(commands, divide)
	}
	for range times(5) {
		dir := newModule(t)
		succeeded := 0
		for _, p := range runConcurrently(t, dir, commands) {
			if p.ProcessState.ExitCode() == 0 {
				succeeded++
				continue
			}
			message, hint := p.failed(t)
			assert.Contains(t, message, functions+"/divide/divide.go")
			assert.NotEmpty(t, hint)
		}
		assert.Equal(t, 1, succeeded)
		require.Equal(t, want, treeOf(t, dir))
	}
}

func TestConcurrentDifferentNames(t *testing.T) {
	var commands [][]string
	for i := range 16 {
		args := []string{"function", fmt.Sprintf("number-%d", i)}
		for bit, flag := range []string{"--webhook", "--auth", "--binary", "--fixtures"} {
			if i&(1<<bit) != 0 {
				args = append(args, flag)
			}
		}
		commands = append(commands, args)
	}
	want := reference(t, commands...)
	var dir string
	for range times(5) {
		dir = newModule(t)
		for _, p := range runConcurrently(t, dir, commands) {
			require.Zero(t, p.ProcessState.ExitCode(), p.stderr.String())
			require.Empty(t, p.stderr.String())
		}
		require.Equal(t, want, treeOf(t, dir), "the result is that of a sequential run")
	}
	compiles(t, dir)
}
