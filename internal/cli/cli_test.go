package cli_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/fngen/fngen/internal/cli"
)

// A brokenWriter fails as if the disk were full.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestStdoutErrors checks that a command fails if stdout cannot be written to.
func TestStdoutErrors(t *testing.T) {
	dir := t.TempDir()
	assert.NoError(t, os.CopyFS(dir, os.DirFS("../../testdata/shop")))
	for _, line := range []string{
		"", "--help", "help", "help function", "function --help", "generate", "completion bash", "completion",
		"version", "version --json", "add --list", "add --list --json", "list", "list --json",
	} {
		var stderr bytes.Buffer
		code := cli.Main(t.Context(), append(strings.Fields(line), "--cwd", dir), cli.World{
			Env: func(string) string { return "" }, Stdout: brokenWriter{}, Stderr: &stderr, Version: "v0.1.0",
		})
		assert.Equal(t, 1, code, "fngen %s", line)
		assert.Equal(t, "fngen: no space left on device\n", stderr.String(), "fngen %s", line)
	}
}
