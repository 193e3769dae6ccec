package inbox_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/pgserver"
	"github.com/fngen/fngen/templates/lib/db"
	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/lib/fntest"
	"github.com/fngen/fngen/templates/lib/inbox"
	"github.com/fngen/fngen/templates/lib/once"
	"github.com/fngen/fngen/templates/lib/queue"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

var _ once.Store = inbox.Inbox{}

// testInboxes runs test with SQLite and PostgreSQL, with and without InTx. The
// database has the migration's table and a table that the handler writes to.
func testInboxes(t *testing.T, test func(t *testing.T, ctx context.Context, b inbox.Inbox)) {
	migration, err := os.ReadFile("../../extra/inbox/db/migrations/20261124000000_webhook_messages.sql")
	require.NoError(t, err)
	schema, _, _ := strings.Cut(string(migration), "-- +goose Down")

	run := func(t *testing.T, databaseURL func(name string) string) {
		for _, inTx := range []bool{false, true} {
			t.Run(map[bool]string{false: "claim", true: "transaction"}[inTx], func(t *testing.T) {
				d, err := db.Open(databaseURL(fmt.Sprintf("inbox%t", inTx)))
				require.NoError(t, err)
				t.Cleanup(func() { assert.NoError(t, d.Close()) })
				_, err = d.Exec(schema + "; CREATE TABLE work (name TEXT NOT NULL);")
				require.NoError(t, err)
				test(t, db.With(t.Context(), d), inbox.Inbox{Function: "orders", InTx: inTx})
			})
		}
	}
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		run(t, func(name string) string { return "file:" + dir + "/" + name + ".db" })
	})
	t.Run("postgres", func(t *testing.T) {
		server, err := pgserver.Start()
		pgserver.Skip(t, err)
		t.Cleanup(func() { assert.NoError(t, server.Stop()) })
		admin, err := db.Open(server.URL("postgres"))
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, admin.Close()) })
		run(t, func(name string) string {
			_, err := admin.Exec("CREATE DATABASE " + name)
			require.NoError(t, err)
			return server.URL(name)
		})
	})
}

// insertWork writes a row as a handler would.
func insertWork(ctx context.Context, name string) error {
	_, err := db.From(ctx).NewRaw("INSERT INTO work (name) VALUES (?)", name).Exec(ctx)
	return err
}

func workDone(t *testing.T, ctx context.Context) []string {
	t.Helper()
	var all []string
	require.NoError(t, db.From(ctx).NewRaw("SELECT name FROM work ORDER BY name").Scan(ctx, &all))
	return all
}

func TestInbox(t *testing.T) {
	testInboxes(t, func(t *testing.T, ctx context.Context, b inbox.Inbox) {
		handle := func(b inbox.Inbox, id string, ok bool) webhooks.Outcome {
			t.Helper()
			outcome, err := b.Handle(ctx, id, func(ctx context.Context) bool {
				require.NoError(t,
					insertWork(ctx, b.Function+" "+id+" "+map[bool]string{true: "handled", false: "failed"}[ok]))
				return ok
			})
			require.NoError(t, err)
			return outcome
		}
		for range 3 { // a retry after a failure is not a duplicate
			require.Equal(t, webhooks.Handled, handle(b, "1", false))
		}
		assert.PanicsWithValue(t, "bug", func() {
			_, _ = b.Handle(ctx, "1", func(ctx context.Context) bool { panic("bug") })
		})
		require.Equal(t, webhooks.Handled, handle(b, "1", true))
		require.Equal(t, webhooks.Duplicate, handle(b, "1", true))
		require.Equal(t, webhooks.Handled, handle(b, "2", true))

		other := b
		other.Function = "invoices"
		require.Equal(t, webhooks.Handled, handle(other, "1", true), "another function handles the same message")

		got := workDone(t, ctx)
		if b.InTx { // the failed handlers' changes were rolled back
			assert.Equal(t, []string{"invoices 1 handled", "orders 1 handled", "orders 2 handled"}, got)
		} else {
			assert.Equal(t, []string{
				"invoices 1 handled",
				"orders 1 failed", "orders 1 failed", "orders 1 failed", "orders 1 handled", "orders 2 handled",
			}, got)
		}

		require.NoError(t, b.Forget(ctx, time.Now().Add(time.Hour)))
		require.Equal(t, webhooks.Handled, handle(b, "1", true), "Forget deleted the message")
		require.Equal(t, webhooks.Duplicate, handle(other, "1", true), "Forget keeps the messages of other functions")
	})
}

// Concurrent deliveries of a message are handled once.
func TestInboxConcurrent(t *testing.T) {
	testInboxes(t, func(t *testing.T, ctx context.Context, b inbox.Inbox) {
		const messages, senders = 15, 4
		var handled [messages]atomic.Int32
		var wg sync.WaitGroup
		for range senders {
			wg.Go(func() {
				for i := range messages {
					for tries := 0; ; tries++ {
						outcome, err := b.Handle(ctx, fmt.Sprint(i), func(ctx context.Context) bool {
							handled[i].Add(1)
							return insertWork(ctx, fmt.Sprint(i)) == nil
						})
						if err == nil && outcome != webhooks.Busy {
							break
						}
						if tries == 1000 {
							t.Errorf("message %d: %v, %v", i, outcome, err)
							return
						}
						time.Sleep(time.Millisecond) // a sender waits before a retry
					}
				}
			})
		}
		wg.Wait()
		for i := range handled {
			assert.EqualValues(t, 1, handled[i].Load(), i)
		}
		assert.Len(t, workDone(t, ctx), messages)
	})
}

// A message stays claimed until its lease expires. Then a retry handles it.
func TestInboxLease(t *testing.T) {
	testInboxes(t, func(t *testing.T, ctx context.Context, b inbox.Inbox) {
		if b.InTx {
			t.Skip("InTx has no lease")
		}
		never := func(context.Context) bool { t.Error("called for a claimed message"); return true }
		outcome, err := b.Handle(ctx, "1", func(ctx context.Context) bool {
			outcome, err := b.Handle(ctx, "1", never)
			require.NoError(t, err)
			assert.Equal(t, webhooks.Busy, outcome)

			// Simulate a crash: the lease expires without an outcome.
			_, err = db.From(ctx).NewRaw("UPDATE webhook_messages SET claimed_until = ?",
				time.Now().Add(-time.Second).UnixMilli()).Exec(ctx)
			require.NoError(t, err)
			outcome, err = b.Handle(ctx, "1", func(context.Context) bool { return true })
			require.NoError(t, err)
			assert.Equal(t, webhooks.Handled, outcome)
			return false // must not delete the claim that replaced it
		})
		require.NoError(t, err)
		require.Equal(t, webhooks.Handled, outcome)
		outcome, err = b.Handle(ctx, "1", never)
		require.NoError(t, err)
		assert.Equal(t, webhooks.Duplicate, outcome)
	})
}

// If the database fails, Handle fails, and the sender retries.
func TestInboxDatabaseError(t *testing.T) {
	d, err := db.Open(":memory:")
	require.NoError(t, err)
	require.NoError(t, d.Close())
	for _, inTx := range []bool{false, true} {
		_, err := inbox.Inbox{InTx: inTx}.Handle(db.With(t.Context(), d), "1", func(context.Context) bool {
			t.Error("called although the message cannot be recorded")
			return true
		})
		require.Error(t, err)
	}
}

func TestInboxWithOnce(t *testing.T) {
	testInboxes(t, func(t *testing.T, ctx context.Context, b inbox.Inbox) {
		options := webhooks.Options{Secret: "s3cr3t"}
		calls := 0
		handle := func(ctx context.Context, _ events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			calls++
			if err := insertWork(ctx, "paid"); err != nil {
				return events.APIGatewayProxyResponse{}, err
			}
			return fn.JSON(map[bool]int{true: http.StatusInternalServerError, false: http.StatusOK}[calls == 1], nil)
		}
		handler := fn.Chain(handle, webhooks.Require(webhooks.Stripe, options), webhooks.Once(b))
		event, err := webhooks.SignEvent(webhooks.Stripe,
			events.APIGatewayProxyRequest{Body: `{"id":"evt_1"}`}, options)
		require.NoError(t, err)
		for _, want := range []int{http.StatusInternalServerError, http.StatusOK, http.StatusOK} {
			response, err := handler(ctx, event)
			require.NoError(t, err)
			assert.Equal(t, want, response.StatusCode)
		}
		assert.Equal(t, 2, calls)
		assert.Len(t, workDone(t, ctx), map[bool]int{true: 1, false: 2}[b.InTx])
	})
}

// TestQueue delivers a batch again after a failure. Each message is handled
// once, and its work is done once.
func TestQueue(t *testing.T) {
	testInboxes(t, func(t *testing.T, ctx context.Context, b inbox.Inbox) {
		failing := "2"
		handler := queue.Each(queue.Once(b, func(ctx context.Context, m queue.Message[string]) error {
			if err := insertWork(ctx, m.Body); err != nil {
				return err
			}
			if m.Body == failing {
				panic("bug")
			}
			return nil
		}))
		event := fntest.SQS("1", "2", "3")
		response, err := handler(ctx, event)
		require.NoError(t, err)
		assert.Equal(t, []int{1}, fntest.Failed(event, response))

		failing = ""
		for range 2 {
			response, err := handler(ctx, event)
			require.NoError(t, err)
			assert.Empty(t, response.BatchItemFailures)
		}
		want := []string{"1", "2", "2", "3"}
		if b.InTx { // the work of the failure was rolled back
			want = []string{"1", "2", "3"}
		}
		assert.Equal(t, want, workDone(t, ctx))
	})
}
