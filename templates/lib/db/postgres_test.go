package db

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/fngen/fngen/internal/pgserver"
)

// Behind PgBouncer in transaction mode, each transaction can get another session
// of the server.
func TestPgBouncer(t *testing.T) {
	server := startTestPostgres(t)
	pooler, err := server.StartPgBouncer(3)
	pgserver.Skip(t, err)
	t.Cleanup(func() { assert.NoError(t, pooler.Stop()) })
	files := sqlFiles(
		"1_items.sql", `-- +goose Up
CREATE TABLE items (id BIGINT PRIMARY KEY, name TEXT, tags TEXT[], at TIMESTAMPTZ, data BYTEA, info JSONB);
-- +goose Down
DROP TABLE items;
`,
		"2_index.sql", `-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY i ON items (name);
-- +goose Down
DROP INDEX i;
`,
	)
	type item struct {
		bun.BaseModel `bun:"table:items"`

		ID   int64 `bun:",pk"`
		Name string
		Tags []string `bun:",array"`
		At   time.Time
		Data []byte
		Info map[string]any `bun:"type:jsonb"`
	}
	var clients []*bun.DB
	for range 3 { // as processes, such as two runs of fngen db status
		d, err := Open(pooler.URL("postgres") + "&pgbouncer=true&schema=public&connection_limit=4&pool_timeout=5")
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, d.Close()) })
		clients = append(clients, d)
		_, err = MigrateFS(t.Context(), d, files)
		require.NoError(t, err)
		list, err := statusFS(t.Context(), d, files)
		require.NoError(t, err)
		require.Len(t, list, 2)
		assert.False(t, list[1].Applied.IsZero())
	}
	at := time.Date(2026, 11, 25, 10, 0, 0, 123000, time.UTC)
	var wg sync.WaitGroup
	for i, d := range clients {
		for j := range 8 {
			wg.Go(func() {
				ctx := With(t.Context(), d)
				want := item{
					ID: int64(i*100 + j), Name: `it's "\1`, Tags: []string{"a", `b"\`},
					At: at, Data: []byte{0, 255}, Info: map[string]any{"a": "b"},
				}
				err := InTx(ctx, func(ctx context.Context) error {
					_, err := From(ctx).NewInsert().Model(&want).Exec(ctx)
					return err
				})
				if !assert.NoError(t, err) {
					return
				}
				var got item
				for range 5 {
					assert.NoError(t, From(ctx).NewSelect().Model(&got).Where("id = ?", want.ID).Scan(ctx))
				}
				got.At = got.At.UTC()
				assert.Equal(t, want, got)

				// Arguments of database/sql.
				var name string
				var tags int
				row := d.DB.QueryRowContext(ctx,
					"SELECT name, cardinality(tags) FROM items WHERE id = $1 AND at = $2", want.ID, at)
				assert.NoError(t, row.Scan(&name, &tags))
				assert.Equal(t, want.Name, name)
			})
		}
	}
	wg.Wait()

	// A migration changes the result of a query that the other clients repeat.
	query := func(d *bun.DB) {
		var rows []map[string]any
		require.NoError(t, d.NewRaw("SELECT * FROM items").Scan(t.Context(), &rows))
		assert.Len(t, rows, 24)
	}
	for _, d := range clients {
		query(d)
	}
	_, err = clients[0].Exec("ALTER TABLE items ADD COLUMN price INT DEFAULT 1, ALTER COLUMN name TYPE VARCHAR(50)")
	require.NoError(t, err)
	for _, d := range clients {
		query(d)
	}

	for range 2 {
		undone, err := rollbackFS(t.Context(), clients[1], files)
		require.NoError(t, err)
		assert.Len(t, undone, 1)
	}
}

func TestPostgresOptions(t *testing.T) {
	server := startTestPostgres(t)
	admin, err := Open(server.URL("postgres"))
	require.NoError(t, err)
	defer admin.Close()
	_, err = admin.Exec(`CREATE SCHEMA "Shop"`)
	require.NoError(t, err)

	for parameters, want := range map[string]struct {
		schema string
		limit  int
	}{
		"":                                   {"public", maxOpenConns},
		"schema=public":                      {"public", maxOpenConns},
		"schema=Shop":                        {"Shop", maxOpenConns},
		"search_path=pg_catalog&schema=Shop": {"pg_catalog", maxOpenConns},
		"connection_limit=3&pool_timeout=0&connect_timeout=5":                    {"public", 3},
		"pgbouncer=true&connection_limit=1&schema=public&sslmode=prefer":         {"public", 1},
		"sslaccept=accept_invalid_certs&socket_timeout=3&statement_cache_size=0": {"public", maxOpenConns},
		"default_query_exec_mode=simple_protocol":                                {"public", maxOpenConns},
	} {
		d, err := Open(server.URL("postgres") + "&" + parameters)
		require.NoError(t, err, parameters)
		var schema string
		require.NoError(t, d.NewSelect().ColumnExpr("current_schema()").Scan(t.Context(), &schema), parameters)
		assert.Equal(t, want.schema, schema, parameters)
		assert.Equal(t, want.limit, d.Stats().MaxOpenConnections, parameters)
		require.NoError(t, d.Close())
	}
	d, err := Open(server.URL("ignored") + "&dbname=postgres")
	require.NoError(t, err)
	require.NoError(t, d.Ping())
	require.NoError(t, d.Close())

	for parameters, want := range map[string]string{
		"connection_limit=0":    "connection_limit",
		"connection_limit=many": "connection_limit",
		"pool_timeout=-1":       "pool_timeout",
		"sslidentity=a.p12":     "use sslcert and sslkey",
	} {
		_, err := Open("postgres://u:s3cr3t@h/d?" + parameters)
		require.ErrorContains(t, err, want)
		assert.NotContains(t, err.Error(), "s3cr3t")
	}
}

func TestSSLAccept(t *testing.T) {
	for parameters, want := range map[string]string{
		"sslaccept=strict":                               "verify-full",
		"sslaccept=strict&sslmode=require":               "verify-full",
		"sslaccept=strict&sslmode=disable":               "disable",
		"sslaccept=accept_invalid_certs&sslmode=require": "require",
		"sslmode=verify-ca":                              "verify-ca",
	} {
		query, err := url.ParseQuery(parameters)
		require.NoError(t, err)
		_, err = parsePostgresOptions(query)
		require.NoError(t, err)
		assert.Equal(t, url.Values{"sslmode": {want}}, query, parameters)
	}
}

// A wait for a connection ends with the context, and its error says what it
// waited for.
func TestConnectTimeout(t *testing.T) {
	server, err := pgserver.Start("max_connections=2", "superuser_reserved_connections=0", "max_wal_senders=0")
	pgserver.Skip(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Stop()) })
	d, err := Open(server.URL("postgres"))
	require.NoError(t, err)
	defer d.Close()
	for range 2 {
		conn, err := d.DB.Conn(t.Context())
		require.NoError(t, err)
		defer conn.Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	begun := time.Now()
	_, err = d.DB.Conn(ctx)
	require.ErrorContains(t, err, "53300")
	assert.Less(t, time.Since(begun), 5*time.Second)
}

// BenchmarkExecMode compares pgx's ways of sending the queries of bun.
func BenchmarkExecMode(b *testing.B) {
	server, err := pgserver.Start()
	pgserver.Skip(b, err)
	defer func() { _ = server.Stop() }()
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"} {
		b.Run(mode, func(b *testing.B) {
			d, err := Open(fmt.Sprint(server.URL("postgres"), "&default_query_exec_mode=", mode))
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			for i := range b.N {
				var n int
				if err := d.NewSelect().ColumnExpr("?::int", i).Scan(b.Context(), &n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
