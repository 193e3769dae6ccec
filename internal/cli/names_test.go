package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/cli"
)

// TestReservedNames checks that functions whose names are special to Go or its
// tools compile and pass their tests, with all flags and with none.
func TestReservedNames(t *testing.T) {
	names := []string{
		"func", "main", "documentation", "HTTPServer", "deploy_windows", "foo_test", "events", "fn", "string", "init",
	}
	dir := newModule(t, goldenMod)
	commands := goldenCommands()
	combinations := []int{0, 15} // of sixteen: no flag, and all of them
	for _, i := range combinations {
		args := commands[i]
		functions := fmt.Sprintf("api/combination%02d", i)
		for _, name := range names {
			var stderr bytes.Buffer
			code := cli.Main(context.Background(), append([]string{"function", name, "--cwd", dir}, args[2:]...), cli.World{
				Env: func(variable string) string {
					return map[string]string{"FNGEN_PATHS_FUNCTIONS": functions}[variable]
				},
				Stdout: new(bytes.Buffer), Stderr: &stderr, Version: "devel",
			})
			require.Zero(t, code, "%s: %s", name, stderr.String())
		}
	}
	found, err := filepath.Glob(filepath.Join(dir, "api/combination*/*"))
	require.NoError(t, err)
	require.Len(t, found, len(combinations)*len(names))

	require.Empty(t, run(t, dir, "gofmt", "-l", "."))
	packages := runGo(t, dir, "list", "./api/combination...")
	require.Equal(t, len(combinations)*len(names), strings.Count(packages, "\n"))
	runGo(t, dir, "vet", "./...")
	// Linking all of them would take a minute; go vet has compiled them.
	runGo(t, dir, "test", "-vet=off", "./api/combination00/...", "./api/combination15/...")
}
