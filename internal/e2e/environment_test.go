//go:build unix

package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestNoSubprocessNoSocket checks that commands that change files start no
// process and open no socket.
func TestNoSubprocessNoSocket(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	if out, err := exec.Command(strace, "-o", os.DevNull, fngen, "version").CombinedOutput(); err != nil {
		t.Skipf("strace is not permitted: %v: %s", err, out)
	}
	dir := newModule(t)
	for _, args := range [][]string{divide, {"add", "--update"}, {"list"}, {"destroy", "function", "divide"}} {
		log := filepath.Join(t.TempDir(), "calls")
		cmd := exec.Command(strace,
			append([]string{"-f", "-qq", "-o", log, "-e", "trace=execve,execveat,socket", fngen}, args...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		calls, err := os.ReadFile(log)
		require.NoError(t, err)
		assert.Equal(t, 1, strings.Count(string(calls), "execve"), "%s", calls)
		assert.NotContains(t, string(calls), "socket(")
	}
}

// TestNoGoOnPath checks that fngen function needs neither the go command nor
// any environment variable.
func TestNoGoOnPath(t *testing.T) {
	want := reference(t, divide)
	dir := newModule(t)
	p := command(dir, divide...)
	p.Env = []string{"PATH="}
	require.Zero(t, p.run(t), p.stderr.String())
	assert.Equal(t, want, treeOf(t, dir))
}

// TestNoPermission checks that nothing changes if fngen lacks permission for a
// path that it needs, and that permissions of other paths do not matter.
func TestNoPermission(t *testing.T) {
	want := reference(t, divide)
	for _, c := range []struct {
		name string
		mode fs.FileMode
		done bool
	}{
		{".", 0o555, false},
		{"api", 0o555, false},
		{"api/src/lib", 0o555, false},
		{functions, 0o555, false},
		{functions, 0o333, false},
		{functions + "/divide", 0o555, false},
		{functions + "/other", 0o000, true},
		{"api/src/lib/fn/fn.go", 0o000, false},
		{"go.mod", 0o000, false},
		{"go.mod", 0o444, true}, // it is replaced, and keeps its mode
		{"go.sum", 0o000, false},
		{"fngen.sum", 0o000, false},
	} {
		t.Run(fmt.Sprintf("%s %o", c.name, c.mode), func(t *testing.T) {
			dir := newModule(t)
			restricted := filepath.Join(dir, filepath.FromSlash(c.name))
			switch {
			case c.name == ".", c.name == "go.mod":
			case filepath.Ext(c.name) == "":
				// With an existing directory, files are added one by one.
				writeFile(t, dir, c.name+"/README.md", "")
			default:
				writeFile(t, dir, c.name, "")
			}
			require.NoError(t, filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
				if err == nil && entry.IsDir() {
					err = os.Chmod(name, 0o777)
				}
				return err
			}))
			before := treeOf(t, dir)
			info, err := os.Stat(restricted)
			require.NoError(t, err)
			require.NoError(t, os.Chmod(restricted, c.mode))

			p := command(dir, divide...)
			nobody(p)
			code := p.run(t)
			if c.done {
				require.Zero(t, code, p.stderr.String())
				assert.Equal(t, want[functions+"/divide/divide.go"], treeOf(t, dir)[functions+"/divide/divide.go"])
				after, err := os.Stat(restricted)
				require.NoError(t, err)
				assert.Equal(t, c.mode, after.Mode().Perm())
			}
			require.NoError(t, os.Chmod(restricted, info.Mode().Perm()))
			if !c.done {
				message, hint := p.failed(t)
				assert.Contains(t, message, "permission denied")
				assert.NotEmpty(t, hint)
				assert.Equal(t, before, treeOf(t, dir))
			}
		})
	}
}

// TestFullDisk runs fngen on disks of increasing size. Running out of space or
// inodes at any step leaves the module unchanged.
func TestFullDisk(t *testing.T) {
	want := reference(t, divide)
	for _, limit := range []struct {
		option string
		least  int
		step   int
	}{
		{"size=%dk", 4, 4},
		{"nr_inodes=%d", 2, 1},
	} {
		full := 0
		for n := limit.least; ; n += limit.step {
			dir := t.TempDir()
			option := fmt.Sprintf(limit.option, n)
			out, err := exec.Command("mount", "-t", "tmpfs", "-o", option, "fngen", dir).CombinedOutput()
			if err != nil {
				t.Skipf("cannot mount tmpfs: %v: %s", err, out)
			}
			unmount := func() {
				out, err := exec.Command("umount", dir).CombinedOutput()
				assert.NoError(t, err, "%s", out)
			}
			fits := func() bool {
				defer unmount()
				writeFile(t, dir, "go.mod", freshMod)
				before := treeOf(t, dir)
				p := command(dir, divide...)
				if p.run(t) == 0 {
					require.Equal(t, want, treeOf(t, dir))
					return true
				}
				message, _ := p.failed(t)
				require.Contains(t, message, "no space left on device", option)
				require.Equal(t, before, treeOf(t, dir), option)
				return false
			}()
			if fits {
				break
			}
			full++
		}
		t.Logf("disk full at %d sizes from "+limit.option, full, limit.least)
		assert.Greater(t, full, 5)
	}
}
