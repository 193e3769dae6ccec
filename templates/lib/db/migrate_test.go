package db

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/fngen/fngen/internal/pgserver"
)

// sqlFiles returns a directory of migrations.
func sqlFiles(nameAndText ...string) fstest.MapFS {
	files := fstest.MapFS{"migrations.go": {Data: []byte("package migrations\n")}}
	for i := 0; i < len(nameAndText); i += 2 {
		files[nameAndText[i]] = &fstest.MapFile{Data: []byte(nameAndText[i+1])}
	}
	return files
}

func openTestSQLite(t *testing.T) *bun.DB {
	d, err := Open("file:" + filepath.Join(t.TempDir(), "test.db"))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, d.Close()) })
	return d
}

func startTestPostgres(t *testing.T) *pgserver.Server {
	server, err := pgserver.Start()
	pgserver.Skip(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Stop()) })
	return server
}

func TestMigrationFiles(t *testing.T) {
	const up = "-- +goose Up\nCREATE TABLE a (id INT);\n"
	for _, test := range []struct {
		name  string
		files fstest.MapFS
		want  string // error, or empty if the migrations are applied
	}{
		{"byte order mark", sqlFiles("1_a.sql", "\ufeff"+up), ""},
		{"CRLF", sqlFiles("1_a.sql", "-- +goose Up\r\nCREATE TABLE a (id INT);\r\n"), ""},
		{"comment first", sqlFiles("1_a.sql", "\n-- Orders.\n"+up), ""},
		{"hidden file", sqlFiles("1_a.sql", up, ".create.sql", "?", "notes.txt", "?"), ""},
		{
			"no number",
			sqlFiles("create_a.sql", up),
			"db: migration create_a.sql: the name must start with a number and _, as in 20260102150405_create_a.sql",
		},
		{
			"no underscore",
			sqlFiles("1.sql", up),
			"db: migration 1.sql: the name must start with a number and _, as in 20260102150405_1.sql",
		},
		{"upper case", sqlFiles("1_a.SQL", up), "db: migration 1_a.SQL: the name must end in .sql, in lower case"},
		{
			"same number",
			sqlFiles("1_a.sql", up, "01_b.sql", up),
			"db: migrations 01_b.sql and 1_a.sql have the same number: rename one of them",
		},
		{
			"no Up",
			sqlFiles("1_a.sql", "CREATE TABLE a (id INT);\n"),
			"db: migration 1_a.sql: the line -- +goose Up is missing above the first statement",
		},
		{
			"late Up",
			sqlFiles("1_a.sql", "CREATE TABLE b (id INT);\n"+up),
			"db: migration 1_a.sql: the line -- +goose Up is missing above the first statement",
		},
		{
			"empty",
			sqlFiles("1_a.sql", ""),
			"db: migration 1_a.sql: the line -- +goose Up is missing above the first statement",
		},
		{"two databases", sqlFiles("1_a.sqlite.sql", up, "1_a.postgres.sql", "NONSENSE"), ""},
		{"no transaction", sqlFiles("1_a.sql", "-- +goose NO TRANSACTION\n"+up+"VACUUM;\n"), ""},
		{"trigger", sqlFiles("1_a.sql", up+`-- +goose StatementBegin
CREATE TRIGGER t AFTER INSERT ON a BEGIN
  DELETE FROM a WHERE id < 0;
END;
-- +goose StatementEnd
`), ""},
		{
			"trigger without StatementBegin",
			sqlFiles("1_a.sql", up+"CREATE TRIGGER t AFTER INSERT ON a BEGIN\n  DELETE FROM a;\nEND;\n"),
			"-- +goose StatementBegin above",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := openTestSQLite(t)
			_, err := MigrateFS(t.Context(), d, test.files)
			if test.want != "" {
				require.ErrorContains(t, err, test.want)
				return
			}
			require.NoError(t, err)
			_, err = d.Exec("SELECT id FROM a")
			require.NoError(t, err)
		})
	}
}

func TestRollback(t *testing.T) {
	const up = "-- +goose Up\nCREATE TABLE a (id INT);\n"
	for _, test := range []struct {
		name string
		text string
		want string // error
	}{
		{"Down", up + "-- +goose Down\nDROP TABLE a;\n", ""},
		{"no Down", up, "db: migration 2_a.sql: cannot be undone: it has no section -- +goose Down"},
		{
			"empty Down",
			up + "-- +goose Down\n\n-- nothing\n",
			"db: migration 2_a.sql: cannot be undone: write the statements below -- +goose Down",
		},
		{"empty migration", "-- +goose Up\n\n-- +goose Down\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := openTestSQLite(t)
			files := sqlFiles("1_first.sql", "-- +goose Up\nCREATE TABLE first (id INT);\n", "2_a.sql", test.text)
			_, err := MigrateFS(t.Context(), d, files)
			require.NoError(t, err)
			undone, err := rollbackFS(t.Context(), d, files)
			list, statusErr := statusFS(t.Context(), d, files)
			require.NoError(t, statusErr)
			if test.want != "" {
				require.EqualError(t, err, test.want)
				assert.Empty(t, undone)
				assert.False(t, list[1].Applied.IsZero(), "it is still applied")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, []string{"2_a.sql"}, undone)
			assert.True(t, list[1].Applied.IsZero())
		})
	}
}

// A branch can lack the file of a migration that another branch applied.
func TestMissingFile(t *testing.T) {
	d := openTestSQLite(t)
	files := sqlFiles(
		"1_a.sql", "-- +goose Up\nCREATE TABLE a (id INT);\n",
		"2_b.sql", "-- +goose Up\nCREATE TABLE b (id INT);\n",
	)
	_, err := MigrateFS(t.Context(), d, files)
	require.NoError(t, err)
	delete(files, "2_b.sql")
	files["3_c.sql"] = &fstest.MapFile{
		Data: []byte("-- +goose Up\nCREATE TABLE c (id INT);\n-- +goose Down\nDROP TABLE c;\n"),
	}
	list, err := statusFS(t.Context(), d, files)
	require.NoError(t, err)
	require.Len(t, list, 3)
	assert.Equal(t, "2", list[1].File)
	assert.True(t, list[1].Missing)
	assert.False(t, list[1].Applied.IsZero())
	assert.True(t, list[2].Applied.IsZero())

	applied, err := MigrateFS(t.Context(), d, files)
	require.NoError(t, err)
	assert.Equal(t, []string{"3_c.sql"}, applied)
	_, err = rollbackFS(t.Context(), d, files)
	require.NoError(t, err)
	_, err = rollbackFS(t.Context(), d, files)
	require.EqualError(t, err, "db: migration 2: its file is missing: restore it to undo the migration")
}

func TestPostgresMigrations(t *testing.T) {
	server := startTestPostgres(t)
	// One connection is enough, and several processes can start at once.
	files := sqlFiles("1_a.sql", `-- +goose Up
CREATE TABLE a (id INT);
-- +goose StatementBegin
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.id := 1;
  RETURN NEW;
END;
$$;
-- +goose StatementEnd
`, "2_index.sql", "-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY i ON a (id);\n")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			d, err := Open(server.URL("postgres") + "&connection_limit=1")
			if !assert.NoError(t, err) {
				return
			}
			_, err = MigrateFS(t.Context(), d, files)
			assert.NoError(t, err)
			assert.Equal(t, 1, d.Stats().MaxOpenConnections)
			assert.NoError(t, d.Close())
		})
	}
	wg.Wait()

	d, err := Open(server.URL("postgres"))
	require.NoError(t, err)
	defer d.Close()
	files["3_g.sql"] = &fstest.MapFile{Data: []byte(`-- +goose Up
CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  NULL;
END;
$$;
`)}
	_, err = MigrateFS(t.Context(), d, files)
	require.ErrorContains(t, err, "db: migration 3_g.sql: ")
	require.ErrorContains(t, err, "-- +goose StatementBegin above")
}

// The package of migrations embeds neither the files of editors nor less than
// all migrations.
func TestEmbedPattern(t *testing.T) {
	text, err := os.ReadFile("../../project/db/migrations/migrations.go")
	require.NoError(t, err)
	assert.Contains(t, string(text), "//go:embed [^.]*\n")
}
