package migration_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/migration"
)

func TestParseName(t *testing.T) {
	tests := []struct{ text, want string }{
		{"create_orders", "create_orders"},
		{"Create Orders", "create_orders"},
		{"--add: e-mail!", "add_e_mail"},
		{"../../etc/passwd", "etc_passwd"},
		{strings.Repeat("a", 100), strings.Repeat("a", 100)},
		{strings.Repeat("a", 101), ""},
		{"", ""},
		{"_ -", ""},
		{"é", ""},
	}
	for _, test := range tests {
		got, err := migration.ParseName(test.text)
		assert.Equal(t, test.want, got, "%q", test.text)
		assert.Equal(t, test.want == "", err != nil, "%q: %v", test.text, err)
	}
}

func TestCreate(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "sql"), 0o777))
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	now := time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)
	create := func(name string) (string, error) {
		return migration.Create(root, "sql", name, now)
	}

	for _, want := range []string{"sql/20261231235959_a.sql", "sql/20270101000000_a.sql", "sql/20270101000001_a.sql"} {
		file, err := create("a")
		require.NoError(t, err)
		assert.Equal(t, want, file)
		data, err := root.ReadFile(file)
		require.NoError(t, err)
		assert.Equal(t, "-- +goose Up\n\n-- +goose Down\n", string(data))
	}

	for range 57 {
		_, err := create("b")
		require.NoError(t, err)
	}
	_, err = create("c")
	require.EqualError(t, err, "sql has migrations for each of the next 60 seconds")

	_, err = migration.Create(root, "missing", "a", now)
	require.ErrorIs(t, err, os.ErrNotExist)
}
