package cli

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
)

func TestInterruptedNewLeavesNothing(t *testing.T) {
	name, err := generator.ParseName("hello")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := World{Env: os.Getenv, Version: "v0.1.0"}
	existing := t.TempDir()
	missing := filepath.Join(existing, "shop")
	for _, dir := range []string{missing, existing} {
		_, _, err = createProject(ctx, w, &newOptions{path: dir, module: "shop"}, name)
		assert.ErrorIs(t, err, errUnchanged)
		assert.NoDirExists(t, missing)
	}
	entries, err := os.ReadDir(existing) // it was there before, so it stays
	assert.NoError(t, err)
	assert.Empty(t, entries)
}
