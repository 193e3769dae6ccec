//go:build unix

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A screen collects the output of a process. It is safe for concurrent use.
type screen struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// next waits until all of the wanted strings have been printed, in any order,
// and returns and discards the output up to then.
func (s *screen) next(t *testing.T, wanted ...string) string {
	t.Helper()
	var text string
	require.Eventually(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		text = s.text.String()
		for _, want := range wanted {
			if !strings.Contains(text, want) {
				return false
			}
		}
		s.text.Reset()
		return true
	}, time.Minute, 5*time.Millisecond, "want %q on the screen", wanted)
	return text
}

// goProcess returns an fngen process with the environment that the go command
// needs.
func goProcess(dir string, args ...string) (*process, *screen) {
	p := command(dir, args...)
	p.Env = append(os.Environ(), "GOFLAGS=-mod=readonly -trimpath", "GOPROXY=off", "GOWORK=off", "GOTOOLCHAIN=local")
	s := &screen{}
	p.Stdout, p.Stderr = s, s
	return p, s
}

// addFunction writes a function whose test has the given imports and body.
func addFunction(t testing.TB, dir, name, imports, body string) {
	t.Helper()
	prefix := functions + "/" + name + "/"
	writeFile(t, dir, prefix+name+".go", fmt.Sprintf("package %s\n\nfunc Handler() {}\n", name))
	writeFile(t, dir, prefix+name+"_test.go",
		fmt.Sprintf("package %s\n\nimport (\n\t\"testing\"\n%s)\n\nfunc TestIt(t *testing.T) {%s}\n", name, imports,
			body))
}

// TestWatch checks that saving a file of any kind runs the tests that depend on
// it, and that new and removed functions are noticed.
func TestWatch(t *testing.T) {
	dir := newModule(t)
	addFunction(t, dir, "divide", "", "")
	addFunction(t, dir, "orders", "\t\"example.com/app/api/src/lib/shared\"\n",
		"if shared.N != 1 { t.Error(shared.N) }")
	writeFile(t, dir, "api/src/lib/shared/shared.go", "package shared\n\nconst N = 1\n")
	p, screen := goProcess(dir, "test", "--watch")
	done := p.begin(t)
	screen.next(t, "Functions:  2 passed, 2 total\n", "Time:")

	writeFile(t, dir, "api/src/lib/shared/shared.go", "package shared\n\nconst N = 2\n")
	text := screen.next(t, "Functions:  1 failed, 1 total\n", "Time:")
	assert.Contains(t, text, "orders_test.go:8: 2\n")
	assert.NotContains(t, text, "divide")

	writeFile(t, dir, functions+"/divide/query.sql", "SELECT 1\n")
	text = screen.next(t, "Functions:  1 passed, 1 total\n", "Time:")
	assert.Contains(t, text, "divide_test.go")

	writeFile(t, dir, ".env.test", "A=1\n")
	screen.next(t, "Functions:  1 failed, 1 passed, 2 total\n", "Time:")

	addFunction(t, dir, "fresh", "", "")
	text = screen.next(t, "fresh/fresh_test.go", "Functions:  1 passed, 1 total\n", "Time:")
	assert.NotContains(t, text, "orders_test.go")
	assert.Contains(t, text, "Still failing: orders\n")

	require.NoError(t, os.RemoveAll(filepath.Join(dir, functions, "fresh")))
	writeFile(t, dir, "go.mod", freshMod+"\n// changed\n")
	screen.next(t, "Functions:  1 failed, 1 passed, 2 total\n", "Time:")

	writeFile(t, dir, ".env", "A B\n")
	screen.next(t, "fngen: .env: line 1: want NAME=value\n")
	writeFile(t, dir, ".env", "A=B\n")
	screen.next(t, "Functions:  1 failed, 1 passed, 2 total\n", "Time:")

	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	<-done
	assert.Zero(t, p.ProcessState.ExitCode())
	assert.NotContains(t, screen.text.String(), "\x1b")
}

// sleeper returns the body of a test that writes its process id to a file and
// does not return.
func sleeper(file string) (imports, body string) {
	return "\t\"os\"\n\t\"strconv\"\n\t\"time\"\n",
		fmt.Sprintf(" os.WriteFile(%q, []byte(strconv.Itoa(os.Getpid())+\".\"), 0o666); time.Sleep(time.Hour) ", file)
}

// waitPID waits until a sleeper has written its process id, and returns it.
func waitPID(t *testing.T, file string) int {
	t.Helper()
	var pid int
	require.Eventually(t, func() bool {
		data, err := os.ReadFile(file)
		text, whole := strings.CutSuffix(string(data), ".")
		if err != nil || !whole {
			return false
		}
		pid, err = strconv.Atoi(text)
		return err == nil && os.Remove(file) == nil
	}, time.Minute, 5*time.Millisecond, "the test does not start")
	return pid
}

// waitExit waits until a process has exited. It may be a zombie.
func waitExit(t *testing.T, pid int) {
	t.Helper()
	assert.Eventually(t, func() bool {
		if syscall.Kill(pid, 0) != nil {
			return true
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err == nil && strings.Contains(string(stat), ") Z ") // its new parent has not waited for it yet
	}, time.Minute, 5*time.Millisecond, "the test's process %d is running", pid)
}

// TestInterruptedTests checks that Ctrl-C also ends the test processes, and
// that a save restarts a run.
func TestInterruptedTests(t *testing.T) {
	dir, file := newModule(t), filepath.Join(t.TempDir(), "pid")
	imports, body := sleeper(file)
	addFunction(t, dir, "sleeps", imports, body)
	p, screen := goProcess(dir, "test")
	done := p.begin(t)
	pid := waitPID(t, file)
	require.NoError(t, p.Process.Signal(syscall.SIGINT))
	<-done
	waitExit(t, pid)
	assert.Equal(t, 1, p.ProcessState.ExitCode())
	assert.Equal(t, "fngen: interrupted\n", screen.text.String())

	p, _ = goProcess(dir, "test", "--watch")
	done = p.begin(t)
	pid = waitPID(t, file)
	writeFile(t, dir, functions+"/sleeps/query.sql", "")
	waitExit(t, pid)
	pid = waitPID(t, file)
	require.NoError(t, p.Process.Signal(syscall.SIGINT))
	<-done
	waitExit(t, pid)
	assert.Zero(t, p.ProcessState.ExitCode())
}

// TestTestNoGoOnPath checks the error if the go command cannot be found.
func TestTestNoGoOnPath(t *testing.T) {
	dir := newModule(t)
	addFunction(t, dir, "divide", "", "")
	p := command(dir, "test")
	p.Env = []string{"PATH="}
	p.run(t)
	message, hint := p.failed(t)
	assert.Equal(t, "fngen: cannot find the go command", message)
	assert.NotEmpty(t, hint)
}
