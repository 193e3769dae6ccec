package db

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWithoutValues(t *testing.T) {
	for _, test := range []struct{ query, want string }{
		{`SELECT "o"."id2" FROM "orders" AS "o" WHERE (number = 'it''s 1') LIMIT 10`, `SELECT "o"."id2" FROM "orders" AS "o" WHERE (number = ?) LIMIT ?`},
		{`UPDATE a SET b = E'it\'s', c = '\x00ff'::bytea, d = -1.5e3, e2 = X'ff'`, `UPDATE a SET b = ?, c = ?::bytea, d = -?, e2 = ?`},
		{"SELECT $$secret$$, 'more'", "SELECT ?"},
		{"SELECT 1 -- secret\n, $1, /* secret\n */ t1", "SELECT ? \n, ?,  t1"},
		{`SELECT "it's", '"secret"'`, `SELECT "it's", ?`},
		{"SELECT 'secret", "SELECT ?"},
	} {
		assert.Equal(t, test.want, withoutValues(test.query))
	}
}

func TestSlowQuery(t *testing.T) {
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	for setting, logged := range map[string]bool{"1ns": true, "": false, "0": false, "1h": false} {
		t.Setenv("DATABASE_SLOW_QUERY", setting)
		var log bytes.Buffer
		slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
		d, err := Open(":memory:")
		require.NoError(t, err)
		_, err = d.Exec("SELECT ?", "s3cr3t")
		require.NoError(t, err)
		require.NoError(t, d.Close())
		assert.NotContains(t, log.String(), "s3cr3t")
		assert.Equal(t, logged, bytes.Contains(log.Bytes(), []byte(`query="SELECT ?"`)), setting+log.String())
	}
	t.Setenv("DATABASE_SLOW_QUERY", "200")
	_, err := Open(":memory:")
	require.ErrorContains(t, err, `invalid DATABASE_SLOW_QUERY "200"`)
}
