package db

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"
)

// postgresServer makes databases on a PostgreSQL server. They are named after the one in TEST_DATABASE_URL, which need
// not exist:
//
//	shop_test_schema_<fingerprint>   the template, and ..._tx for transactions; both stay
//	shop_test_run_<process>_<n>      a test's
//	shop_test_kept_<process>_<n>     a failed test's, with FNGEN_KEEP_DB=1
//
// A process holds an advisory lock as long as it lives. Where it died and left databases, the next one finds the lock free and
// removes them.
type postgresServer struct {
	engine  engine
	base    string // shop_test
	files   fs.FS  // the migrations
	schema  string // the template's name
	process string
	admin   *sql.DB   // on the server's own database
	lock    *sql.Conn // holds the process's lock
	count   atomic.Int64
	common  func() (*bun.DB, error)
}

func newPostgres(ctx context.Context, e engine, files fs.FS) (server, error) {
	schema, err := fingerprint(files)
	if err != nil {
		return nil, err
	}
	var random [4]byte
	_, _ = rand.Read(random[:]) // which cannot fail
	base := strings.Trim(e.postgres.Path, "/")
	if len(base) > 24 { // names have 63 bytes
		return nil, errors.New("the name of the database in TEST_DATABASE_URL is too long: 24 bytes are the most")
	}
	s := &postgresServer{
		engine:  e,
		base:    base,
		files:   files,
		schema:  base + "_schema_" + schema,
		process: hex.EncodeToString(random[:]),
	}
	admin, err := s.at("postgres").open()
	if err != nil {
		return nil, err
	}
	s.admin = admin.DB
	if s.lock, err = s.admin.Conn(ctx); err != nil {
		return nil, fmt.Errorf("%s cannot be reached: %w", e, mask(err))
	}
	if _, err := s.lock.ExecContext(ctx, "SELECT pg_advisory_lock($1)", s.key(s.process)); err != nil {
		return nil, err
	}
	if err := s.sweep(ctx); err != nil {
		return nil, fmt.Errorf("removing what a killed run left: %w", err)
	}
	if err := s.prepare(ctx, s.schema); err != nil {
		return nil, err
	}
	s.common = sync.OnceValues(func() (*bun.DB, error) {
		name := s.schema + "_tx"
		if err := s.prepare(context.Background(), name); err != nil {
			return nil, err
		}
		return s.at(name).open()
	})
	return s, nil
}

func (s *postgresServer) shared(context.Context) (*bun.DB, error) { return s.common() }

func (s *postgresServer) database(ctx context.Context) (*sandbox, error) {
	n := s.count.Add(1)
	name := fmt.Sprintf("%s_run_%s_%d", s.base, s.process, n)
	if err := s.exec(ctx, "CREATE DATABASE %s TEMPLATE %s", name, s.schema); err != nil {
		return nil, fmt.Errorf("db: copying the schema: %w", err)
	}
	db, err := s.at(name).open()
	if err != nil {
		return nil, err
	}
	// Many tests share the connections that the server has, and those that wait for their turn need none.
	db.SetMaxOpenConns(8)
	db.SetConnMaxIdleTime(time.Second)
	return &sandbox{db: db, close: func(keep bool, logf func(string, ...any)) error {
		if err := db.Close(); err != nil {
			return err
		}
		if !keep {
			return s.drop(context.Background(), name)
		}
		kept := fmt.Sprintf("%s_kept_%s_%d", s.base, s.process, n)
		if err := s.exec(context.Background(), "ALTER DATABASE %s RENAME TO %s", name, kept); err != nil {
			return err
		}
		logf("the test's database is kept: %s", s.at(kept))
		return nil
	}}, nil
}

// prepare makes a database with the schema, where there is none yet. Until it is complete it has another name, so that
// one that was given up half-way is never taken for it.
func (s *postgresServer) prepare(ctx context.Context, name string) error {
	conn, err := s.admin.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", s.key(name)); err != nil {
		return err
	}
	defer conn.ExecContext(context.Background(), "SELECT pg_advisory_unlock($1)", s.key(name)) //nolint:errcheck // the connection's end does it too

	var exists bool
	if err := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil || exists {
		return err
	}
	unfinished := name + "_new"
	if err := s.drop(ctx, unfinished); err != nil {
		return err
	}
	if err := s.exec(ctx, "CREATE DATABASE %s TEMPLATE template0", unfinished); err != nil {
		return err
	}
	db, err := s.at(unfinished).open()
	if err != nil {
		return err
	}
	_, err = migrate(ctx, db, s.files)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := s.exec(ctx, "ALTER DATABASE %s RENAME TO %s", unfinished, name); err != nil {
		return err
	}
	return s.outdated(ctx)
}

// outdated removes the schemas of older migrations. One that somebody uses stays.
func (s *postgresServer) outdated(ctx context.Context) error {
	names, err := s.names(ctx, s.base+"_schema_")
	for _, name := range names {
		if !strings.HasPrefix(name, s.schema) {
			_ = s.exec(ctx, "DROP DATABASE IF EXISTS %s", name)
		}
	}
	return err
}

// sweep removes the databases of processes that are no more.
func (s *postgresServer) sweep(ctx context.Context) error {
	names, err := s.names(ctx, s.base+"_run_")
	if err != nil {
		return err
	}
	conn, err := s.admin.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, name := range names {
		process, _, _ := strings.Cut(strings.TrimPrefix(name, s.base+"_run_"), "_")
		var free bool
		if err := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", s.key(process)).Scan(&free); err != nil {
			return err
		}
		if !free {
			continue
		}
		err := s.drop(ctx, name)
		if _, unlockErr := conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", s.key(process)); err != nil || unlockErr != nil {
			return errors.Join(err, unlockErr)
		}
	}
	return nil
}

func (s *postgresServer) names(ctx context.Context, prefix string) ([]string, error) {
	rows, err := s.admin.QueryContext(ctx, "SELECT datname FROM pg_database WHERE starts_with(datname, $1)", prefix)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

func (s *postgresServer) drop(ctx context.Context, name string) error {
	return s.exec(ctx, "DROP DATABASE IF EXISTS %s WITH (FORCE)", name)
}

// exec runs a statement with names of databases in it.
func (s *postgresServer) exec(ctx context.Context, statement string, names ...string) error {
	quoted := make([]any, len(names))
	for i, name := range names {
		quoted[i] = pgx.Identifier{name}.Sanitize()
	}
	_, err := s.admin.ExecContext(ctx, fmt.Sprintf(statement, quoted...))
	return err
}

// at is the server with another database.
func (s *postgresServer) at(name string) engine {
	u := *s.engine.postgres
	u.Path, u.RawPath = "/"+url.PathEscape(name), ""
	return engine{postgres: &u}
}

// key is the number of an advisory lock by its name.
func (s *postgresServer) key(name string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("fngen " + s.base + " " + name))
	return int64(h.Sum64()) // #nosec G115 -- any number will do
}
