package cli

import (
	"errors"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/instance"
)

// TestServerError checks that a usage error of the server becomes one of fngen,
// since the server validates the flags that fngen passes on. Errors that the
// server has printed are not printed again.
func TestServerError(t *testing.T) {
	require.NoError(t, serverError(nil))
	other := errors.New("permission denied")
	assert.Equal(t, other, serverError(other))
	assert.Equal(t, exitError{exitFailed}, serverError(&instance.ExitError{}))
	for status, want := range map[int]int{1: exitFailed, 2: exitUsage, 3: exitFailed} {
		err := exec.Command("sh", "-c", "exit "+strconv.Itoa(status)).Run()
		assert.Equal(t, exitError{want}, serverError(&instance.ExitError{Err: err}), status)
		assert.Equal(t, exitError{want}, serverError(&instance.ExitError{Err: err, Listened: true}), status)
	}
}
