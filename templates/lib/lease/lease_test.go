package lease

import (
	"context"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/pgserver"
	"github.com/fngen/fngen/templates/lib/db"
)

const short = 600 * time.Millisecond

// testLeases runs test with SQLite and PostgreSQL. Each call of open returns a
// context with connections of its own, as another process has.
func testLeases(t *testing.T, test func(t *testing.T, open func() context.Context)) {
	migration, err := os.ReadFile("../../extra/lease/db/migrations/20261125000000_schedule_leases.sql")
	require.NoError(t, err)
	schema, _, _ := strings.Cut(string(migration), "-- +goose Down")
	run := func(t *testing.T, databaseURL string) {
		open := func() context.Context {
			d, err := db.Open(databaseURL)
			require.NoError(t, err)
			t.Cleanup(func() { assert.NoError(t, d.Close()) })
			return db.With(t.Context(), d)
		}
		ctx := open()
		_, err := db.From(ctx).ExecContext(ctx, schema)
		require.NoError(t, err)
		test(t, open)
	}
	t.Run("sqlite", func(t *testing.T) { run(t, "file:"+t.TempDir()+"/lease.db") })
	t.Run("postgres", func(t *testing.T) {
		server, err := pgserver.Start()
		pgserver.Skip(t, err)
		t.Cleanup(func() { assert.NoError(t, server.Stop()) })
		run(t, server.URL("postgres"))
	})
}

// minute returns a time that is n minutes after the first.
func minute(n int) time.Time { return time.Date(2026, 1, 31, 3, n, 0, 0, time.UTC) }

func TestRunOnce(t *testing.T) {
	testLeases(t, func(t *testing.T, open func() context.Context) {
		var count [20]atomic.Int32
		var active atomic.Int32
		var processes sync.WaitGroup
		for range 4 {
			ctx := open()
			processes.Go(func() {
				for n := range count {
					_, err := runFor(ctx, short, "cleanup", minute(n), func(context.Context) {
						assert.Equal(t, int32(1), active.Add(1))
						count[n].Add(1)
						active.Add(-1)
					})
					assert.NoError(t, err)
				}
			})
		}
		processes.Wait()
		for n := range count {
			assert.LessOrEqual(t, count[n].Load(), int32(1), n)
		}
		assert.Equal(t, int32(1), count[len(count)-1].Load())

		// Functions have leases of their own, and nothing runs for an earlier time.
		ctx := open()
		nothing := func(context.Context) {}
		ran, err := Run(ctx, "report", minute(0), nothing)
		require.NoError(t, err)
		assert.True(t, ran)
		ran, err = Run(ctx, "cleanup", minute(3), nothing)
		require.NoError(t, err)
		assert.False(t, ran)
	})
}

// While a process runs the function, others do not; the lease is renewed.
func TestRunHeld(t *testing.T) {
	testLeases(t, func(t *testing.T, open func() context.Context) {
		first, second := open(), open()
		ran, err := runFor(first, short, "cleanup", minute(0), func(ctx context.Context) {
			other, err := runFor(second, short, "cleanup", minute(1), func(context.Context) {})
			assert.NoError(t, err)
			assert.False(t, other)
			time.Sleep(2 * short)
			assert.NoError(t, ctx.Err())
		})
		require.NoError(t, err)
		assert.True(t, ran)
		ran, err = runFor(second, short, "cleanup", minute(1), func(context.Context) {})
		require.NoError(t, err)
		assert.True(t, ran, "released")
	})
}

// A process that is suspended in a run loses the lease: the next run starts
// elsewhere, the one before does not start again, and its context ends.
func TestRunSuspended(t *testing.T) {
	testLeases(t, func(t *testing.T, open func() context.Context) {
		first, second := open(), open()
		_, err := row{Function: "cleanup", Due: minute(0).UnixMilli(), Holder: "suspended"}.claim(first, short)
		require.NoError(t, err)
		ran, err := runFor(second, short, "cleanup", minute(0), func(context.Context) {})
		require.NoError(t, err)
		assert.False(t, ran)
		ran, err = runFor(second, short, "cleanup", minute(1), func(context.Context) {})
		require.NoError(t, err)
		assert.True(t, ran, "after the lease has expired")

		ran, err = runFor(first, short, "cleanup", minute(2), func(ctx context.Context) {
			_, err := db.From(second).NewRaw("UPDATE schedule_leases SET holder = 'other'").Exec(second)
			assert.NoError(t, err)
			select {
			case <-ctx.Done():
				assert.Equal(t, errLost, context.Cause(ctx))
			case <-time.After(5 * time.Second):
				t.Error("the context did not end")
			}
		})
		require.NoError(t, err)
		assert.True(t, ran)
	})
}

// A process whose clock is ahead waits for the clock of the database.
func TestRunEarly(t *testing.T) {
	testLeases(t, func(t *testing.T, open func() context.Context) {
		ctx := open()
		due := time.UnixMilli(time.Now().Add(short / 2).UnixMilli())
		ran, err := runFor(ctx, short, "cleanup", due, func(context.Context) {
			assert.False(t, time.Now().Before(due))
		})
		require.NoError(t, err)
		assert.True(t, ran)
		ran, err = runFor(ctx, short, "cleanup", time.Now().Add(time.Hour), func(context.Context) {})
		require.NoError(t, err)
		assert.False(t, ran)
	})
}

func TestRunWithoutTable(t *testing.T) {
	d, err := db.Open("file:" + t.TempDir() + "/empty.db")
	require.NoError(t, err)
	defer d.Close()
	_, err = Run(db.With(t.Context(), d), "cleanup", minute(0), func(context.Context) { t.Error("called") })
	assert.ErrorContains(t, err, "lease: ")
}
