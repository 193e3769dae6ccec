package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/uptrace/bun"

	"github.com/fngen/fngen/templates/project/db/migrations"
)

// TB is what a test's database needs of the test. A testing.TB is one, and it is package scenario's too;
// neither package testing nor package scenario is linked into what runs in production.
type TB = interface {
	Helper()
	Name() string
	Cleanup(func())
	Failed() bool
	Logf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// ForTest is a database for one test, with the schema of the migrations and nothing in it, which is
// gone after the test. No other test sees it, so tests may run in parallel.
//
// It is on the server that TEST_DATABASE_URL names, PostgreSQL, or else SQLite in memory. A URL that names the database of
// DATABASE_URL fails the test. With FNGEN_KEEP_DB=1 the database of a test that fails is kept, and its URL logged.
func ForTest(tb TB) *bun.DB {
	tb.Helper()
	server, err := testServer()
	if err != nil {
		tb.Fatalf("the test's database: %v", err)
	}
	return forTest(tb, server)
}

func forTest(tb TB, server server) *bun.DB {
	tb.Helper()
	sandbox, err := server.database(context.Background())
	if err != nil {
		tb.Fatalf("the test's database: %v", err)
	}
	tb.Cleanup(func() {
		if err := sandbox.close(tb.Failed() && os.Getenv("FNGEN_KEEP_DB") == "1", tb.Logf); err != nil {
			tb.Logf("removing the test's database: %v", err)
		}
	})
	return sandbox.db
}

// ForTestTx is a transaction for one test, which is rolled back after it. It costs a fraction of what ForTest does
// on PostgreSQL, and is for tests of code that needs nothing but a transaction: what it
// runs in transactions of its own is savepoints, and its queries are one after another.
func ForTestTx(tb TB) bun.Tx {
	tb.Helper()
	server, err := testServer()
	if err != nil {
		tb.Fatalf("the test's database: %v", err)
	}
	return forTestTx(tb, server)
}

func forTestTx(tb TB, server server) bun.Tx {
	tb.Helper()
	db, err := server.shared(context.Background())
	if err != nil {
		tb.Fatalf("the test's database: %v", err)
	}
	tx, err := db.BeginTx(context.Background(), nil)
	if err != nil {
		tb.Fatalf("the test's transaction: %v", err)
	}
	tb.Cleanup(func() {
		if err := tx.Rollback(); err != nil {
			tb.Logf("rolling the test's transaction back: %v", err)
		}
	})
	return tx
}

// A Store is where a scenario's records go: see package scenario.
type Store int

const (
	Tests   Store = iota // a database for each test: ForTest
	TestsTx              // a transaction for each test: ForTestTx
)

// Open makes a place for a test's records, as package scenario asks for it.
func (s Store) Open(ctx context.Context, tb TB) (context.Context, func(context.Context, any) error, error) {
	tb.Helper()
	var db bun.IDB
	if s == TestsTx {
		db = ForTestTx(tb)
	} else {
		db = ForTest(tb)
	}
	insert := func(ctx context.Context, record any) error {
		_, err := db.NewInsert().Model(record).Exec(ctx)
		return err
	}
	return With(ctx, db), insert, nil
}

// A sandbox is a test's database.
type sandbox struct {
	db *bun.DB

	// close removes it, or keeps it and tells where it is.
	close func(keep bool, logf func(string, ...any)) error
}

// A server makes databases for tests. It has the schema in a template, which it copies.
type server interface {
	database(ctx context.Context) (*sandbox, error)

	// shared is a database in which every test's transaction is rolled back.
	shared(ctx context.Context) (*bun.DB, error)
}

// testServer is what makes this process's test databases. It is one for the process, so that
// the migrations run once.
var testServer = sync.OnceValues(func() (server, error) {
	return newServer(context.Background(), os.Getenv("TEST_DATABASE_URL"), configured(), migrations.Files)
})

// newServer is the server of a test database's URL, which must not be the production one's.
func newServer(ctx context.Context, testURL, productionURL string, files fs.FS) (server, error) {
	if testURL == "" {
		testURL = ":memory:"
	}
	e, err := parse(testURL)
	if err != nil {
		return nil, fmt.Errorf("TEST_DATABASE_URL: %w", err)
	}
	if production, err := parse(productionURL); err == nil && e.same(production) {
		return nil, fmt.Errorf("TEST_DATABASE_URL names the database of DATABASE_URL, %s: tests would destroy what is in it", e)
	}
	switch {
	case e.postgres != nil:
		return newPostgres(ctx, e, files)
	case e.file != "":
		return nil, errors.New("TEST_DATABASE_URL names a file: leave it unset for SQLite, which tests have in memory")
	}
	return newSQLite(ctx, files)
}
