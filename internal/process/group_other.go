//go:build !unix

package process

import (
	"os/exec"
	"strconv"
)

func setGroup(*exec.Cmd) {}

// interrupt ends the process and its descendants. Windows has no signal for
// this that processes can handle, so it uses taskkill.
func interrupt(cmd *exec.Cmd) error {
	if err := exec.Command("taskkill", "/T", "/F", "/PID", strconv.Itoa(cmd.Process.Pid)).Run(); err != nil {
		return cmd.Process.Kill()
	}
	return nil
}

func kill(*exec.Cmd) {}
