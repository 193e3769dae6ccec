// Package process runs programs that start others, such as the go command, and
// sees to it that none of them is left when the run is over.
package process

import (
	"context"
	"os/exec"
	"time"
)

// grace is what programs get to end in when they were asked to.
const grace = 3 * time.Second

// Command is a program with a process group of its own: Ctrl-C in a terminal does not
// reach it. [Run] runs it.
func Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	group(cmd)
	cmd.Cancel = func() error { return interrupt(cmd) }
	cmd.WaitDelay = grace
	return cmd
}

// Run runs a command to its end. When the context ends before, every process of the group is interrupted, what is left after
// a grace period is killed, and the error is the context's.
func Run(ctx context.Context, cmd *exec.Cmd) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := cmd.Run()
	if err == nil || ctx.Err() == nil {
		return err
	}
	if cmd.Process != nil {
		kill(cmd)
	}
	return ctx.Err()
}
