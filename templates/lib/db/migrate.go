package db

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/fngen/fngen/templates/project/db/migrations"
)

// Migrate brings the schema of a database up to date: it applies the migrations that are missing, in order,
// each in a transaction of its own. One that is older than others that were applied counts too: branches bring such. Of several processes that do so at once on PostgreSQL, one does, and the
// others wait. It returns the files that it applied.
func Migrate(ctx context.Context, db *bun.DB) ([]string, error) {
	return migrate(ctx, db, migrations.Files)
}

func migrate(ctx context.Context, db *bun.DB, files fs.FS) ([]string, error) {
	return run(db, files, func(p *goose.Provider) ([]*goose.MigrationResult, error) { return p.Up(ctx) })
}

// Rollback undoes the last migration that was applied, and returns its file.
func Rollback(ctx context.Context, db *bun.DB) ([]string, error) {
	return run(db, migrations.Files, func(p *goose.Provider) ([]*goose.MigrationResult, error) {
		result, err := p.Down(ctx)
		if errors.Is(err, goose.ErrNoNextVersion) {
			return nil, nil
		}
		if result == nil {
			return nil, err
		}
		return []*goose.MigrationResult{result}, err
	})
}

// A Migration is a file of the schema.
type Migration struct {
	File    string
	Applied time.Time // zero where it was not
}

// Status lists the migrations, in order.
func Status(ctx context.Context, db *bun.DB) ([]Migration, error) {
	var list []Migration
	_, err := run(db, migrations.Files, func(p *goose.Provider) ([]*goose.MigrationResult, error) {
		states, err := p.Status(ctx)
		for _, s := range states {
			list = append(list, Migration{File: file(s.Source), Applied: s.AppliedAt})
		}
		return nil, err
	})
	return list, err
}

// run does something with the migrations of a database's engine.
func run(db *bun.DB, files fs.FS, do func(*goose.Provider) ([]*goose.MigrationResult, error)) ([]string, error) {
	options := []goose.ProviderOption{goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()), goose.WithAllowOutofOrder(true)}
	engine, other := goose.DialectSQLite3, postgresOnly
	if db.Dialect().Name() == dialect.PG {
		engine, other = goose.DialectPostgres, sqliteOnly
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, fmt.Errorf("db: migrations: %w", err)
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	excluded, err := fs.Glob(files, "*"+other)
	if err != nil {
		return nil, fmt.Errorf("db: migrations: %w", err)
	}
	options = append(options, goose.WithExcludeNames(excluded))

	provider, err := goose.NewProvider(engine, db.DB, files, options...)
	if errors.Is(err, goose.ErrNoMigrations) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("db: migrations: %w", err)
	}
	results, err := do(provider)
	var applied []string
	for _, r := range results {
		applied = append(applied, file(r.Source))
	}
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		for _, r := range partial.Applied {
			applied = append(applied, file(r.Source))
		}
		return applied, fmt.Errorf("db: migration %s: %w", file(partial.Failed.Source), partial.Err)
	}
	if err != nil {
		return applied, fmt.Errorf("db: migrations: %w", err)
	}
	return applied, nil
}

// What a migration's file ends in that is for one engine alone. Any other is for both.
const (
	sqliteOnly   = ".sqlite.sql"
	postgresOnly = ".postgres.sql"
)

func file(source *goose.Source) string {
	return source.Path[strings.LastIndex(source.Path, "/")+1:]
}

// fingerprint tells one state of the migrations from another.
func fingerprint(files fs.FS) (string, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	for _, name := range names { // which are sorted
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(hash, "%s %d\n", name, len(data))
		_, _ = hash.Write(data)
	}
	return hex.EncodeToString(hash.Sum(nil))[:12], nil
}

// Command is what fngen db runs, in a program of the project: migrate, status or down, on
// the database of DATABASE_URL. It prints what it did, and returns what went wrong.
func Command(ctx context.Context, out io.Writer, command string) error {
	e, err := parse(configured())
	if err != nil {
		return err
	}
	db, err := e.open()
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.PingContext(ctx); err != nil {
		return fmt.Errorf("db: %s: %w", e, mask(err))
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
			state := "missing            "
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

func report(out io.Writer, what string, files []string, nothing string, err error) error {
	for _, f := range files {
		if _, err := fmt.Fprintf(out, "%s  %s\n", what, f); err != nil {
			return err
		}
	}
	if len(files) == 0 && err == nil {
		_, err = fmt.Fprintln(out, nothing)
	}
	return err
}
