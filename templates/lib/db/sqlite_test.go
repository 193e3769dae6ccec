package db

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A wait for a lock ends with the context, and otherwise when the lock is free.
func TestSQLiteWaits(t *testing.T) {
	d, err := Open("file:" + filepath.Join(t.TempDir(), "test.db"))
	require.NoError(t, err)
	defer d.Close()
	_, err = d.Exec("CREATE TABLE a (id INTEGER PRIMARY KEY)")
	require.NoError(t, err)
	writes := map[string]func(ctx context.Context) error{
		"transaction": func(ctx context.Context) error {
			return InTx(With(ctx, d), func(ctx context.Context) error {
				_, err := From(ctx).NewRaw("INSERT INTO a DEFAULT VALUES").Exec(ctx)
				return err
			})
		},
		"exec": func(ctx context.Context) error {
			_, err := d.DB.ExecContext(ctx, "INSERT INTO a DEFAULT VALUES;")
			return err
		},
		"query": func(ctx context.Context) error {
			var id int
			return d.DB.QueryRowContext(ctx, "INSERT INTO a DEFAULT VALUES RETURNING id").Scan(&id)
		},
		"prepared": func(ctx context.Context) error {
			stmt, err := d.DB.PrepareContext(ctx, "INSERT INTO a DEFAULT VALUES")
			if err != nil {
				return err
			}
			_, err = stmt.ExecContext(ctx)
			return errors.Join(err, stmt.Close())
		},
	}
	for name, write := range writes {
		t.Run(name, func(t *testing.T) {
			lock, err := d.DB.BeginTx(t.Context(), nil)
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			begun := time.Now()
			require.ErrorIs(t, write(ctx), context.DeadlineExceeded)
			assert.Less(t, time.Since(begun), 3*time.Second)

			time.AfterFunc(100*time.Millisecond, func() { _ = lock.Rollback() })
			require.NoError(t, write(t.Context()))
		})
	}
	lock, err := d.DB.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	time.AfterFunc(100*time.Millisecond, func() { _ = lock.Rollback() })
	_, err = d.DB.ExecContext(t.Context(), "INSERT INTO a DEFAULT VALUES; INSERT INTO a DEFAULT VALUES")
	require.NoError(t, err, "several statements")
	var n int
	require.NoError(t, d.NewSelect().Table("a").ColumnExpr("count(*)").Scan(t.Context(), &n))
	assert.Equal(t, len(writes)+2, n)
}

func TestSQLiteBusyTimeout(t *testing.T) {
	d, err := Open("file:" + filepath.Join(t.TempDir(), "test.db") + "?_pragma=busy_timeout(50)")
	require.NoError(t, err)
	defer d.Close()
	lock, err := d.DB.BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { _ = lock.Rollback() }()
	begun := time.Now()
	_, err = d.Exec("CREATE TABLE a (id INT)")
	require.ErrorContains(t, err, "SQLITE_BUSY")
	assert.Less(t, time.Since(begun), 3*time.Second)
}

func TestSQLiteConcurrentWrites(t *testing.T) {
	url := "file:" + filepath.Join(t.TempDir(), "test.db")
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			d, err := Open(url)
			if !assert.NoError(t, err) {
				return
			}
			_, err = d.Exec("CREATE TABLE IF NOT EXISTS a (text TEXT)")
			assert.NoError(t, err)
			for j := range 30 {
				_, err := d.Exec("INSERT INTO a VALUES (?)", fmt.Sprint(i, ";", j))
				assert.NoError(t, err)
			}
			assert.NoError(t, d.Close())
		})
	}
	wg.Wait()
}
