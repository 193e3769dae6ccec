package dbtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/uptrace/bun"
	"modernc.org/sqlite"

	"github.com/fngen/fngen/templates/lib/db"
)

// A sqliteServer keeps test databases in memory.
type sqliteServer struct {
	prefix   string
	template *bun.DB
	created  atomic.Int64
}

// sqliteServers makes the names of databases unique within the process.
var sqliteServers atomic.Int64

func newSQLite(ctx context.Context, files fs.FS) (server, error) {
	s := &sqliteServer{prefix: fmt.Sprintf("test-%d", sqliteServers.Add(1))}
	var err error
	if s.template, err = openMemory(ctx, s.prefix+"-template"); err != nil {
		return nil, err
	}
	if _, err := db.MigrateFS(ctx, s.template, files); err != nil {
		return nil, errors.Join(err, s.template.Close())
	}
	return s, nil
}

// begin begins the transaction in a database of its own: SQLite has one writer
// at a time, so parallel tests would wait for each other.
func (s *sqliteServer) begin(ctx context.Context) (*transaction, error) {
	copied, err := s.copy(ctx, fmt.Sprint(s.created.Add(1)))
	if err != nil {
		return nil, err
	}
	tx, err := copied.BeginTx(ctx, nil)
	if err != nil {
		return nil, errors.Join(err, copied.Close())
	}
	return &transaction{tx: tx, end: func() error { return errors.Join(tx.Rollback(), copied.Close()) }}, nil
}

func (s *sqliteServer) create(ctx context.Context) (*database, error) {
	copied, err := s.copy(ctx, fmt.Sprint(s.created.Add(1)))
	if err != nil {
		return nil, err
	}
	return &database{
		db:     copied,
		remove: copied.Close,
		keep: func() (string, error) {
			url, err := writeFile(copied)
			return url, errors.Join(err, copied.Close())
		},
	}, nil
}

func (s *sqliteServer) copy(ctx context.Context, name string) (*bun.DB, error) {
	copied, err := openMemory(ctx, s.prefix+"-"+name)
	if err != nil {
		return nil, err
	}
	if err := backup(ctx, s.template, memoryURL(s.prefix+"-"+name)); err != nil {
		return nil, errors.Join(fmt.Errorf("copying the schema: %w", err), copied.Close())
	}
	return copied, nil
}

// memoryURL returns the URL of a database in memory that all connections of the
// process share: https://sqlite.org/src/doc/trunk/src/memdb.c.
func memoryURL(name string) string { return "file:/" + name + "?vfs=memdb" }

// openMemory creates a database in memory, which exists until its last
// connection is closed.
func openMemory(ctx context.Context, name string) (*bun.DB, error) {
	database, err := db.Open(memoryURL(name))
	if err != nil {
		return nil, err
	}
	database.SetMaxIdleConns(4)
	database.SetConnMaxIdleTime(0) // an idle connection keeps the database alive
	database.SetConnMaxLifetime(0)
	if err := database.PingContext(ctx); err != nil {
		return nil, errors.Join(err, database.Close())
	}
	return database, nil
}

// backup copies a database page by page, which is faster than applying the
// migrations again.
func backup(ctx context.Context, from *bun.DB, to string) error {
	conn, err := from.DB.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(conn any) error {
		source, ok := conn.(interface {
			NewBackup(to string) (*sqlite.Backup, error)
		})
		if !ok {
			return errors.New("the SQLite driver has no backups")
		}
		backup, err := source.NewBackup(to)
		if err != nil {
			return err
		}
		_, err = backup.Step(-1)
		return errors.Join(err, backup.Finish())
	})
}

// writeFile saves a database to a temporary file and returns its URL.
func writeFile(database *bun.DB) (string, error) {
	dir, err := os.MkdirTemp("", "dbtest-")
	if err != nil {
		return "", err
	}
	url := "file:" + filepath.Join(dir, "test.db")
	return url, backup(context.Background(), database, url)
}
