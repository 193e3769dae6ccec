// Package db is the project's database: SQLite, or PostgreSQL, as DATABASE_URL says.
//
//	order := new(Order)
//	err := db.From(ctx).NewSelect().Model(order).Where("tracking_number = ?", number).Scan(ctx)
//
// [From] is the process's database, and in a test the test's own: see [ForTest]. Queries are bun's:
// https://bun.uptrace.dev. The schema is in SQL files, which [Migrate] applies.
package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	_ "modernc.org/sqlite" // the driver sqlite, without cgo
)

// DefaultURL is the database where DATABASE_URL is unset: a file beside which the process runs.
const DefaultURL = "file:dev.db"

// Open opens the database of a URL: file:dev.db, sqlite:dev.db or :memory: is SQLite, and
// postgres://user:password@host/name is PostgreSQL. It does not connect yet. Close it when you
// are done.
func Open(databaseURL string) (*bun.DB, error) {
	e, err := parse(databaseURL)
	if err != nil {
		return nil, err
	}
	return e.open()
}

// From is the database that the context carries, a transaction where it carries one, and else the one that
// DATABASE_URL names, which the process opens once. In a test that is never that one: a
// query fails there unless the test has a database of its own.
func From(ctx context.Context) bun.IDB {
	if db, ok := ctx.Value(key{}).(bun.IDB); ok {
		return db
	}
	if flag.Lookup("test.v") != nil { // which the go command's test programs have
		return broken(errors.New("db: this test's context has no database: take it from a scenario, or from db.ForTest"))
	}
	return process()
}

// With is a context that carries a database or a transaction.
func With(ctx context.Context, db bun.IDB) context.Context {
	return context.WithValue(ctx, key{}, db)
}

// InTx calls f with a context that carries a transaction, which is committed where f returns nil, and
// rolled back where it returns an error or panics. Within another transaction it is a savepoint of that.
func InTx(ctx context.Context, f func(context.Context) error) error {
	return From(ctx).RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		return f(With(ctx, tx))
	})
}

type key struct{}

// process is the database of the process, opened when it is first asked for.
var process = sync.OnceValue(func() *bun.DB {
	db, err := Open(configured())
	if err != nil {
		return broken(err)
	}
	return db
})

// configured is the URL of the process's database.
func configured() string {
	if u := os.Getenv("DATABASE_URL"); u != "" {
		return u
	}
	return DefaultURL
}

// broken is a database on which everything fails for one reason.
func broken(err error) *bun.DB {
	return bun.NewDB(sql.OpenDB(failing{err}), sqlitedialect.New())
}

type failing struct{ err error }

func (f failing) Connect(context.Context) (driver.Conn, error) { return nil, f.err }
func (f failing) Driver() driver.Driver                        { return nil }

// An engine is a database by its URL.
type engine struct {
	postgres *url.URL   // of PostgreSQL
	file     string     // of SQLite: a path, or "" for memory
	query    url.Values // what the URL has after its ?
}

func parse(databaseURL string) (engine, error) {
	scheme, rest, ok := strings.Cut(databaseURL, ":")
	switch {
	case scheme == "postgres" || scheme == "postgresql":
		u, err := url.Parse(databaseURL)
		if err != nil || strings.Trim(u.Path, "/") == "" {
			return engine{}, errors.New("db: the URL of PostgreSQL is malformed: want postgres://user:password@host/name")
		}
		return engine{postgres: u}, nil
	case ok && (scheme == "file" || scheme == "sqlite" || scheme == "sqlite3") || databaseURL == ":memory:":
		path, query, _ := strings.Cut(strings.TrimPrefix(rest, "//"), "?")
		values, err := url.ParseQuery(query)
		if err != nil {
			return engine{}, errors.New("db: the URL of SQLite is malformed: want file:dev.db")
		}
		if path == ":memory:" || path == "memory:" || values.Get("mode") == "memory" {
			path = ""
		}
		return engine{file: path, query: values}, nil
	}
	if !ok || strings.ContainsAny(scheme, "= ") { // a connection string, which may have a password in it
		return engine{}, errors.New("db: invalid database URL: want file:NAME or postgres://user:password@host/name")
	}
	return engine{}, fmt.Errorf("db: no database has the URL scheme %q: want file or postgres", scheme)
}

func (e engine) open() (*bun.DB, error) {
	if e.postgres != nil {
		db, err := sql.Open("pgx", e.postgres.String())
		if err != nil {
			return nil, fmt.Errorf("db: %s: %w", e, mask(err))
		}
		return bun.NewDB(db, pgdialect.New()), nil
	}
	db, err := sql.Open("sqlite", e.dsn())
	if err != nil {
		return nil, fmt.Errorf("db: %s: %w", e, err)
	}
	if e.file == "" { // each connection would be a database of its own
		db.SetMaxOpenConns(1)
		db.SetConnMaxLifetime(0)
	}
	return bun.NewDB(db, sqlitedialect.New()), nil
}

// dsn is what the driver opens SQLite by: foreign keys count, a transaction that will write
// says so from the start, and who finds the database locked waits. What the URL says beats that.
func (e engine) dsn() string {
	values := url.Values{
		"_pragma": {"busy_timeout(5000)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}
	path := ":memory:"
	if e.file != "" {
		path = e.file
		if e.query.Get("vfs") == "" {
			values.Add("_pragma", "journal_mode(WAL)") // readers and a writer at once
		}
	}
	for name, value := range e.query {
		if name == "_pragma" {
			value = append(values[name], value...)
		}
		values[name] = value
	}
	return "file:" + path + "?" + values.Encode()
}

// String is the URL without its password.
func (e engine) String() string {
	switch {
	case e.postgres != nil:
		return Redact(e.postgres.String())
	case e.file == "":
		return ":memory:"
	}
	return "file:" + e.file
}

// same tells whether two URLs name one database.
func (e engine) same(other engine) bool {
	if e.postgres != nil && other.postgres != nil {
		return address(e.postgres) == address(other.postgres)
	}
	if e.postgres != nil || other.postgres != nil || e.file == "" || other.file == "" {
		return false
	}
	a, errA := filepath.Abs(e.file)
	b, errB := filepath.Abs(other.file)
	return errA == nil && errB == nil && a == b
}

// address is a database's host, port and name, as written in one way.
func address(u *url.URL) string {
	host, port := u.Hostname(), u.Port()
	switch host {
	case "", "localhost", "::1":
		host = "127.0.0.1"
	}
	if h := u.Query().Get("host"); h != "" { // a socket's directory
		host = h
	}
	if p := u.Query().Get("port"); p != "" {
		port = p
	}
	if port == "" {
		port = "5432"
	}
	return host + ":" + port + "/" + strings.Trim(u.Path, "/")
}

// mask takes an error's text only where it has no password: pgx has the URL in it.
func mask(err error) error {
	if strings.Contains(err.Error(), "://") {
		return errors.New("the URL is malformed")
	}
	return err
}
