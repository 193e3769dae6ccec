package invoke_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/invoke"
)

// A failed launch leaves no files.
func TestLauncherCleansUp(t *testing.T) {
	failure := errors.New("build failed")
	var dir string
	build := func(err error) func(context.Context, string, string) ([]string, error) {
		return func(_ context.Context, function, binary string) ([]string, error) {
			assert.Equal(t, "divide", function)
			dir = filepath.Dir(binary)
			assert.DirExists(t, dir)
			require.NoError(t, os.WriteFile(binary, nil, 0o666))
			return nil, err
		}
	}
	for name, want := range map[string]error{"the build fails": failure, "the program does not start": nil} {
		t.Run(name, func(t *testing.T) {
			_, err := invoke.Launcher{Dir: t.TempDir(), Build: build(want)}.Start(context.Background(), "divide", "")
			require.Error(t, err)
			if want != nil {
				assert.ErrorIs(t, err, want)
			}
			assert.NoDirExists(t, dir)
		})
	}
}
