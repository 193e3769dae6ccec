package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"

	"github.com/fngen/fngen/templates/project/db/migrations"
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
func MigrateFS(ctx context.Context, db *bun.DB, files fs.FS) (_ []string, err error) {
	m, err := newMigrator(db, files)
	if m == nil {
		return nil, err
	}
	unlock, err := m.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	return m.migrated(m.provider.Up(ctx))
}

// Rollback undoes the migration that was applied last and returns the name of
// its file. It returns no name if no migration is applied. It fails if the file
// is missing or has no statements that undo the migration.
func Rollback(ctx context.Context, db *bun.DB) ([]string, error) {
	return rollbackFS(ctx, db, migrations.Files)
}

func rollbackFS(ctx context.Context, db *bun.DB, files fs.FS) (_ []string, err error) {
	m, err := newMigrator(db, files)
	if m == nil {
		return nil, err
	}
	unlock, err := m.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	applied, err := m.applied(ctx)
	if err != nil || len(applied) == 0 {
		return nil, err
	}
	name, ok := m.names[applied[0]]
	if !ok {
		return nil, fmt.Errorf("db: migration %d: its file is missing: restore it to undo the migration", applied[0])
	}
	if err := checkDown(files, name); err != nil {
		return nil, fmt.Errorf("db: migration %s: %w", name, err)
	}
	result, err := m.provider.ApplyVersion(ctx, applied[0], false)
	if result == nil {
		return m.migrated(nil, err)
	}
	return m.migrated([]*goose.MigrationResult{result}, err)
}

// A Migration is one step of the schema.
type Migration struct {
	File    string
	Applied time.Time // zero if the migration is pending
	Missing bool      // it was applied, but there is no file; File is its number
}

// Status returns the project's migrations in order.
func Status(ctx context.Context, db *bun.DB) ([]Migration, error) {
	return statusFS(ctx, db, migrations.Files)
}

func statusFS(ctx context.Context, db *bun.DB, files fs.FS) (_ []Migration, err error) {
	m, err := newMigrator(db, files)
	if m == nil {
		return nil, err
	}
	unlock, err := m.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	applied, err := m.applied(ctx)
	if err != nil {
		return nil, err
	}
	numbers := slices.Collect(maps.Keys(m.names))
	for _, number := range applied {
		if _, ok := m.names[number]; !ok {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	var list []Migration
	for _, number := range numbers {
		migration := Migration{File: m.names[number]}
		if migration.File == "" {
			migration.File, migration.Missing = strconv.FormatInt(number, 10), true
		}
		if slices.Contains(applied, number) {
			row, err := m.store.GetMigration(ctx, db.DB, number)
			if err != nil {
				return nil, fmt.Errorf("db: migrations: %w", err)
			}
			migration.Applied = row.Timestamp
		}
		list = append(list, migration)
	}
	return list, nil
}

// A migrator runs the migrations of a database.
type migrator struct {
	db       *bun.DB
	files    fs.FS
	names    map[int64]string // by number
	provider *goose.Provider
	store    database.Store
}

// newMigrator returns nil if there are no migrations.
func newMigrator(db *bun.DB, files fs.FS) (*migrator, error) {
	gooseDialect, otherSuffix := goose.DialectSQLite3, postgresSuffix
	if db.Dialect().Name() == dialect.PG {
		gooseDialect, otherSuffix = goose.DialectPostgres, sqliteSuffix
	}
	names, err := migrationFiles(files, otherSuffix)
	if err != nil {
		return nil, err
	}
	excluded, err := fs.Glob(files, "*"+otherSuffix)
	if err != nil {
		return nil, fmt.Errorf("db: migrations: %w", err)
	}
	store, err := database.NewStore(gooseDialect, goose.DefaultTablename)
	if err != nil {
		return nil, fmt.Errorf("db: migrations: %w", err)
	}
	provider, err := goose.NewProvider(gooseDialect, db.DB, textFS{files},
		goose.WithDisableGlobalRegistry(true),
		goose.WithLogger(goose.NopLogger()),
		goose.WithAllowOutofOrder(true),
		goose.WithExcludeNames(excluded),
	)
	if errors.Is(err, goose.ErrNoMigrations) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("db: migrations: %w", err)
	}
	return &migrator{db: db, files: files, names: names, provider: provider, store: store}, nil
}

// lock waits until no other process migrates a PostgreSQL database. The lock
// belongs to a transaction, because a pooler can give each transaction of a
// connection to another session. It is not waited for in a transaction, because
// CREATE INDEX CONCURRENTLY waits for transactions that run a statement.
func (m *migrator) lock(ctx context.Context) (unlock func() error, err error) {
	if m.db.Dialect().Name() != dialect.PG {
		return func() error { return nil }, nil
	}
	restore := func() {}
	if m.db.Stats().MaxOpenConnections == 1 { // the migrations need another one
		m.db.SetMaxOpenConns(2)
		restore = func() { m.db.SetMaxOpenConns(1) }
	}
	for {
		tx, err := m.tryLock(ctx)
		if err != nil {
			restore()
			return nil, fmt.Errorf("db: locking the migrations: %w", err)
		}
		if tx != nil {
			return func() error {
				defer restore()
				return tx.Rollback()
			}, nil
		}
		select {
		case <-ctx.Done():
			restore()
			return nil, fmt.Errorf("db: waiting for another process that migrates the database: %w", ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// tryLock returns the transaction that holds the lock, or nil if another process
// does.
func (m *migrator) tryLock(ctx context.Context) (*sql.Tx, error) {
	// The transaction stays until it is rolled back, also after ctx is done.
	tx, err := m.db.DB.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return nil, err
	}
	var locked bool
	query := fmt.Sprintf("SELECT pg_try_advisory_xact_lock(%d)", lock.DefaultLockID)
	err = tx.QueryRowContext(ctx, query).Scan(&locked)
	if err == nil && locked {
		_, err = tx.ExecContext(ctx, "SET LOCAL idle_in_transaction_session_timeout = 0")
	}
	if err != nil || !locked {
		return nil, errors.Join(err, tx.Rollback())
	}
	return tx, nil
}

// applied returns the numbers of the applied migrations, the last one first.
func (m *migrator) applied(ctx context.Context) ([]int64, error) {
	if _, err := m.provider.GetDBVersion(ctx); err != nil { // creates goose's table
		return nil, fmt.Errorf("db: migrations: %w", err)
	}
	rows, err := m.store.ListMigrations(ctx, m.db.DB)
	if err != nil {
		return nil, fmt.Errorf("db: migrations: %w", err)
	}
	var numbers []int64
	for _, row := range rows {
		if row.IsApplied && row.Version > 0 {
			numbers = append(numbers, row.Version)
		}
	}
	return numbers, nil
}

// migrated returns the file names of the migrations that ran, and names the one
// that failed.
func (m *migrator) migrated(results []*goose.MigrationResult, err error) ([]string, error) {
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		results = append(results, partial.Applied...)
		name := path.Base(partial.Failed.Source.Path)
		err = fmt.Errorf("db: migration %s: %w", name, partial.Err)
		if needsStatementBegin(m.files, name) {
			err = fmt.Errorf("%w (write -- +goose StatementBegin above, and -- +goose StatementEnd below, "+
				"a statement with semicolons in it)", err)
		}
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
// names, and reports the result to out.
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
			if m.Missing {
				m.File += "  (the file is missing)"
			}
			if _, err := fmt.Fprintf(out, "%s  %s\n", state, m.File); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("db: unknown command %q", command)
}

// report prints a line for each file, or the message none if there are no
// files. It returns err after it has reported the files before the failure.
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
