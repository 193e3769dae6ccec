//go:build !unix

package process

import (
	"os/exec"
	"strconv"
)

func group(*exec.Cmd) {}

// interrupt ends the process and those that it started: there is no asking here. taskkill is Windows's.
func interrupt(cmd *exec.Cmd) error {
	if err := exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run(); err != nil {
		return cmd.Process.Kill()
	}
	return nil
}

func kill(*exec.Cmd) {}
