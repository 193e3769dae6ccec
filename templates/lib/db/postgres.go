package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

func openPostgres(databaseURL string) (*bun.DB, error) {
	u, err := url.Parse(databaseURL) // whose error would show the password
	if err != nil {
		return nil, errPostgresURL
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || strings.Trim(u.Path, "/") == "" && !query.Has("dbname") && !query.Has("database") {
		return nil, errPostgresURL
	}
	options, err := parsePostgresOptions(query)
	if err != nil {
		return nil, err
	}
	u.RawQuery = query.Encode()
	config, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, fmt.Errorf("db: invalid PostgreSQL URL %s", Redact(databaseURL)) // err may have the password
	}
	if !query.Has("default_query_exec_mode") {
		// Prepared statements fail behind a connection pooler, and after a
		// migration that changes their result. bun does not benefit from them,
		// because it sends the values in the text of a query: the simple
		// protocol takes a third of the time.
		config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	}
	db := sql.OpenDB(retryingConnector{stdlib.GetConnector(*config), options.poolTimeout})
	setPoolLimits(db, options.connectionLimit)
	return bun.NewDB(db, pgdialect.New()), nil
}

var errPostgresURL = errors.New("db: invalid PostgreSQL URL: want postgres://user:password@host/name")

// postgresOptions are parameters of a URL that the server does not know.
type postgresOptions struct {
	connectionLimit int
	poolTimeout     time.Duration
}

// parsePostgresOptions removes the parameters of Prisma and of hosting providers
// from the query of a URL. See
// https://www.prisma.io/docs/orm/overview/databases/postgresql.
func parsePostgresOptions(query url.Values) (postgresOptions, error) {
	options := postgresOptions{connectionLimit: maxOpenConns, poolTimeout: 10 * time.Second}
	remove := func(name string) string {
		value := query.Get(name)
		query.Del(name)
		return value
	}
	if limit := remove("connection_limit"); limit != "" {
		n, err := strconv.Atoi(limit)
		if err != nil || n < 1 {
			return options, errors.New("db: invalid connection_limit in the database URL: want a positive number")
		}
		options.connectionLimit = n
	}
	if timeout := remove("pool_timeout"); timeout != "" {
		seconds, err := strconv.ParseUint(timeout, 10, 16)
		if err != nil {
			return options, errors.New("db: invalid pool_timeout in the database URL: want a number of seconds")
		}
		options.poolTimeout = time.Duration(seconds) * time.Second
	}
	// PgBouncer does not accept search_path, which contains public by default.
	if schema := remove("schema"); schema != "" && schema != "public" && !query.Has("search_path") {
		query.Set("search_path", pgx.Identifier{schema}.Sanitize())
	}
	if accept := remove("sslaccept"); accept == "strict" {
		switch query.Get("sslmode") {
		case "", "prefer", "require":
			query.Set("sslmode", "verify-full")
		}
	}
	if query.Has("sslidentity") {
		return options, errors.New("db: sslidentity in the database URL is not supported: use sslcert and sslkey")
	}
	for _, name := range []string{
		"pgbouncer", "single_use_connections", "socket_timeout", "statement_cache_size",
		"max_connection_lifetime", "max_idle_connection_lifetime", "supa", "uselibpqcompat", "workaround",
	} {
		query.Del(name)
	}
	return options, nil
}

// A retryingConnector waits, with exponential backoff, while the server has no
// free connection.
type retryingConnector struct {
	driver.Connector
	timeout time.Duration
}

func (c retryingConnector) Connect(ctx context.Context) (driver.Conn, error) {
	const tooManyConnections = "53300"
	deadline := time.Now().Add(c.timeout)
	var refused error
	for wait := 10 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		conn, err := c.Connector.Connect(ctx)
		var pgErr *pgconn.PgError
		switch {
		case errors.As(err, &pgErr) && pgErr.Code == tooManyConnections:
			refused = err
		case err != nil && refused != nil && ctx.Err() != nil:
			return nil, refused // which says more than that ctx has ended
		default:
			return conn, err
		}
		if time.Now().After(deadline) {
			return nil, refused
		}
		select {
		case <-ctx.Done():
			return nil, refused
		case <-time.After(wait/2 + rand.N(wait)): // #nosec G404 -- not a secret
		}
	}
}
