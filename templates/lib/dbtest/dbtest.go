// Package dbtest gives each test a database of its own, with the schema of the
// project's migrations.
//
//	func TestOrders(t *testing.T) {
//		ctx := db.With(t.Context(), dbtest.ForTest(t))
//		...
//	}
//
// In a scenario, [Tests] does the same: scenario.Define(dbtest.Tests, ...).
//
// Test databases are in SQLite's memory, or on the PostgreSQL server that
// TEST_DATABASE_URL names. They are never the database of DATABASE_URL.
package dbtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"github.com/fngen/fngen/templates/project/db/migrations"

	"github.com/fngen/fngen/templates/lib/db"
	"github.com/fngen/fngen/templates/lib/scenario"
)

// ForTest returns an empty database with the project's schema, and removes it
// after the test. No other test uses it, so tests can run in parallel.
//
// If FNGEN_KEEP_DB is 1 and the test fails, the database stays, and the test
// logs its URL.
func ForTest(tb testing.TB) *bun.DB {
	tb.Helper()
	return forTest(tb, mustServer(tb))
}

// ForTestTx returns a transaction that is rolled back after the test. It is much
// faster than [ForTest] on PostgreSQL, but all its queries use one connection,
// and transactions of the code under test become savepoints.
func ForTestTx(tb testing.TB) bun.Tx {
	tb.Helper()
	return forTestTx(tb, mustServer(tb))
}

// A Store keeps the records of a scenario in a test database.
type Store int

const (
	Tests   Store = iota // each test has a database: see ForTest
	TestsTx              // each test has a transaction: see ForTestTx
)

// Open implements scenario.Store.
func (s Store) Open(
	ctx context.Context, tb scenario.TB,
) (_ context.Context, insert func(ctx context.Context, record any) error, _ error) {
	tb.Helper()
	var database bun.IDB
	if s == TestsTx {
		database = forTestTx(tb, mustServer(tb))
	} else {
		database = forTest(tb, mustServer(tb))
	}
	insert = func(ctx context.Context, record any) error {
		_, err := database.NewInsert().Model(record).Exec(ctx)
		return err
	}
	return db.With(ctx, database), insert, nil
}

// A server creates test databases by copying a template that has the schema.
type server interface {
	// create returns a new database.
	create(ctx context.Context) (*database, error)

	// begin returns a new transaction in a database with the schema.
	begin(ctx context.Context) (*transaction, error)
}

// A transaction belongs to one test.
type transaction struct {
	tx  bun.Tx
	end func() error // rolls it back
}

// A database belongs to one test.
type database struct {
	db     *bun.DB
	remove func() error                   // closes and removes it
	keep   func() (url string, err error) // closes it and returns its URL
}

func forTest(tb scenario.TB, s server) *bun.DB {
	tb.Helper()
	d, err := s.create(context.Background())
	if err != nil {
		tb.Fatalf("dbtest: %v", err)
	}
	tb.Cleanup(func() {
		if !tb.Failed() || os.Getenv("FNGEN_KEEP_DB") != "1" {
			if err := d.remove(); err != nil {
				tb.Logf("dbtest: removing the test's database: %v", err)
			}
			return
		}
		url, err := d.keep()
		if err != nil {
			tb.Logf("dbtest: keeping the test's database: %v", err)
			return
		}
		tb.Logf("dbtest: the test's database is %s", url)
	})
	return d.db
}

func forTestTx(tb scenario.TB, s server) bun.Tx {
	tb.Helper()
	t, err := s.begin(context.Background())
	if err != nil {
		tb.Fatalf("dbtest: beginning the test's transaction: %v", err)
	}
	tb.Cleanup(func() {
		if err := t.end(); err != nil {
			tb.Logf("dbtest: rolling back the test's transaction: %v", err)
		}
	})
	return t.tx
}

func mustServer(tb scenario.TB) server {
	tb.Helper()
	s, err := processServer()
	if err != nil {
		tb.Fatalf("dbtest: %v", err)
	}
	return s
}

// processServer applies the migrations once for all tests of the process.
var processServer = sync.OnceValues(func() (server, error) {
	return newServer(context.Background(), os.Getenv("TEST_DATABASE_URL"), db.URL(), migrations.Files)
})

// newServer returns the server that testURL names, or SQLite if it is empty. It
// fails if testURL names the application's database.
func newServer(ctx context.Context, testURL, applicationURL string, files fs.FS) (server, error) {
	switch {
	case testURL == "" || testURL == ":memory:":
		return newSQLite(ctx, files)
	case !isPostgres(testURL):
		return nil, errors.New("TEST_DATABASE_URL must be a postgres URL: unset it to use SQLite in memory")
	}
	// Opening the URL checks it, with an error that does not show the password.
	test, err := db.Open(testURL)
	if err != nil {
		return nil, fmt.Errorf("TEST_DATABASE_URL: %w", err)
	}
	if err := test.Close(); err != nil {
		return nil, err
	}
	if sameDatabase(testURL, applicationURL) {
		return nil, errors.New("TEST_DATABASE_URL and DATABASE_URL name the same database: tests need another one")
	}
	return newPostgres(ctx, testURL, files)
}

func isPostgres(databaseURL string) bool {
	return strings.HasPrefix(databaseURL, "postgres://") || strings.HasPrefix(databaseURL, "postgresql://")
}

// sameDatabase reports whether two URLs name one PostgreSQL database. It compares
// what the driver connects to, which depends on the query of a URL and on the
// environment too.
func sameDatabase(a, b string) bool {
	if !isPostgres(a) || !isPostgres(b) {
		return false
	}
	configA, errA := pgx.ParseConfig(a)
	configB, errB := pgx.ParseConfig(b)
	if errA != nil || errB != nil || configA.Database != configB.Database {
		return false
	}
	for _, address := range addresses(configA) {
		if slices.Contains(addresses(configB), address) {
			return true
		}
	}
	return false
}

// addresses returns the addresses of all servers that a URL names.
func addresses(config *pgx.ConnConfig) []string {
	list := []string{fmt.Sprint(hostAddress(config.Host), ":", config.Port)}
	for _, f := range config.Fallbacks {
		list = append(list, fmt.Sprint(hostAddress(f.Host), ":", f.Port))
	}
	return list
}

// hostAddress returns the same address for all names of this machine.
func hostAddress(host string) string {
	if host == "localhost" || host == "::1" {
		return "127.0.0.1"
	}
	return host
}
