//go:build unix

// Package e2e tests the fngen program as users run it: as real processes on a
// real disk that are killed, interrupted, run concurrently, and denied access.
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

// fngen is the path of the program under test, which TestMain builds.
var fngen string

func TestMain(m *testing.M) { os.Exit(run(m)) }

var withRace = flag.Bool("with-race", false, "build fngen with the race detector, as make race does")

func run(m *testing.M) int {
	flag.Parse()
	dir, err := os.MkdirTemp("", "fngen-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	fngen = filepath.Join(dir, "fngen")
	// Some tests run the program as another user, who must be able to
	// access it.
	if err := errors.Join(build("../../cmd/fngen", fngen), os.Chmod(dir, 0o755)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// build builds a program with the flags of make build.
func build(pkg, to string) error {
	cmd := exec.Command("go", "build", "-race="+strconv.FormatBool(*withRace), "-trimpath", "-o", to, pkg)
	cmd.Env = os.Environ()
	if !*withRace {
		cmd.Env = append(cmd.Env, "CGO_ENABLED=0")
	}
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// TestSources accesses the files that fngen is built from. The go command
// records which files a test accesses, so that it does not reuse a cached
// result after they have changed.
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

// divide is the command of most tests. It adds every support package, so that
// it takes the most steps.
var divide = []string{"function", "divide", "--webhook", "--auth"}

const functions = "api/src/functions"

const freshMod = "module example.com/app\n\ngo 1.22\n"

// newModule creates a directory with a go.mod that other users can access.
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

// A process is an fngen process.
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

// run runs the process and returns its exit status, or -1 if a signal ended it.
func (p *process) run(t *testing.T) int {
	t.Helper()
	require.NoError(t, p.Start())
	return p.wait()
}

func (p *process) wait() int {
	_ = p.Wait() // the caller checks the exit status
	return p.ProcessState.ExitCode()
}

// killed reports whether a signal ended the process.
func (p *process) killed() bool {
	return p.ProcessState.Sys().(syscall.WaitStatus).Signaled()
}

// failed checks that the process failed as documented: exit status 1, and on
// stderr one line with the error and at most one with a hint.
func (p *process) failed(t *testing.T) (message, hint string) {
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

// do runs fngen, which must succeed and print nothing to stderr.
func do(t *testing.T, dir string, args ...string) {
	t.Helper()
	p := command(dir, args...)
	require.Zero(t, p.run(t), "fngen %s: %s", strings.Join(args, " "), p.stderr.String())
	require.Empty(t, p.stderr.String())
}

// A tree maps the paths below a directory to their modes and contents.
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

// reference returns the tree that commands create in a new module when nothing
// interferes.
func reference(t *testing.T, commands ...[]string) tree {
	t.Helper()
	dir := newModule(t)
	for _, args := range commands {
		do(t, dir, args...)
	}
	return treeOf(t, dir)
}

// below returns the entries in and below a directory, including the directory.
func (entries tree) below(dir string) tree {
	subtree := tree{}
	for name, entry := range entries {
		if name == dir || strings.HasPrefix(name, dir+"/") {
			subtree[name] = entry
		}
	}
	return subtree
}

// staged reports whether a path is a staging directory or in one.
func staged(name string) bool { return strings.HasPrefix(name, functions+"/.fngen-") }

// withoutStage returns the tree without staging directories.
func (entries tree) withoutStage() tree {
	entries = maps.Clone(entries)
	maps.DeleteFunc(entries, func(name, _ string) bool { return staged(name) })
	return entries
}

// packages returns the directories that contain Go files.
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

// digest returns a hash of the tree.
func (entries tree) digest() string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		fmt.Fprintf(h, "%q %q\n", name, entries[name])
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// compiles checks that a module builds and passes go vet without a network.
func compiles(t *testing.T, dir string) {
	t.Helper()
	if len(treeOf(t, dir).withoutStage().packages()) == 0 {
		return // go vet fails if there are no packages
	}
	for _, command := range []string{"build", "vet"} {
		cmd := exec.Command("go", command, "./...")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly -trimpath", "GOWORK=off", "GOTOOLCHAIN=local")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "go %s ./...: %s", command, out)
	}
}

// nobody makes a process run as an unprivileged user if the test runs as root.
func nobody(p *process) {
	if os.Getuid() == 0 {
		p.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
}
