package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"modernc.org/sqlite" // which does not need cgo
)

// openSQLite opens a file or, if the name is :memory:, a database in memory.
// Options follow a question mark: https://pkg.go.dev/modernc.org/sqlite.
func openSQLite(name string) (*bun.DB, error) {
	path, query, _ := strings.Cut(name, "?")
	options, err := url.ParseQuery(query)
	if err != nil {
		return nil, errors.New("db: invalid SQLite URL: want file:dev.db")
	}
	memory := path == "" || path == ":memory:" || options.Get("mode") == "memory"

	// Wait for a lock instead of failing (see sqliteConn), check foreign keys,
	// and let readers work beside a writer.
	pragmas := []string{"foreign_keys(1)"}
	if !slices.ContainsFunc(options["_pragma"], func(p string) bool { return strings.HasPrefix(p, "busy_timeout") }) {
		pragmas = append(pragmas, "busy_timeout(5000)")
	}
	if !memory && !options.Has("vfs") {
		pragmas = append(pragmas, "journal_mode(WAL)")
	}
	options["_pragma"] = append(pragmas, options["_pragma"]...)
	if !options.Has("_txlock") {
		// A transaction that starts by reading could not write later, once
		// another one has.
		options.Set("_txlock", "immediate")
	}
	if path == "" {
		path = ":memory:"
	}
	// The registered driver has the functions that a program registers.
	registered, err := sql.Open("sqlite", "")
	if err != nil {
		return nil, fmt.Errorf("db: %w", err)
	}
	if err := registered.Close(); err != nil {
		return nil, fmt.Errorf("db: %w", err)
	}
	connector := sqliteConnector{registered.Driver(), "file:" + path + "?" + options.Encode()}
	db := sql.OpenDB(connector)
	setPoolLimits(db, maxOpenConns)
	if memory { // every connection would open a database of its own
		db.SetMaxOpenConns(1)
		db.SetConnMaxLifetime(0)
		db.SetConnMaxIdleTime(0)
	}
	return bun.NewDB(db, sqlitedialect.New()), nil
}

type sqliteConnector struct {
	driver driver.Driver
	dsn    string
}

func (c sqliteConnector) Driver() driver.Driver { return c.driver }

func (c sqliteConnector) Connect(context.Context) (driver.Conn, error) {
	conn, err := c.driver.Open(c.dsn)
	if err != nil {
		return nil, err
	}
	wrapped, err := newSQLiteConn(conn)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return wrapped, nil
}

// A sqliteConn waits for the locks of other connections until the context of the
// query ends. SQLite's own wait ends only after the busy timeout.
type sqliteConn struct {
	sqliteDriverConn
	timeout time.Duration // the value of PRAGMA busy_timeout when it was opened
	inTx    bool          // SQLite itself waits in a transaction
}

// sqliteDriverConn has the methods of the driver's connections.
type sqliteDriverConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
	NewBackup(uri string) (*sqlite.Backup, error)
	NewRestore(uri string) (*sqlite.Backup, error)
	Serialize() ([]byte, error)
	Deserialize(data []byte) error
}

func newSQLiteConn(conn driver.Conn) (*sqliteConn, error) {
	driverConn, ok := conn.(sqliteDriverConn)
	if !ok {
		return nil, errors.New("db: unexpected version of the SQLite driver")
	}
	c := &sqliteConn{sqliteDriverConn: driverConn}
	rows, err := driverConn.QueryContext(context.Background(), "PRAGMA busy_timeout", nil)
	if err != nil {
		return nil, err
	}
	value := make([]driver.Value, 1)
	err = errors.Join(rows.Next(value), rows.Close())
	if milliseconds, ok := value[0].(int64); ok {
		c.timeout = time.Duration(milliseconds) * time.Millisecond
	}
	return c, errors.Join(err, c.setTimeout(0))
}

func (c *sqliteConn) setTimeout(timeout time.Duration) error {
	query := fmt.Sprintf("PRAGMA busy_timeout = %d", timeout.Milliseconds())
	_, err := c.sqliteDriverConn.ExecContext(context.Background(), query, nil)
	return err
}

// wait calls f, which runs a query, until it does not fail because of a lock.
func (c *sqliteConn) wait(ctx context.Context, query string, f func() error) error {
	if c.inTx {
		return f()
	}
	if strings.Contains(strings.TrimRight(query, "; \t\r\n"), ";") {
		// There may be several statements, and the first ones must not run twice.
		return errors.Join(c.setTimeout(c.timeout), f(), c.setTimeout(0))
	}
	const busy = 5 // https://sqlite.org/rescode.html#busy
	deadline := time.Now().Add(c.timeout)
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		err := f()
		var sqliteErr *sqlite.Error
		if !errors.As(err, &sqliteErr) || sqliteErr.Code()&0xff != busy || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), err)
		case <-time.After(wait/2 + rand.N(wait)): // #nosec G404 -- not a secret
		}
	}
}

func (c *sqliteConn) BeginTx(ctx context.Context, options driver.TxOptions) (driver.Tx, error) {
	var tx driver.Tx
	err := c.wait(ctx, "BEGIN", func() (err error) {
		tx, err = c.sqliteDriverConn.BeginTx(ctx, options)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := c.setTimeout(c.timeout); err != nil {
		return nil, errors.Join(err, tx.Rollback())
	}
	c.inTx = true
	return sqliteTx{tx, c}, nil
}

func (c *sqliteConn) ExecContext(
	ctx context.Context, query string, args []driver.NamedValue,
) (result driver.Result, err error) {
	err = c.wait(ctx, query, func() (err error) {
		result, err = c.sqliteDriverConn.ExecContext(ctx, query, args)
		return err
	})
	return result, err
}

func (c *sqliteConn) QueryContext(
	ctx context.Context, query string, args []driver.NamedValue,
) (rows driver.Rows, err error) {
	err = c.wait(ctx, query, func() (err error) {
		rows, err = c.sqliteDriverConn.QueryContext(ctx, query, args)
		return err
	})
	return rows, err
}

func (c *sqliteConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	stmt, err := c.sqliteDriverConn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return sqliteStmt{stmt, c, query}, nil
}

type sqliteTx struct {
	driver.Tx
	conn *sqliteConn
}

func (t sqliteTx) Commit() error   { return t.end(t.Tx.Commit) }
func (t sqliteTx) Rollback() error { return t.end(t.Tx.Rollback) }

func (t sqliteTx) end(f func() error) error {
	err := f()
	t.conn.inTx = false
	return errors.Join(err, t.conn.setTimeout(0))
}

type sqliteStmt struct {
	driver.Stmt
	conn  *sqliteConn
	query string
}

func (s sqliteStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	return s.conn.ExecContext(ctx, s.query, args)
}

func (s sqliteStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.conn.QueryContext(ctx, s.query, args)
}
