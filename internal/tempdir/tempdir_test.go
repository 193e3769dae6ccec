package tempdir_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/tempdir"
)

func TestRemoveAbandoned(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	running, err := tempdir.New("dev")
	require.NoError(t, err)
	old := time.Now().Add(-time.Hour)
	mkdir := func(name string, modified time.Time, files ...string) string {
		dir := filepath.Join(os.TempDir(), name)
		require.NoError(t, os.Mkdir(dir, 0o700))
		for _, file := range files {
			require.NoError(t, os.WriteFile(filepath.Join(dir, file), nil, 0o600))
		}
		require.NoError(t, os.Chtimes(dir, modified, modified))
		return dir
	}
	abandoned := mkdir("fngen-dev-1", old, "lock", "functions.exe")
	kept := []string{
		mkdir("fngen-dev-2", time.Now(), "lock"), // a process is creating it
		mkdir("fngen-notes", old, "notes.txt"),   // the user's
		mkdir("other-3", old, "lock"),
		running.Path,
	}
	require.NoError(t, os.Chtimes(running.Path, old, old))
	require.NoError(t, os.Symlink(kept[2], filepath.Join(os.TempDir(), "fngen-link")))

	tempdir.RemoveAbandoned()

	assert.NoDirExists(t, abandoned)
	for _, dir := range kept {
		assert.DirExists(t, dir)
	}
	require.NoError(t, running.Remove())
	assert.NoDirExists(t, running.Path)
}
