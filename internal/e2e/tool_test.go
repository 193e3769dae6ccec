//go:build unix

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestGoTool adds fngen to a module as docs/install.md describes, and checks
// that its hints show the command that runs it, such as "go tool fngen".
func TestGoTool(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	tests := []struct {
		name, command string
		add           []string
	}{
		{"go.mod", "go tool fngen", []string{
			"go mod edit -replace=github.com/fngen/fngen=" + root,
			"go get -tool github.com/fngen/fngen/cmd/fngen",
		}},
		{"tools.mod", "go tool -modfile=tools.mod fngen", []string{
			"go mod init -modfile=tools.mod example.com/shop/tools",
			"go mod edit -replace=github.com/fngen/fngen=" + root + " tools.mod",
			"go get -tool -modfile=tools.mod github.com/fngen/fngen/cmd/fngen",
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			writeFile(t, dir, "go.mod", "module example.com/shop\n\ngo 1.26\n")
			run := func(line string) (output string, err error) {
				cmd := exec.Command("sh", "-c", line)
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "GOWORK=off", "GOPROXY=off", "GOSUMDB=off", "GOFLAGS=-trimpath", "GOTOOLCHAIN=local", "CGO_ENABLED=0")
				out, err := cmd.CombinedOutput()
				return string(out), err
			}
			for _, line := range test.add {
				out, err := run(line)
				require.NoError(t, err, "%s\n%s", line, out)
			}
			out, err := run(test.command + " function divide") // builds fngen and runs it
			require.NoError(t, err, out)
			out, err = run(test.command + " destroy divide") // runs it from the build cache
			require.Error(t, err)
			assert.Contains(t, out, "\nhint: "+test.command+" destroy function divide\n")
			out, err = run("go test ./api/src/functions/divide")
			require.NoError(t, err, out)
		})
	}
}
