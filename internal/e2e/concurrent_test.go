//go:build unix

package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// atOnce runs commands in a directory, all at the same time.
func atOnce(t *testing.T, dir string, commands [][]string) []*process {
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

func TestSixteenAtOnceOnOneName(t *testing.T) {
	want := reference(t, divide)
	var commands [][]string
	for range 16 {
		commands = append(commands, divide)
	}
	for range times(5) {
		dir := newModule(t)
		won := 0
		for _, p := range atOnce(t, dir, commands) {
			if p.ProcessState.ExitCode() == 0 {
				won++
				continue
			}
			message, hint := p.refused(t)
			assert.Contains(t, message, functions+"/divide/divide.go")
			assert.NotEmpty(t, hint)
		}
		assert.Equal(t, 1, won)
		require.Equal(t, want, treeOf(t, dir))
	}
}

func TestSixteenNamesAtOnce(t *testing.T) {
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
		for _, p := range atOnce(t, dir, commands) {
			require.Zero(t, p.ProcessState.ExitCode(), p.stderr.String())
			require.Empty(t, p.stderr.String())
		}
		require.Equal(t, want, treeOf(t, dir), "as if one had run after the other")
	}
	compiles(t, dir)
}
