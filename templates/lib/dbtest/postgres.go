package dbtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
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

	"github.com/fngen/fngen/templates/lib/db"
)

// A postgresServer creates databases on a PostgreSQL server. Their names start
// with the name in TEST_DATABASE_URL, such as shop_test, which need not exist:
//
//	shop_test_schema_<hash>         the template for this version of the schema
//	shop_test_schema_<hash>_tx      the database for transactions
//	shop_test_run_<process>_<n>     the database of a test
//	shop_test_kept_<process>_<n>    the database of a failed test
//
// Each process holds an advisory lock while it runs. If it is killed, the lock
// becomes free, and the next process removes its databases.
type postgresServer struct {
	url      *url.URL
	base     string // shop_test
	files    fs.FS
	template string
	process  string    // random
	admin    *sql.DB   // connected to the database postgres
	lock     *sql.Conn // holds the advisory lock of the process
	created  atomic.Int64
	shared   func() (*bun.DB, error)
}

// maxBase is the maximum length of the database name in TEST_DATABASE_URL:
// PostgreSQL cuts names off after 63 bytes.
const maxBase = 24

func newPostgres(ctx context.Context, testURL string, files fs.FS) (server, error) {
	u, err := url.Parse(testURL)
	if err != nil {
		return nil, errors.New("TEST_DATABASE_URL is not a valid URL")
	}
	base := strings.Trim(u.Path, "/")
	if len(base) > maxBase {
		return nil, fmt.Errorf("the database name in TEST_DATABASE_URL is longer than %d bytes", maxBase)
	}
	schema, err := schemaHash(files)
	if err != nil {
		return nil, err
	}
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	s := &postgresServer{
		url:      u,
		base:     base,
		files:    files,
		template: base + "_schema_" + schema,
		process:  hex.EncodeToString(random[:]),
	}
	admin, err := s.open("postgres")
	if err != nil {
		return nil, err
	}
	s.admin = admin.DB
	if s.lock, err = s.admin.Conn(ctx); err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", db.Redact(u.String()), err)
	}
	if _, err := s.lock.ExecContext(ctx, "SELECT pg_advisory_lock($1)", s.lockKey(s.process)); err != nil {
		return nil, err
	}
	if err := s.removeStale(ctx); err != nil {
		return nil, fmt.Errorf("removing databases of a killed process: %w", err)
	}
	if err := s.ensureSchema(ctx, s.template); err != nil {
		return nil, err
	}
	s.shared = sync.OnceValues(func() (*bun.DB, error) {
		name := s.template + "_tx"
		if err := s.ensureSchema(context.Background(), name); err != nil {
			return nil, err
		}
		return s.open(name)
	})
	return s, nil
}

func (s *postgresServer) transactions() (*bun.DB, error) { return s.shared() }

func (s *postgresServer) create(ctx context.Context) (*database, error) {
	n := s.created.Add(1)
	name := fmt.Sprintf("%s_run_%s_%d", s.base, s.process, n)
	if err := s.exec(ctx, "CREATE DATABASE %s TEMPLATE %s", name, s.template); err != nil {
		return nil, fmt.Errorf("copying the schema: %w", err)
	}
	created, err := s.open(name)
	if err != nil {
		return nil, err
	}
	// Parallel tests share the server's connections, so idle ones are closed soon.
	created.SetMaxOpenConns(8)
	created.SetConnMaxIdleTime(time.Second)
	return &database{
		db: created,
		remove: func() error {
			return errors.Join(created.Close(), s.drop(context.Background(), name))
		},
		keep: func() (string, error) {
			kept := fmt.Sprintf("%s_kept_%s_%d", s.base, s.process, n)
			err := created.Close()
			if err == nil {
				err = s.exec(context.Background(), "ALTER DATABASE %s RENAME TO %s", name, kept)
			}
			return db.Redact(s.urlOf(kept).String()), err
		},
	}, nil
}

// ensureSchema creates a database with the schema if it does not exist. The
// database gets its name when it is complete, so an interrupted run does not
// leave one that is not.
func (s *postgresServer) ensureSchema(ctx context.Context, name string) error {
	conn, err := s.admin.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", s.lockKey(name)); err != nil {
		return err
	}
	defer func() {
		_, _ = conn.ExecContext(context.Background(), "SELECT pg_advisory_unlock($1)", s.lockKey(name))
	}()

	var exists bool
	row := conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name)
	if err := row.Scan(&exists); err != nil || exists {
		return err
	}
	incomplete := name + "_new"
	if err := s.drop(ctx, incomplete); err != nil {
		return err
	}
	if err := s.exec(ctx, "CREATE DATABASE %s TEMPLATE template0", incomplete); err != nil {
		return err
	}
	database, err := s.open(incomplete)
	if err != nil {
		return err
	}
	_, err = db.MigrateFS(ctx, database, s.files)
	if err := errors.Join(err, database.Close()); err != nil {
		return err
	}
	if err := s.exec(ctx, "ALTER DATABASE %s RENAME TO %s", incomplete, name); err != nil {
		return err
	}
	return s.removeOldTemplates(ctx)
}

// removeOldTemplates drops the templates of other versions of the schema, except
// those in use.
func (s *postgresServer) removeOldTemplates(ctx context.Context) error {
	names, err := s.databases(ctx, s.base+"_schema_")
	for _, name := range names {
		if !strings.HasPrefix(name, s.template) {
			_ = s.exec(ctx, "DROP DATABASE IF EXISTS %s", name)
		}
	}
	return err
}

// removeStale drops the test databases of processes that no longer run.
func (s *postgresServer) removeStale(ctx context.Context) error {
	prefix := s.base + "_run_"
	names, err := s.databases(ctx, prefix)
	if err != nil {
		return err
	}
	conn, err := s.admin.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, name := range names {
		process, _, _ := strings.Cut(strings.TrimPrefix(name, prefix), "_")
		key := s.lockKey(process)
		var locked bool
		if err := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", key).Scan(&locked); err != nil {
			return err
		}
		if !locked { // the process is running
			continue
		}
		err := s.drop(ctx, name)
		if _, unlockErr := conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", key); err != nil || unlockErr != nil {
			return errors.Join(err, unlockErr)
		}
	}
	return nil
}

// databases returns the names of the databases that start with a prefix.
func (s *postgresServer) databases(ctx context.Context, prefix string) ([]string, error) {
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

// exec runs a statement in which %s stands for the name of a database.
func (s *postgresServer) exec(ctx context.Context, statement string, names ...string) error {
	quoted := make([]any, len(names))
	for i, name := range names {
		quoted[i] = pgx.Identifier{name}.Sanitize()
	}
	_, err := s.admin.ExecContext(ctx, fmt.Sprintf(statement, quoted...))
	return err
}

func (s *postgresServer) open(name string) (*bun.DB, error) { return db.Open(s.urlOf(name).String()) }

// urlOf returns the URL of another database on the server.
func (s *postgresServer) urlOf(name string) *url.URL {
	u := *s.url
	u.Path, u.RawPath = "/"+name, ""
	return &u
}

// lockKey returns the number of an advisory lock.
func (s *postgresServer) lockKey(name string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("dbtest " + s.base + " " + name))
	return int64(h.Sum64()) // #nosec G115 -- wrapping around is fine
}

// schemaHash returns a short hash of the migrations.
func schemaHash(files fs.FS) (string, error) {
	names, err := fs.Glob(files, "*.sql") // sorted
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return "", err
		}
		_, _ = fmt.Fprintf(hash, "%s %d\n", name, len(data))
		_, _ = hash.Write(data)
	}
	return hex.EncodeToString(hash.Sum(nil))[:12], nil
}
