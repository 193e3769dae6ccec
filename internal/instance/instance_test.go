package instance_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/instance"
)

// kindVariable makes this test binary run as a server program of that kind.
const kindVariable = "INSTANCE_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if kind := os.Getenv(kindVariable); kind != "" {
		os.Exit(program(kind))
	}
	os.Exit(m.Run())
}

// program behaves as a server program does towards the process that started it,
// and returns its exit code.
func program(kind string) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 1
	}
	token, parent := os.Getenv("FNGEN_REPORT_TOKEN"), os.Args[len(os.Args)-1]
	report := func(line string) (net.Conn, error) {
		conn, err := net.Dial("tcp", parent)
		if err == nil {
			_, err = io.WriteString(conn, line)
		}
		return conn, err
	}
	switch kind {
	case "exits":
		return 3
	case "silent":
		fmt.Println("started")
		select {}
	case "stubborn":
		signal.Ignore(os.Interrupt)
	case "impostor": // invalid reports precede the valid one
		for _, line := range []string{
			"wrong 1\n", token + "\n", token + " 65536\n", token + " x\n", " 1\n", strings.Repeat("x", 1000), "\n",
		} {
			conn, err := report(line)
			if err != nil {
				return 1
			}
			if _, err := conn.Read(make([]byte, 1)); err == nil {
				return 1
			}
		}
	case "parent": // starts another program, and is killed by the test
		i, err := start(context.Background(), "listens")
		if err != nil {
			return 1
		}
		fmt.Println(i.Addr)
		select {}
	}
	conn, err := report(fmt.Sprintf("%s %d\n", token, listener.Addr().(*net.TCPAddr).Port))
	if err != nil {
		return 1
	}
	fmt.Println("listening")
	lines := bufio.NewReader(conn)
	for {
		line, err := lines.ReadString('\n')
		switch {
		case err != nil:
			return 4 // the parent is gone
		case line == "drain\n" && kind == "fails":
			return 5
		case line == "drain\n" && kind != "stubborn":
			return 0
		}
	}
}

// command runs this test binary as a program of that kind.
func command(kind string) instance.Command {
	return instance.Command{
		Argv: []string{os.Args[0]}, Environ: append(os.Environ(), kindVariable+"="+kind), Grace: 100 * time.Millisecond,
	}
}

// start starts this test binary as a program of that kind.
func start(ctx context.Context, kind string) (*instance.Instance, error) {
	return instance.Start(ctx, command(kind))
}

// listens reports whether a server accepts connections at address.
func listens(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

func TestStop(t *testing.T) {
	for _, name := range []string{"listens", "impostor"} {
		i, err := start(t.Context(), name)
		require.NoError(t, err, name)
		assert.True(t, listens(i.Addr), name)
		require.NoError(t, i.Stop(t.Context()), name)
		assert.False(t, listens(i.Addr), name)
		<-i.Done()
		i.Drain() // has no effect
		i.Kill()
	}
}

// Run drains the program when its context is done, and returns how it exited.
func TestRun(t *testing.T) {
	for _, test := range []struct {
		kind    string
		wantErr string
	}{
		{"listens", ""},
		{"fails", "the program exited: exit status 5"},
		{"exits", "the program exited before it listened on its port: exit status 3"},
		{"silent", ""},
	} {
		run := func() error {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c := command(test.kind)
			c.Stdout = writerFunc(func([]byte) { cancel() }) // the program has started
			return instance.Run(ctx, c)
		}
		err := run()
		for test.wantErr != "" && err == nil { // canceled before the program listened
			err = run()
		}
		if test.wantErr == "" {
			require.NoError(t, err, test.kind)
			continue
		}
		require.EqualError(t, err, test.wantErr)
		assert.ErrorAs(t, err, new(*instance.ExitError))
	}
}

// A writerFunc calls a function for each write.
type writerFunc func([]byte)

func (f writerFunc) Write(data []byte) (int, error) {
	f(data)
	return len(data), nil
}

// A program that ignores interrupts is killed.
func TestKill(t *testing.T) {
	for name, stop := range map[string]func(*instance.Instance){
		"kill": (*instance.Instance).Kill,
		"stop": func(i *instance.Instance) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			assert.NoError(t, i.Stop(ctx))
		},
	} {
		i, err := start(t.Context(), "stubborn")
		require.NoError(t, err)
		start := time.Now()
		stop(i)
		assert.Less(t, time.Since(start), 5*time.Second, name)
		assert.False(t, listens(i.Addr), name)
		assert.NoError(t, i.Err(), "Kill is not a failure of the program")
	}
}

// Start distinguishes a program that exits from one that cannot be started.
func TestStartErrors(t *testing.T) {
	_, err := start(t.Context(), "exits")
	var exited *instance.ExitError
	require.ErrorAs(t, err, &exited)
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 3, exit.ExitCode())
	assert.EqualError(t, err, "the program exited before it listened on its port: exit status 3")

	file := filepath.Join(t.TempDir(), "program.exe")
	require.NoError(t, os.WriteFile(file, []byte("no program"), 0o600)) // not executable, as on a disk mounted noexec
	for name, want := range map[string]error{file: fs.ErrPermission, file + ".missing": fs.ErrNotExist} {
		_, err = instance.Start(t.Context(), instance.Command{Argv: []string{name}})
		require.ErrorIs(t, err, want)
		assert.NotErrorAs(t, err, &exited)
	}
}

// Start waits for a program that does not report until the context is done, and
// then stops it.
func TestStartCancelled(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := start(ctx, "silent")
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	_, err = start(ctx, "listens")
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

// A program exits when the process that started it is killed.
func TestParentKilled(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), kindVariable+"=parent")
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	address, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	address = strings.TrimSpace(address)
	assert.True(t, listens(address))
	require.NoError(t, parent.Process.Kill())
	_ = parent.Wait()
	assert.Eventually(t, func() bool { return !listens(address) }, 10*time.Second, 5*time.Millisecond)
}
