package db

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRedact checks that no password, written in whatever way, is in the text
// for error messages, nor in the errors of Open and of a test database.
func TestRedact(t *testing.T) {
	const hidden = "[database URL]"
	for databaseURL, want := range map[string]string{
		"postgres://u:s3cr3t@h:5432/d":                       "postgres://u:xxxxx@h:5432/d",
		"postgresql://u:s3cr3t@h/d?sslmode=require":          "postgresql://u:xxxxx@h/d?sslmode=require",
		"postgres://u@h/d":                                   "postgres://u@h/d",
		"postgres:///d?host=/var/run&user=u":                 "postgres:///d?host=%2Fvar%2Frun&user=u",
		"postgres://u@h/d?password=s3cr3t":                   "postgres://u@h/d",
		"postgres://u:s3cr3t@h/d?password=s3cr3t&port=5433":  "postgres://u:xxxxx@h/d?port=5433",
		"postgres://u@h/d?PASSWORD=s3cr3t":                   "postgres://u@h/d",
		"postgres://u@h/d?pass%77ord=s3cr3t":                 "postgres://u@h/d",
		"postgres://u@h/d?sslpassword=s3cr3t&options=s3cr3t": "postgres://u@h/d",
		"postgres://u@h/d?password=s3cr3t;sslmode=disable":   "postgres://u@h/d",
		"postgres://u@h/d#s3cr3t":                            "postgres://u@h/d",
		"postgres://u:s3cr3t%2F@h/d":                         "postgres://u:xxxxx@h/d",
		"postgres://u:s3cr3t@s3cr3t@h/d":                     "postgres://u:xxxxx@h/d",
		"postgres://u:s3cr3t/s3cr3t@h/d":                     hidden,
		"postgres://u:1/s3cr3t@h/d":                          hidden,
		"postgres://u:1?s3cr3t@h/d":                          hidden,
		"postgres://u:1#s3cr3t@h/d":                          hidden,
		"postgres://u:s3cr3t@%zz/d":                          hidden,
		"postgres://u:s3cr3t%@h/d":                           hidden,
		"postgres://u:s3cr3t@h:port/d":                       hidden,
		"postgres:u:s3cr3t@h/d":                              hidden,
		"u:s3cr3t@tcp(h:3306)/d":                             hidden,
		"mysql://u:s3cr3t@h/d":                               hidden,
		"host=h user=u password=s3cr3t dbname=d":             hidden,
		"host=h password='s3cr3t :' dbname=d":                hidden,
		"password=s3cr3t":                                    hidden,
		"s3cr3t":                                             hidden,
		"":                                                   hidden,
		":s3cr3t@h":                                          hidden,
		"file:dev.db":                                        "file:dev.db",
		"file:/tmp/a%20b.db?_pragma=key('s3cr3t')":           "file:/tmp/a%20b.db",
		"sqlite:dev.db?_key=s3cr3t":                          "sqlite:dev.db",
		":memory:":                                           ":memory:",
	} {
		got := Redact(databaseURL)
		assert.Equal(t, want, got, databaseURL)
		assert.NotContains(t, got, "s3cr3t", databaseURL)
		if d, err := Open(databaseURL); err != nil {
			assert.NotContains(t, err.Error(), "s3cr3t", databaseURL)
		} else {
			require.NoError(t, d.Close())
		}
	}
	_, err := Open("host=localhost password=s3cr3t dbname=shop")
	require.EqualError(t, err, "db: invalid database URL: want file:NAME or postgres://user:password@host/name")
}
