// Package db connects to the project's database, which is SQLite or PostgreSQL
// depending on DATABASE_URL.
//
//	order := new(Order)
//	err := db.From(ctx).NewSelect().Model(order).Where("tracking_number = ?", number).Scan(ctx)
//
// Queries are written with bun: https://bun.uptrace.dev. The schema is a
// directory of SQL files, which [Migrate] applies. Package dbtest gives each
// test a database of its own.
package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

// DefaultURL is the database to use if DATABASE_URL is not set: a SQLite file
// in the working directory.
const DefaultURL = "file:dev.db"

// URL returns the value of DATABASE_URL, or [DefaultURL] if it is not set.
func URL() string {
	if u := os.Getenv("DATABASE_URL"); u != "" {
		return u
	}
	return DefaultURL
}

// From returns the database or transaction that ctx carries. If ctx carries
// none, a program that serves the project's functions gets the database that
// [URL] names, opened once per process. In any other process, such as a test or
// a command, queries then fail: pass a database with [With].
//
// A program serves the functions if it runs on AWS Lambda or if FNGEN_RUNTIME
// is set in its environment. The servers that fngen builds set it themselves.
func From(ctx context.Context) bun.IDB {
	if db, ok := ctx.Value(key{}).(bun.IDB); ok {
		return db
	}
	if os.Getenv("FNGEN_RUNTIME") == "" && os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		return failing(errNoDatabase)
	}
	return shared()
}

var errNoDatabase = errors.New("db: no database in the context: add one with db.With, in a test from dbtest.ForTest")

// shared opens the database that all requests of the process use.
var shared = sync.OnceValue(func() *bun.DB {
	db, err := Open(URL())
	if err != nil {
		return failing(err)
	}
	return db
})

// With returns a context that carries a database or a transaction.
func With(ctx context.Context, db bun.IDB) context.Context {
	return context.WithValue(ctx, key{}, db)
}

type key struct{}

// InTx runs f in a transaction, which [From] finds in the context that f gets.
// The transaction is committed if f returns nil, and rolled back if f returns an
// error or panics. Inside another transaction, it is a savepoint.
func InTx(ctx context.Context, f func(context.Context) error) error {
	return From(ctx).RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		return f(With(ctx, tx))
	})
}

// Open returns the database at a URL: file:dev.db, sqlite:dev.db or :memory: for
// SQLite, postgres://user:password@host/name for PostgreSQL. It does not connect
// yet. The caller must close the database.
//
// Queries that take 200 milliseconds or longer are logged without their values.
// DATABASE_SLOW_QUERY changes the duration, as in DATABASE_SLOW_QUERY=1s; 0 turns
// the log off.
func Open(databaseURL string) (*bun.DB, error) {
	threshold, err := slowQuery()
	if err != nil {
		return nil, err
	}
	db, err := open(databaseURL)
	if err != nil || threshold == 0 {
		return db, err
	}
	return db.WithQueryHook(slowQueryHook{threshold}), nil
}

func open(databaseURL string) (*bun.DB, error) {
	if databaseURL == ":memory:" {
		return openSQLite(databaseURL)
	}
	scheme, rest, ok := strings.Cut(databaseURL, ":")
	switch {
	case scheme == "postgres" || scheme == "postgresql":
		return openPostgres(databaseURL)
	case ok && (scheme == "file" || scheme == "sqlite" || scheme == "sqlite3"):
		return openSQLite(strings.TrimPrefix(rest, "//"))
	}
	if !ok || strings.ContainsAny(scheme, "= ") { // a connection string, which may have a password in it
		return nil, errors.New("db: invalid database URL: want file:NAME or postgres://user:password@host/name")
	}
	return nil, fmt.Errorf("db: unknown URL scheme %q: want file or postgres", scheme)
}

// maxOpenConns is the number of connections that a process opens at most. The
// parameter connection_limit in a PostgreSQL URL changes it.
const maxOpenConns = 10

// setPoolLimits limits the number and the age of connections. Idle connections
// are closed, since poolers and firewalls drop them.
func setPoolLimits(db *sql.DB, limit int) {
	db.SetMaxOpenConns(limit)
	db.SetMaxIdleConns(limit)
	db.SetConnMaxIdleTime(5 * time.Minute)
	db.SetConnMaxLifetime(time.Hour)
}

// failing returns a database on which every query fails with err.
func failing(err error) *bun.DB {
	return bun.NewDB(sql.OpenDB(failingConnector{err}), sqlitedialect.New())
}

type failingConnector struct{ err error }

func (c failingConnector) Connect(context.Context) (driver.Conn, error) { return nil, c.err }
func (c failingConnector) Driver() driver.Driver                        { return nil }
