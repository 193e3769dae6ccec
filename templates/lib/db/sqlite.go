package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/uptrace/bun"
	"modernc.org/sqlite"
)

// sqliteServer makes databases in memory. They are copies of a template, page by page.
type sqliteServer struct {
	template *bun.DB
	prefix   string
	count    atomic.Int64
	common   func() (*bun.DB, error)
}

var servers atomic.Int64

func newSQLite(ctx context.Context, files fs.FS) (server, error) {
	prefix := fmt.Sprintf("fngen-%d", servers.Add(1)) // names are the process's
	template, err := memory(prefix + "-template").open()
	if err != nil {
		return nil, err
	}
	template.SetConnMaxIdleTime(0)
	if _, err := migrate(ctx, template, files); err != nil {
		return nil, errors.Join(err, template.Close())
	}
	s := &sqliteServer{template: template, prefix: prefix}
	s.common = sync.OnceValues(func() (*bun.DB, error) { return s.copy(context.Background(), "shared") })
	return s, nil
}

// memory is a database in memory that all connections of the process see by its name, as long as one
// of them is open. https://sqlite.org/src/doc/trunk/src/memdb.c
func memory(name string) engine {
	return engine{file: "/" + name, query: url.Values{"vfs": {"memdb"}}}
}

func (s *sqliteServer) shared(context.Context) (*bun.DB, error) { return s.common() }

func (s *sqliteServer) database(ctx context.Context) (*sandbox, error) {
	db, err := s.copy(ctx, fmt.Sprint(s.count.Add(1)))
	if err != nil {
		return nil, err
	}
	return &sandbox{db: db, close: func(keep bool, logf func(string, ...any)) error {
		var err error
		if keep {
			err = s.keep(db, logf)
		}
		return errors.Join(err, db.Close())
	}}, nil
}

// copy copies the template.
func (s *sqliteServer) copy(ctx context.Context, name string) (*bun.DB, error) {
	e := memory(s.prefix + "-" + name)
	db, err := e.open()
	if err != nil {
		return nil, err
	}
	db.SetMaxIdleConns(4)
	db.SetConnMaxIdleTime(0) // the last one to go takes the database with it
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := backup(ctx, s.template, e); err != nil {
		return nil, errors.Join(fmt.Errorf("db: copying the schema: %w", err), db.Close())
	}
	return db, nil
}

// backup copies a database to another place, page by page.
func backup(ctx context.Context, from *bun.DB, to engine) error {
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
			return errors.New("the driver of SQLite makes no backups")
		}
		backup, err := source.NewBackup(to.dsn())
		if err != nil {
			return err
		}
		_, err = backup.Step(-1)
		return errors.Join(err, backup.Finish())
	})
}

// keep writes a database to a file.
func (s *sqliteServer) keep(db *bun.DB, logf func(string, ...any)) error {
	dir, err := os.MkdirTemp("", "fngen-test-db-")
	if err != nil {
		return err
	}
	kept := engine{file: filepath.Join(dir, "test.db")}
	if err := backup(context.Background(), db, kept); err != nil {
		return err
	}
	logf("the test's database is kept: %s", kept)
	return nil
}
