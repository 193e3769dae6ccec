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
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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
// becomes free, and the next process removes its databases. Only databases that
// have such a name and, as their comment, the mark are ever removed.
type postgresServer struct {
	url      *url.URL
	base     string // shop_test
	files    fs.FS
	template string
	process  string    // random
	admin    *sql.DB   // connected to the database postgres
	lock     *sql.Conn // holds the advisory locks
	created  atomic.Int64
	shared   func() (*bun.DB, error)
}

const (
	// maxBase is the maximum length of the database name in TEST_DATABASE_URL:
	// PostgreSQL cuts names off after 63 bytes.
	maxBase = 24

	// mark is the start of the comment on each database that this package
	// creates. The date of its last use follows.
	mark = "Created by package dbtest, which may drop it. Last used: "

	// templateAge is how long the template of another version of the schema is
	// kept after its last use. Another branch may need it again.
	templateAge = 7 * 24 * time.Hour

	// maxConns limits the connections of each test. Parallel tests share the
	// server's connections, of which there are 100 by default.
	maxConns = 4
)

func newPostgres(ctx context.Context, testURL string, files fs.FS) (server, error) {
	config, errConfig := pgx.ParseConfig(testURL)
	u, errURL := url.Parse(testURL)
	if errConfig != nil || errURL != nil {
		return nil, errors.New("TEST_DATABASE_URL is not a valid URL")
	}
	base := config.Database // which the query of the URL can name too
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
	s.admin.SetMaxOpenConns(3) // one of which is lock
	s.admin.SetConnMaxIdleTime(time.Second)
	if s.lock, err = s.admin.Conn(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("connecting to %s: %w", db.Redact(u.String()), err), s.admin.Close())
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.shared = sync.OnceValues(func() (*bun.DB, error) {
		name := s.template + "_tx"
		if err := s.ensureSchema(context.Background(), name); err != nil {
			return nil, err
		}
		database, err := s.open(name)
		if err != nil {
			return nil, err
		}
		database.SetMaxOpenConns(0) // each test needs one, and its subtests may too
		return database, nil
	})
	return s, nil
}

func (s *postgresServer) close() error { return errors.Join(s.lock.Close(), s.admin.Close()) }

// start takes the locks of the process, removes old databases and creates the
// template.
func (s *postgresServer) start(ctx context.Context) error {
	if _, err := s.lock.ExecContext(ctx, "SELECT pg_advisory_lock($1)", s.lockKey("process "+s.process)); err != nil {
		return err
	}
	if _, err := s.lock.ExecContext(ctx, "SELECT pg_advisory_lock_shared($1)", s.lockKey("use "+s.template)); err != nil {
		return err
	}
	if err := s.removeStale(ctx); err != nil {
		return fmt.Errorf("removing databases of a killed process: %w", err)
	}
	if err := s.removeOldTemplates(ctx); err != nil {
		return fmt.Errorf("removing old templates: %w", err)
	}
	return s.ensureSchema(ctx, s.template)
}

func (s *postgresServer) begin(ctx context.Context) (*transaction, error) {
	database, err := s.shared()
	if err != nil {
		return nil, err
	}
	tx, err := database.BeginTx(ctx, nil)
	return &transaction{tx: tx, end: tx.Rollback}, err
}

func (s *postgresServer) create(ctx context.Context) (*database, error) {
	n := s.created.Add(1)
	name := s.runName(n)
	if err := s.createDatabase(ctx, name, s.template); err != nil {
		return nil, fmt.Errorf("copying the schema: %w", err)
	}
	created, err := s.open(name)
	if err != nil {
		return nil, err
	}
	created.SetMaxOpenConns(maxConns)
	created.SetMaxIdleConns(1)
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

func (s *postgresServer) runName(n int64) string {
	return fmt.Sprintf("%s_run_%s_%d", s.base, s.process, n)
}

// createDatabase copies a template and marks the copy.
func (s *postgresServer) createDatabase(ctx context.Context, name, template string) error {
	if err := s.exec(ctx, "CREATE DATABASE %s TEMPLATE %s", name, template); err != nil {
		return err
	}
	return s.setMark(ctx, name)
}

func (s *postgresServer) setMark(ctx context.Context, name string) error {
	return s.exec(ctx, "COMMENT ON DATABASE %s IS '"+mark+time.Now().UTC().Format(time.DateOnly)+"'", name)
}

// ensureSchema creates a database with the schema if it does not exist. The
// database gets its name when it is complete, so an interrupted run does not
// leave one that is not.
func (s *postgresServer) ensureSchema(ctx context.Context, name string) error {
	key := s.lockKey("create " + name)
	if _, err := s.lock.ExecContext(ctx, "SELECT pg_advisory_lock($1)", key); err != nil {
		return err
	}
	defer func() {
		_, _ = s.lock.ExecContext(context.Background(), "SELECT pg_advisory_unlock($1)", key)
	}()

	var comment string
	row := s.admin.QueryRowContext(ctx,
		"SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = $1", name)
	switch err := row.Scan(&comment); {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return err
	case !strings.HasPrefix(comment, mark):
		return fmt.Errorf("the database %s was not created by package dbtest: rename it", name)
	default:
		return s.setMark(ctx, name)
	}

	incomplete := s.runName(s.created.Add(1))
	err := s.createDatabase(ctx, incomplete, "template0")
	if err == nil {
		err = s.migrate(ctx, incomplete)
	}
	if err == nil {
		err = s.exec(ctx, "ALTER DATABASE %s RENAME TO %s", incomplete, name)
	}
	if err != nil {
		return errors.Join(err, s.drop(context.WithoutCancel(ctx), incomplete))
	}
	return nil
}

func (s *postgresServer) migrate(ctx context.Context, name string) error {
	database, err := s.open(name)
	if err != nil {
		return err
	}
	_, err = db.MigrateFS(ctx, database, s.files)
	return errors.Join(err, database.Close())
}

// removeOldTemplates drops the templates of other versions of the schema that
// no process uses and that have not been used for a while.
func (s *postgresServer) removeOldTemplates(ctx context.Context) error {
	return s.removeUnlocked(ctx, `_schema_[0-9a-f]{12}(_tx)?`, func(name, lastUsed string) string {
		template := strings.TrimSuffix(name, "_tx")
		used, err := time.Parse(time.DateOnly, lastUsed)
		if err != nil || time.Since(used) < templateAge || template == s.template {
			return ""
		}
		return "use " + template
	})
}

// removeStale drops the test databases of processes that no longer run.
func (s *postgresServer) removeStale(ctx context.Context) error {
	return s.removeUnlocked(ctx, `_run_[0-9a-f]{8}_[0-9]+`, func(name, _ string) string {
		process, _, _ := strings.Cut(strings.TrimPrefix(name, s.base+"_run_"), "_")
		return "process " + process
	})
}

// removeUnlocked drops the databases whose names end in a pattern and whose
// locks are free. The function lock returns the name of the lock, or an empty
// string to keep the database.
func (s *postgresServer) removeUnlocked(
	ctx context.Context, pattern string, lock func(name, lastUsed string) string,
) error {
	found, err := s.databases(ctx, pattern)
	if err != nil {
		return err
	}
	for name, lastUsed := range found {
		lockName := lock(name, lastUsed)
		if lockName == "" {
			continue
		}
		key := s.lockKey(lockName)
		var locked bool
		if err := s.lock.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", key).Scan(&locked); err != nil {
			return err
		}
		if !locked { // a process uses it
			continue
		}
		err := s.drop(ctx, name)
		if _, unlockErr := s.lock.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", key); err != nil || unlockErr != nil {
			return errors.Join(err, unlockErr)
		}
	}
	return nil
}

// databases returns the databases that this package created and whose names are
// the base followed by a regular expression, with the dates of their last use.
func (s *postgresServer) databases(ctx context.Context, pattern string) (map[string]string, error) {
	whole, err := regexp.Compile("^" + regexp.QuoteMeta(s.base) + pattern + "$")
	if err != nil {
		return nil, err
	}
	rows, err := s.admin.QueryContext(ctx,
		`SELECT datname, substr(shobj_description(oid, 'pg_database'), length($1::text) + 1) FROM pg_database
		WHERE starts_with(shobj_description(oid, 'pg_database'), $1::text)`, mark)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := map[string]string{}
	for rows.Next() {
		var name, lastUsed string
		if err := rows.Scan(&name, &lastUsed); err != nil {
			return nil, err
		}
		if whole.MatchString(name) {
			found[name] = lastUsed
		}
	}
	return found, rows.Err()
}

func (s *postgresServer) drop(ctx context.Context, name string) error {
	return s.exec(ctx, "DROP DATABASE IF EXISTS %s WITH (FORCE)", name)
}

// exec runs a statement in which %s stands for the name of a database. It tries
// again while another session is connected to a template.
func (s *postgresServer) exec(ctx context.Context, statement string, names ...string) error {
	const objectInUse = "55006"
	quoted := make([]any, len(names))
	for i, name := range names {
		quoted[i] = pgx.Identifier{name}.Sanitize()
	}
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		_, err := s.admin.ExecContext(ctx, fmt.Sprintf(statement, quoted...))
		var pgErr *pgconn.PgError
		if !errors.As(err, &pgErr) || pgErr.Code != objectInUse || wait > 5*time.Second {
			return err
		}
		time.Sleep(wait)
	}
}

// open returns another database on the server. It fails if the driver would
// connect to a different one.
func (s *postgresServer) open(name string) (*bun.DB, error) {
	u := s.urlOf(name).String()
	config, err := pgx.ParseConfig(u)
	if err != nil || config.Database != name {
		return nil, errors.New("TEST_DATABASE_URL must name the database in its path only")
	}
	return db.Open(u)
}

// urlOf returns the URL of another database on the server.
func (s *postgresServer) urlOf(name string) *url.URL {
	u := *s.url
	u.Path, u.RawPath = "/"+name, ""
	query := u.Query()
	query.Del("dbname") // which would override the path
	query.Del("database")
	query.Del("schema")             // which does not exist in a new database
	query.Set("pool_timeout", "60") // for a server that many packages share
	u.RawQuery = query.Encode()
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
