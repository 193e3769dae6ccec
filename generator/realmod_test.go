package generator

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

// changedRequirements returns the requirements that after has and before has
// not, each with its version in before.
func changedRequirements(t *testing.T, before, after []byte) []string {
	t.Helper()
	old, err := modfile.Parse("go.mod", before, nil)
	require.NoError(t, err)
	file, err := modfile.Parse("go.mod", after, nil)
	require.NoError(t, err)
	versions := map[string]string{}
	for _, r := range old.Require {
		versions[r.Mod.Path] = r.Mod.Version
	}
	var lines []string
	for _, r := range file.Require {
		have := versions[r.Mod.Path]
		delete(versions, r.Mod.Path)
		switch {
		case have == "" && r.Indirect:
			lines = append(lines, "add "+r.Mod.String()+" // indirect")
		case have == "":
			lines = append(lines, "add "+r.Mod.String())
		case have != r.Mod.Version:
			lines = append(lines, "raise "+r.Mod.String()+" from "+have)
		}
	}
	for path := range versions {
		lines = append(lines, "remove "+path)
	}
	return lines
}

// TestRealModules pins what fngen does to the go.mod files of well-known
// modules. -fetch asks the go command whether it selects the same versions.
func TestRealModules(t *testing.T) {
	files, err := filepath.Glob("testdata/gomod/*.mod")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	function, withAuth := specs(t)[0], specs(t)[0]
	withAuth.Auth = &Auth{}
	plans := []struct {
		name string
		plan func(Project) (Plan, error)
	}{
		{"function", func(p Project) (Plan, error) { return Function(function, p, false) }},
		{"function --auth", func(p Project) (Plan, error) { return Function(withAuth, p, false) }},
		{"add redisstore", func(p Project) (Plan, error) { return Add([]string{"redisstore"}, p, false) }},
		{"add db", func(p Project) (Plan, error) { return Add([]string{"db"}, p, false) }},
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".mod"), func(t *testing.T) {
			goMod, err := os.ReadFile(file)
			require.NoError(t, err)
			var got strings.Builder
			for _, command := range plans {
				fmt.Fprintf(&got, "fngen %s\n", command.name)
				p := emptyProject()
				p.GoMod = goMod
				plan, err := command.plan(p)
				for old := (*GoVersionError)(nil); errors.As(err, &old); { // do what the hint says
					fmt.Fprintf(&got, "  error: %v\n  hint: %s\n", err, old.Hint())
					file, parseErr := modfile.Parse("go.mod", p.GoMod, nil)
					require.NoError(t, parseErr)
					require.NoError(t, file.AddGoStmt(old.Want))
					p.GoMod = modfile.Format(file.Syntax)
					plan, err = command.plan(p)
				}
				if err != nil {
					hinted, ok := err.(interface{ Hint() string })
					require.True(t, ok, "%v has no hint", err)
					fmt.Fprintf(&got, "  error: %v\n  hint: %s\n", err, hinted.Hint())
					continue
				}
				changed := p.apply(plan).GoMod
				for _, line := range changedRequirements(t, p.GoMod, changed) {
					fmt.Fprintf(&got, "  %s\n", line)
				}
				if *fetch {
					checkSelected(t, changed)
				}
			}
			want := strings.TrimSuffix(file, ".mod") + ".want"
			if *update {
				require.NoError(t, os.WriteFile(want, []byte(got.String()), 0o666))
			}
			text, err := os.ReadFile(want)
			require.NoError(t, err)
			assert.Equal(t, string(text), got.String())
		})
	}
}

// checkSelected checks that the go command selects the versions that a go.mod
// file requires.
func checkSelected(t *testing.T, goMod []byte) {
	t.Helper()
	file, err := modfile.Parse("go.mod", goMod, nil)
	require.NoError(t, err)
	dir := t.TempDir()
	t.Setenv("GONOSUMDB", "github.com/cli/go-internal") // the checksum database does not have it
	for _, r := range file.Replace {
		if r.New.Version == "" { // a directory of the repository
			require.NoError(t, file.DropReplace(r.Old.Path, r.Old.Version))
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), modfile.Format(file.Syntax), 0o666))
	selected := goCommand(t, dir, "list", "-m", "-mod=mod", "-f", "{{.Path}} {{.Version}}", "all")
	versions := map[string]string{}
	for line := range strings.Lines(selected) {
		path, version, _ := strings.Cut(strings.TrimSpace(line), " ")
		versions[path] = version
	}
	for _, r := range file.Require {
		assert.Equal(t, r.Mod.Version, versions[r.Mod.Path], r.Mod.Path)
	}
}
