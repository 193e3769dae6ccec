package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/cli"
)

// Names that Go or its tools treat specially give functions like any other, with every combination
// of flags: the go command sees each one, and has nothing to say.
func TestNastyNames(t *testing.T) {
	names := []string{"func", "main", "documentation", "HTTPServer", "deploy_windows", "foo_test", "events", "fn", "string", "init"}
	dir := newModule(t, goldenMod)
	var tested []string
	for i, args := range goldenCommands()[:16] {
		functions := fmt.Sprintf("api/combination%02d", i)
		for j, name := range names {
			var stderr bytes.Buffer
			code := cli.Main(context.Background(), append([]string{"function", name, "--cwd", dir}, args[2:]...), cli.World{
				Env: func(variable string) string {
					return map[string]string{"FNGEN_PATHS_FUNCTIONS": functions}[variable]
				},
				Stdout: new(bytes.Buffer), Stderr: &stderr, Version: "devel",
			})
			require.Zero(t, code, "%s: %s", name, stderr.String())
			if j == i%len(names) { // vet compiles them all; linking each would take a minute
				tested = append(tested, "./"+functions+"/...")
			}
		}
	}
	found, err := filepath.Glob(filepath.Join(dir, "api/combination*/*"))
	require.NoError(t, err)
	require.Len(t, found, 16*len(names))

	require.Empty(t, run(t, dir, "gofmt", "-l", "."))
	require.Equal(t, 16*len(names), bytes.Count([]byte(runGo(t, dir, "list", "./api/combination...")), []byte("\n")))
	runGo(t, dir, "vet", "./...")
	runGo(t, dir, append([]string{"test", "-vet=off"}, slices.Compact(tested)[:2]...)...)
}
