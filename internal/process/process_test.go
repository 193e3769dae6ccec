//go:build unix

package process_test

import (
	"bufio"
	"context"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/process"
)

func TestRun(t *testing.T) {
	var out strings.Builder
	cmd := process.Command(context.Background(), "sh", "-c", "echo output; exit 3")
	cmd.Stdout = &out
	err := process.Run(context.Background(), cmd)
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 3, exit.ExitCode())
	assert.Equal(t, "output\n", out.String())

	require.NoError(t, process.Run(context.Background(), process.Command(context.Background(), "true")))
	err = process.Run(context.Background(), process.Command(context.Background(), "no-such-program"))
	require.ErrorIs(t, err, exec.ErrNotFound)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.ErrorIs(t, process.Run(ctx, process.Command(ctx, "true")), context.Canceled)
}

// TestRunCancelled checks that no process is left when the context is
// cancelled, even if processes ignore the interrupt.
func TestRunCancelled(t *testing.T) {
	for name, script := range map[string]string{
		"child process":  `sleep 1000 & echo $!; wait`,
		"ignores SIGINT": `trap "" INT; sleep 1000 & echo $!; wait`,
		"exited parent":  `trap "" INT; sleep 1000 & echo $!`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			reader, writer := io.Pipe()
			cmd := process.Command(ctx, "sh", "-c", script)
			cmd.Stdout = writer
			ended := make(chan error, 1)
			go func() { ended <- process.Run(ctx, cmd) }()
			line, err := bufio.NewReader(reader).ReadString('\n')
			require.NoError(t, err)
			child, err := strconv.Atoi(strings.TrimSpace(line))
			require.NoError(t, err)
			cancel()
			require.ErrorIs(t, <-ended, context.Canceled)
			assert.Eventually(t, func() bool { return exited(child) }, 10*time.Second, 5*time.Millisecond,
				"process %d is running", child)
		})
	}
}

// TestRunLeavesNothing checks that a process that the command started does not
// outlive it.
func TestRunLeavesNothing(t *testing.T) {
	var out strings.Builder
	cmd := process.Command(context.Background(), "sh", "-c", `sleep 1000 >/dev/null 2>&1 & echo $!`)
	cmd.Stdout = &out
	require.NoError(t, process.Run(context.Background(), cmd))
	child, err := strconv.Atoi(strings.TrimSpace(out.String()))
	require.NoError(t, err)
	assert.Eventually(t, func() bool { return exited(child) }, 10*time.Second, 5*time.Millisecond)
}

// exited reports whether a process has exited. It may be a zombie.
func exited(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && strings.Contains(string(stat), ") Z ")
}
