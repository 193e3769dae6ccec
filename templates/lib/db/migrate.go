package db

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/fngen/fngen/templates/project/db/migrations"
)

// Migration files with one of these suffixes are for one database only. All
// others are for both.
const (
	sqliteSuffix   = ".sqlite.sql"
	postgresSuffix = ".postgres.sql"
)

// Migrate applies the project's pending migrations and returns the names of
// their files. Each migration runs in a transaction of its own, in the order of
// the file names. A migration that is older than applied ones is pending too:
// merging a branch can bring one.
//
// Several processes can call Migrate at the same time. On PostgreSQL, one of
// them applies the migrations while the others wait.
func Migrate(ctx context.Context, db *bun.DB) ([]string, error) {
	return MigrateFS(ctx, db, migrations.Files)
}

// MigrateFS is like [Migrate], with the SQL files in the root of files.
func MigrateFS(ctx context.Context, db *bun.DB, files fs.FS) ([]string, error) {
	provider, err := newProvider(db, files)
	if provider == nil {
		return nil, err
	}
	return migrated(provider.Up(ctx))
}

// Rollback undoes the migration that was applied last and returns the name of
// its file. It returns no name if no migration is applied.
func Rollback(ctx context.Context, db *bun.DB) ([]string, error) {
	provider, err := newProvider(db, migrations.Files)
	if provider == nil {
		return nil, err
	}
	result, err := provider.Down(ctx)
	if errors.Is(err, goose.ErrNoNextVersion) {
		return nil, nil
	}
	if result == nil {
		return migrated(nil, err)
	}
	return migrated([]*goose.MigrationResult{result}, err)
}

// A Migration is one step of the schema.
type Migration struct {
	File    string
	Applied time.Time // zero if the migration is pending
}

// Status returns the project's migrations in order.
func Status(ctx context.Context, db *bun.DB) ([]Migration, error) {
	provider, err := newProvider(db, migrations.Files)
	if provider == nil {
		return nil, err
	}
	statuses, err := provider.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("db: migrations: %w", err)
	}
	var list []Migration
	for _, s := range statuses {
		list = append(list, Migration{File: path.Base(s.Source.Path), Applied: s.AppliedAt})
	}
	return list, nil
}

// newProvider returns what runs the migrations of db, or nil if there are none.
func newProvider(db *bun.DB, files fs.FS) (*goose.Provider, error) {
	options := []goose.ProviderOption{
		goose.WithDisableGlobalRegistry(true),
		goose.WithLogger(goose.NopLogger()),
		goose.WithAllowOutofOrder(true),
	}
	gooseDialect, otherSuffix := goose.DialectSQLite3, postgresSuffix
	if db.Dialect().Name() == dialect.PG {
		gooseDialect, otherSuffix = goose.DialectPostgres, sqliteSuffix
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, fmt.Errorf("db: migrations: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	excluded, err := fs.Glob(files, "*"+otherSuffix)
	if err != nil {
		return nil, fmt.Errorf("db: migrations: %w", err)
	}
	provider, err := goose.NewProvider(gooseDialect, db.DB, files, append(options, goose.WithExcludeNames(excluded))...)
	if errors.Is(err, goose.ErrNoMigrations) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("db: migrations: %w", err)
	}
	return provider, nil
}

// migrated returns the file names of the migrations that ran, and names the one
// that failed.
func migrated(results []*goose.MigrationResult, err error) ([]string, error) {
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		results = append(results, partial.Applied...)
		err = fmt.Errorf("db: migration %s: %w", path.Base(partial.Failed.Source.Path), partial.Err)
	} else if err != nil {
		err = fmt.Errorf("db: migrations: %w", err)
	}
	var files []string
	for _, r := range results {
		files = append(files, path.Base(r.Source.Path))
	}
	return files, err
}

// Command runs the command migrate, down or status on the database that [URL]
// names, and reports to out what it did.
func Command(ctx context.Context, out io.Writer, command string) error {
	db, err := Open(URL())
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("db: connecting to %s: %w", Redact(URL()), err)
	}
	switch command {
	case "migrate":
		applied, err := Migrate(ctx, db)
		return report(out, "applied", applied, "the schema is up to date", err)
	case "down":
		undone, err := Rollback(ctx, db)
		return report(out, "undone ", undone, "no migration is applied", err)
	case "status":
		list, err := Status(ctx, db)
		if err != nil {
			return err
		}
		for _, m := range list {
			state := "pending            " // as wide as a time
			if !m.Applied.IsZero() {
				state = m.Applied.UTC().Format(time.DateTime)
			}
			if _, err := fmt.Fprintf(out, "%s  %s\n", state, m.File); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("db: unknown command %q", command)
}

// report prints a line for each file, or none if there are no files. It returns
// err, so that what ran before a failure is reported as well.
func report(out io.Writer, action string, files []string, none string, err error) error {
	for _, file := range files {
		if _, err := fmt.Fprintf(out, "%s  %s\n", action, file); err != nil {
			return err
		}
	}
	if len(files) == 0 && err == nil {
		_, err = fmt.Fprintln(out, none)
	}
	return err
}
