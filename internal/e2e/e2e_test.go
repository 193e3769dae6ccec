//go:build unix

// Package e2e starts the fngen program as users do: real processes against a
// real disk, killed, interrupted, sixteen at once, and where they may not or cannot write.
package e2e

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// fngen is the path of the program, which TestMain builds.
var fngen string

func TestMain(m *testing.M) { os.Exit(run(m)) }

var withRace = flag.Bool("with-race", false, "test an fngen that the race detector watches, as make race does")

func run(m *testing.M) int {
	flag.Parse()
	dir, err := os.MkdirTemp("", "fngen-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	fngen = filepath.Join(dir, "fngen")
	// Tests run it as another user too, who must get at it.
	if err := errors.Join(build("../../cmd/fngen", fngen), os.Chmod(dir, 0o755)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// build builds a program as make build does.
func build(pkg, to string) error {
	cmd := exec.Command("go", "build", "-race="+strconv.FormatBool(*withRace), "-trimpath", "-o", to, pkg)
	cmd.Env = os.Environ()
	if !*withRace {
		cmd.Env = append(cmd.Env, "CGO_ENABLED=0")
	}
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// TestSources looks at what fngen is built from. The go command notes what
// tests look at, and takes no earlier result for current once that has changed.
func TestSources(t *testing.T) {
	for _, dir := range []string{"cmd", "generator", "internal", "templates"} {
		err := filepath.WalkDir(filepath.Join("..", "..", dir), func(name string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			_, err = os.Stat(name)
			return err
		})
		require.NoError(t, err)
	}
}

// The command of most tests brings every support package, so it has the most steps.
var divide = []string{"function", "divide", "--webhook", "--auth"}

const functions = "api/src/functions"

const freshMod = "module example.com/app\n\ngo 1.22\n"

// newModule is a directory with a go.mod, which others can enter.
func newModule(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	writeFile(t, dir, "go.mod", freshMod)
	return dir
}

func writeFile(t testing.TB, dir, name, data string) {
	t.Helper()
	name = filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
	require.NoError(t, os.WriteFile(name, []byte(data), 0o666))
}

// A process is fngen in a directory.
type process struct {
	*exec.Cmd
	stdout, stderr bytes.Buffer
}

func command(dir string, args ...string) *process {
	p := &process{Cmd: exec.Command(fngen, args...)}
	p.Dir = dir
	p.Env = []string{"PATH=" + os.Getenv("PATH"), "GOWORK=off"}
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	return p
}

// run runs the process, and returns its exit code: -1 where a signal ended it.
func (p *process) run(t *testing.T) int {
	t.Helper()
	require.NoError(t, p.Start())
	return p.wait()
}

func (p *process) wait() int {
	_ = p.Wait() // the exit code tells
	return p.ProcessState.ExitCode()
}

// killed tells whether a signal ended the process.
func (p *process) killed() bool {
	return p.ProcessState.Sys().(syscall.WaitStatus).Signaled()
}

// refused checks that the process failed as users should see it: exit code 1,
// an error on one line, below it at most a hint, and nothing else.
func (p *process) refused(t *testing.T) (message, hint string) {
	t.Helper()
	require.Equal(t, 1, p.ProcessState.ExitCode(), "stderr: %s", p.stderr.String())
	require.Empty(t, p.stdout.String())
	message, hint, _ = strings.Cut(p.stderr.String(), "\n")
	require.Regexp(t, `^fngen: [^\n]+$`, message)
	if hint != "" {
		require.Regexp(t, `^hint: [^\n]+\n$`, hint)
	}
	return message, hint
}

// do runs fngen, which has to succeed without a word on stderr.
func do(t *testing.T, dir string, args ...string) {
	t.Helper()
	p := command(dir, args...)
	require.Zero(t, p.run(t), "fngen %s: %s", strings.Join(args, " "), p.stderr.String())
	require.Empty(t, p.stderr.String())
}

// tree is all that is below a directory, by path: modes and contents.
type tree map[string]string

func treeOf(t *testing.T, dir string) tree {
	t.Helper()
	entries := tree{}
	require.NoError(t, filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		var data []byte
		if entry.Type().IsRegular() {
			if data, err = os.ReadFile(name); err != nil {
				return err
			}
		}
		rel, err := filepath.Rel(dir, name)
		entries[filepath.ToSlash(rel)] = fmt.Sprintf("%v %s", info.Mode(), data)
		return err
	}))
	return entries
}

// reference is the tree that commands leave in a fresh module where nothing disturbs them.
func reference(t *testing.T, commands ...[]string) tree {
	t.Helper()
	dir := newModule(t)
	for _, args := range commands {
		do(t, dir, args...)
	}
	return treeOf(t, dir)
}

// below is the part of a tree in and below a directory.
func (entries tree) below(dir string) tree {
	part := tree{}
	for name, entry := range entries {
		if name == dir || strings.HasPrefix(name, dir+"/") {
			part[name] = entry
		}
	}
	return part
}

// staged tells what is in a staging directory, or is one.
func staged(name string) bool { return strings.HasPrefix(name, functions+"/.fngen-") }

// withoutStage is the tree without staging directories.
func (entries tree) withoutStage() tree {
	entries = maps.Clone(entries)
	maps.DeleteFunc(entries, func(name, _ string) bool { return staged(name) })
	return entries
}

// packages are the directories of a tree that hold Go files.
func (entries tree) packages() []string {
	var dirs []string
	for name := range entries {
		if strings.HasSuffix(name, ".go") {
			dirs = append(dirs, filepath.Dir(name))
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// digest tells trees apart.
func (entries tree) digest() string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		fmt.Fprintf(h, "%q %q\n", name, entries[name])
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// compiles checks that the go command, without a network, takes a module as it is.
func compiles(t *testing.T, dir string) {
	t.Helper()
	if len(treeOf(t, dir).withoutStage().packages()) == 0 {
		return // go vet fails where there is nothing to vet
	}
	for _, command := range []string{"build", "vet"} {
		cmd := exec.Command("go", command, "./...")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly", "GOWORK=off", "GOTOOLCHAIN=local")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "go %s ./...: %s", command, out)
	}
}

// nobody has a process run as a user without rights, where this one is root.
func nobody(p *process) {
	if os.Getuid() == 0 {
		p.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
}
