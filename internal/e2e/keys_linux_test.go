package e2e

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// terminal opens a pseudo terminal, and returns its two ends.
func terminal(t *testing.T) (keyboard, tty *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("cannot open a terminal: ", err)
	}
	t.Cleanup(func() { keyboard.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	tty, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { tty.Close() })
	return keyboard, tty
}

// onTerminal returns an fngen process whose standard streams are a terminal,
// and a function that returns the terminal's settings.
func onTerminal(t *testing.T, dir string, args ...string) (*process, *screen, *os.File, func() unix.Termios) {
	t.Helper()
	keyboard, tty := terminal(t)
	p, screen := goProcess(dir, args...)
	p.Stdin, p.Stdout, p.Stderr = tty, tty, tty
	p.Env = append(p.Env, "TERM=xterm", "NO_COLOR=")
	p.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	go func() { _, _ = io.Copy(screen, keyboard) }() // until the terminal is closed
	return p, screen, keyboard, func() unix.Termios {
		state, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
		require.NoError(t, err)
		return *state
	}
}

// TestKeys checks the keys of watch mode, which are those of Jest, and that the
// terminal's settings are restored.
func TestKeys(t *testing.T) {
	dir := newModule(t)
	addFunction(t, dir, "divide", "", "")
	addFunction(t, dir, "orders", "", "t.Fail()")
	p, screen, keyboard, state := onTerminal(t, dir, "test", "--watch")
	press := func(keys string) {
		_, err := keyboard.WriteString(keys)
		require.NoError(t, err)
	}
	before := state()
	done := p.begin(t)
	text := screen.next(t, "\x1b[31m1 failed\x1b[0m, \x1b[32m1 passed\x1b[0m, 2 total\r\n", "q: quit\r\n")
	assert.Contains(t, text, "\x1b[32mPASS\x1b[0m  api/src/functions/divide/divide_test.go")
	assert.NotEqual(t, before, state())

	press("f")
	text = screen.next(t, "\x1b[31m1 failed\x1b[0m, 1 total\r\n", "q: quit\r\n")
	assert.NotContains(t, text, "divide")
	press("\r")
	text = screen.next(t, "\x1b[31m1 failed\x1b[0m, 1 total\r\n", "q: quit\r\n")
	assert.NotContains(t, text, "divide")
	press("xa")
	screen.next(t, "2 total\r\n", "q: quit\r\n")
	addFunction(t, dir, "orders", "", "")
	screen.next(t, "\x1b[32m1 passed\x1b[0m, 1 total\r\n", "q: quit\r\n")
	press("f")
	screen.next(t, "No tests failed.\r\n")

	git(t, dir, "init", "-q")
	git(t, dir, "add", ".")
	git(t, dir, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "x")
	press("o")
	screen.next(t, "No function has changed since the last commit.\r\n")
	writeFile(t, dir, functions+"/divide/notes.txt", "x")
	screen.next(t, functions+"/divide/notes.txt changed\r\nRunning divide …\r\n", "q: quit\r\n")
	press("o")
	screen.next(t, "Running divide …\r\n", "q: quit\r\n")
	press("tNoTest\r")
	screen.next(t, "Running 2 functions (tests \"NoTest\") …\r\n", "2 without tests", "q: quit\r\n")
	press("q")
	<-done
	assert.Zero(t, p.ProcessState.ExitCode())
	assert.Equal(t, before, state())
}

func TestTerminalIsRestored(t *testing.T) {
	dir, file := newModule(t), filepath.Join(t.TempDir(), "pid")
	imports, body := sleeper(file)
	addFunction(t, dir, "sleeps", imports, body)
	for name, end := range map[string]func(*process, *os.File) error{
		"Ctrl-C":  func(_ *process, keyboard *os.File) error { _, err := keyboard.Write([]byte{3}); return err },
		"SIGTERM": func(p *process, _ *os.File) error { return p.Process.Signal(syscall.SIGTERM) },
		"SIGQUIT": func(p *process, _ *os.File) error { return p.Process.Signal(syscall.SIGQUIT) },
		"SIGHUP":  func(p *process, _ *os.File) error { return p.Process.Signal(syscall.SIGHUP) },
	} {
		t.Run(name, func(t *testing.T) {
			p, _, keyboard, state := onTerminal(t, dir, "test", "--watch")
			before := state()
			done := p.begin(t)
			pid := waitPID(t, file)
			require.NoError(t, end(p, keyboard))
			<-done
			waitExit(t, pid)
			assert.Equal(t, before, state())
		})
	}
}
