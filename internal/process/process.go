// Package process runs subprocesses that may start subprocesses of their own,
// such as the go command, and cleans up the whole process group.
package process

import (
	"context"
	"os/exec"
	"time"
)

// gracePeriod is the time that processes have to exit after an interrupt.
const gracePeriod = 3 * time.Second

// Command returns a command that runs in its own process group, so that Ctrl-C
// in a terminal does not reach it. It must be run by [Run].
func Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	setGroup(cmd)
	cmd.Cancel = func() error { return interrupt(cmd) }
	cmd.WaitDelay = gracePeriod
	return cmd
}

// Run runs a command and waits until it exits. If ctx is done first, Run
// interrupts the process group and, after a grace period, returns the context's
// error. In any case, it kills the processes of the group that are left.
func Run(ctx context.Context, cmd *exec.Cmd) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := cmd.Run()
	if cmd.Process != nil {
		kill(cmd)
	}
	if err == nil || ctx.Err() == nil {
		return err
	}
	return ctx.Err()
}
