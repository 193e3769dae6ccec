package redisstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/lib/ratelimit"
	"github.com/fngen/fngen/templates/lib/redisstore"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

// server starts a redis-server that nobody else reaches, and stops it when the test ends.
func server(tb testing.TB) *redis.Client {
	tb.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatal("there is no redis-server: apt-get install redis-server")
		}
		tb.Skip("there is no redis-server: apt-get install redis-server, or brew install redis")
	}
	dir, err := os.MkdirTemp("", "redis") // short enough for a socket's path
	require.NoError(tb, err)
	socket := filepath.Join(dir, "s")
	var output bytes.Buffer
	cmd := exec.Command(program, "--port", "0", "--unixsocket", socket, "--dir", dir, "--save", "", "--appendonly", "no")
	cmd.Stdout, cmd.Stderr = &output, &output
	require.NoError(tb, cmd.Start())
	client := redis.NewClient(&redis.Options{Network: "unix", Addr: socket, MaxRetries: -1})
	tb.Cleanup(func() {
		_ = client.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	})
	require.Eventually(tb, func() bool { return client.Ping(context.Background()).Err() == nil }, 10*time.Second, 5*time.Millisecond, "it does not answer")
	return client
}

func captureLog(tb testing.TB) *bytes.Buffer {
	var buffer bytes.Buffer
	logger, writer, flags := slog.Default(), log.Writer(), log.Flags()
	tb.Cleanup(func() { // slog.SetDefault redirects package log, and does not undo that
		slog.SetDefault(logger)
		log.SetOutput(writer)
		log.SetFlags(flags)
	})
	slog.SetDefault(slog.New(slog.NewTextHandler(&buffer, nil)))
	return &buffer
}

// It says what a Memory says, whatever is asked when.
func TestLimiterIsMemory(t *testing.T) {
	client := server(t)
	for _, rate := range []ratelimit.Rate{
		ratelimit.PerSecond(1), ratelimit.PerSecond(3), ratelimit.PerSecond(10).WithBurst(2), ratelimit.PerMinute(7).WithBurst(20),
		ratelimit.PerHour(1), ratelimit.PerHour(1000), ratelimit.PerSecond(1_000_000), {Requests: 3, Per: 366 * 24 * time.Hour},
	} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			now := time.Unix(1_750_000_000, 0)
			clock := func() time.Time { return now }
			limiter := redisstore.NewLimiter(client, t.Name())
			limiter.Now, limiter.Timeout = clock, time.Minute
			memory := ratelimit.NewMemory(1)
			memory.Now = clock
			interval := rate.Per / time.Duration(rate.Requests)
			for i, wait := range []time.Duration{0, 0, 0, interval / 2, interval / 2, interval, 3 * interval, 0, 0, 0, 100 * interval, 0, interval / 3, 0, 0, 0} {
				now = now.Add(wait.Truncate(time.Microsecond) + 2*time.Microsecond) // so that no rounding decides
				want, err := memory.Take(t.Context(), "key", rate)
				require.NoError(t, err)
				got, err := limiter.Take(t.Context(), "key", rate)
				require.NoError(t, err)
				assert.Equal(t, want.Allowed, got.Allowed, i)
				assert.InDelta(t, want.Remaining, got.Remaining, 0, i)
				assert.InDelta(t, want.Next, got.Next, float64(10*time.Microsecond), i)
			}
		})
	}
}

// By Redis's own clock, and in words: a bucket is gone when it would be full.
func TestLimiter(t *testing.T) {
	captureLog(t)
	client := server(t)
	handle := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return fn.JSON(http.StatusOK, "in")
	}
	event := events.APIGatewayProxyRequest{}
	event.RequestContext.Identity.SourceIP = "203.0.113.7"
	// Two instances, one limit.
	for i, want := range []int{http.StatusOK, http.StatusOK, http.StatusTooManyRequests, http.StatusTooManyRequests} {
		instance := fn.Chain(handle, ratelimit.Require(ratelimit.PerHour(2), ratelimit.Options{Limiter: redisstore.NewLimiter(client, "orders"), FailClosed: true}))
		response, err := instance(t.Context(), event)
		require.NoError(t, err)
		assert.Equal(t, want, response.StatusCode, i)
	}
	other := fn.Chain(handle, ratelimit.Require(ratelimit.PerHour(2), ratelimit.Options{Limiter: redisstore.NewLimiter(client, "other"), FailClosed: true}))
	response, err := other(t.Context(), event)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, response.StatusCode, "another limit")

	keys := client.Keys(t.Context(), "*").Val()
	require.Len(t, keys, 2)
	for _, key := range keys {
		assert.NotContains(t, key, "203")
		assert.LessOrEqual(t, client.PTTL(t.Context(), key).Val(), time.Hour)
		assert.Positive(t, client.PTTL(t.Context(), key).Val())
	}

	// What is no bucket counts as a full one.
	key := client.Keys(t.Context(), "*orders*").Val()[0]
	require.NoError(t, client.Set(t.Context(), key, "rubbish", 0).Err())
	result, err := redisstore.NewLimiter(client, "orders").Take(t.Context(), "4\xcb\x00q\x07", ratelimit.PerHour(2))
	require.NoError(t, err)
	assert.True(t, result.Allowed)
}

// Of many instances at once, as many requests pass as the rate says.
func TestLimiterAtOnce(t *testing.T) {
	client := server(t)
	at := time.Unix(1_750_000_000, 0)
	var passed atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			limiter := redisstore.NewLimiter(client, "orders")
			limiter.Now, limiter.Timeout = func() time.Time { return at }, time.Minute
			for range 20 {
				result, err := limiter.Take(t.Context(), "key", ratelimit.PerMinute(100))
				if assert.NoError(t, err) && result.Allowed {
					passed.Add(1)
				}
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 100, passed.Load())
}

// A Redis that is gone, or that does not answer, keeps nobody waiting.
func TestLimiterFails(t *testing.T) {
	client := server(t)
	require.NoError(t, client.Close())
	_, err := redisstore.NewLimiter(client, "orders").Take(t.Context(), "key", ratelimit.PerSecond(1))
	assert.ErrorContains(t, err, "redisstore: ")

	listener, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and says nothing
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	silent := redis.NewClient(&redis.Options{Addr: listener.Addr().String()})
	defer func() { _ = silent.Close() }()
	limiter := redisstore.NewLimiter(silent, "orders")
	limiter.Timeout = 20 * time.Millisecond
	started := time.Now()
	_, err = limiter.Take(t.Context(), "key", ratelimit.PerSecond(1))
	assert.Error(t, err)
	assert.Less(t, time.Since(started), 2*time.Second)
}

const (
	secret  = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"
	payload = `{"id":1}`
)

// send sends a message of GitHub's to a handler.
func send(t *testing.T, store webhooks.Store, id string, handler fn.Handler) (int, error) {
	t.Helper()
	event, err := webhooks.SignEvent(webhooks.GitHub, events.APIGatewayProxyRequest{Body: payload, Headers: map[string]string{"X-GitHub-Delivery": id}}, webhooks.Options{Secret: secret})
	require.NoError(t, err)
	response, err := fn.Chain(handler, webhooks.Require(webhooks.GitHub, webhooks.Options{Secret: secret}), webhooks.Once(store))(t.Context(), event)
	return response.StatusCode, err
}

func status(status int, calls *int) fn.Handler {
	return func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		*calls++
		return events.APIGatewayProxyResponse{StatusCode: status}, nil
	}
}

func TestMessages(t *testing.T) {
	captureLog(t)
	client := server(t)
	calls := 0
	for i, step := range []struct {
		function, id string
		handler      fn.Handler
		want, calls  int
	}{
		{"orders", "1", status(http.StatusInternalServerError, &calls), http.StatusInternalServerError, 1},
		{"orders", "1", status(http.StatusAccepted, &calls), http.StatusAccepted, 2}, // a retry comes through
		{"orders", "1", status(http.StatusAccepted, &calls), http.StatusOK, 2},       // and a duplicate does not
		{"orders", "2", status(http.StatusOK, &calls), http.StatusOK, 3},
		{"stock", "1", status(http.StatusOK, &calls), http.StatusOK, 4}, // another function has not had it
	} {
		got, err := send(t, redisstore.NewMessages(client, step.function), step.id, step.handler) // each time another instance
		require.NoError(t, err)
		assert.Equal(t, step.want, got, i)
		assert.Equal(t, step.calls, calls, i)
	}

	// An error and a panic leave it free.
	_, err := send(t, redisstore.NewMessages(client, "orders"), "3", func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{}, errors.New("database down")
	})
	require.Error(t, err)
	assert.Panics(t, func() {
		_, _ = send(t, redisstore.NewMessages(client, "orders"), "3", func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			panic("bug")
		})
	})
	got, err := send(t, redisstore.NewMessages(client, "orders"), "3", status(http.StatusNoContent, &calls))
	require.NoError(t, err)
	assert.Equal(t, http.StatusNoContent, got)

	// Handled ones are remembered for a week, and no id is in Redis.
	keys := client.Keys(t.Context(), "*").Val()
	require.Len(t, keys, 4)
	for _, key := range keys {
		assert.Equal(t, "done", client.Get(t.Context(), key).Val())
		assert.InDelta(t, 7*24*time.Hour, client.PTTL(t.Context(), key).Val(), float64(time.Minute))
	}
}

// While one instance handles a message, others are told to come again, and its lease ends with it.
func TestMessagesLease(t *testing.T) {
	captureLog(t)
	client := server(t)
	store := redisstore.NewMessages(client, "orders")
	store.Lease, store.Keep = time.Hour, 3*time.Hour
	outcome, err := store.Handle(t.Context(), "1", func(ctx context.Context) bool {
		calls := 0
		got, err := send(t, redisstore.NewMessages(client, "orders"), "1", status(http.StatusOK, &calls))
		assert.NoError(t, err)
		assert.Equal(t, http.StatusServiceUnavailable, got)
		assert.Zero(t, calls)
		outcome, err := redisstore.NewMessages(client, "orders").Handle(t.Context(), "1", func(context.Context) bool { panic("twice") })
		assert.NoError(t, err)
		assert.Equal(t, webhooks.Busy, outcome)

		// The key of a process that dies goes when its lease does.
		assert.InDelta(t, time.Hour, leaseOf(t, client), float64(time.Minute))
		return false
	})
	require.NoError(t, err)
	assert.Equal(t, webhooks.Handled, outcome)

	// One that died: its lease is there, and then it is not.
	died := redisstore.NewMessages(client, "orders")
	_, _ = died.Handle(t.Context(), "2", func(ctx context.Context) bool {
		for _, key := range client.Keys(ctx, "*").Val() {
			if client.Get(ctx, key).Val() != "done" {
				require.NoError(t, client.PExpire(ctx, key, 0).Err()) // as if a minute had passed
			}
		}
		outcome, err := redisstore.NewMessages(client, "orders").Handle(ctx, "2", func(context.Context) bool { return true })
		assert.NoError(t, err)
		assert.Equal(t, webhooks.Handled, outcome)
		return false // and the one that was taken for dead takes nothing away
	})
	outcome, err = store.Handle(t.Context(), "2", func(context.Context) bool { panic("twice") })
	require.NoError(t, err)
	assert.Equal(t, webhooks.Duplicate, outcome)
}

// leaseOf is how long the one lease lasts that there is.
func leaseOf(t *testing.T, client *redis.Client) time.Duration {
	t.Helper()
	for _, key := range client.Keys(t.Context(), "*").Val() {
		if client.Get(t.Context(), key).Val() != "done" {
			return client.PTTL(t.Context(), key).Val()
		}
	}
	t.Error("there is no lease")
	return 0
}

// A handler that takes longer keeps its lease, and one that lost it is told.
func TestMessagesRenewsLease(t *testing.T) {
	client := server(t)
	ticks := make(chan time.Time)
	store := redisstore.NewMessages(client, "orders")
	store.TickBy(ticks)
	outcome, err := store.Handle(t.Context(), "1", func(ctx context.Context) bool {
		key := client.Keys(ctx, "*").Val()[0]
		require.NoError(t, client.PExpire(ctx, key, 10*time.Second).Err()) // most of it has passed
		ticks <- time.Time{}
		ticks <- time.Time{} // taken when the one before is done
		assert.InDelta(t, time.Minute, client.PTTL(ctx, key).Val(), float64(5*time.Second))
		require.NoError(t, ctx.Err())

		require.NoError(t, client.Set(ctx, key, "another", time.Minute).Err())
		select {
		case ticks <- time.Time{}:
		case <-ctx.Done(): // the tick before noticed
		}
		<-ctx.Done()
		assert.ErrorIs(t, context.Cause(ctx), redisstore.ErrLeaseLost)
		return false
	})
	require.NoError(t, err)
	assert.Equal(t, webhooks.Handled, outcome)
	assert.Equal(t, "another", client.Get(t.Context(), client.Keys(t.Context(), "*").Val()[0]).Val(), "what another has is left alone")
}

// The request may be over when its message is done: that is recorded all the same.
func TestMessagesOutlivesRequest(t *testing.T) {
	client := server(t)
	store := redisstore.NewMessages(client, "orders")
	ctx, cancel := context.WithCancel(t.Context())
	outcome, err := store.Handle(ctx, "1", func(context.Context) bool { cancel(); return true })
	require.NoError(t, err)
	assert.Equal(t, webhooks.Handled, outcome)
	outcome, err = store.Handle(t.Context(), "1", func(context.Context) bool { panic("twice") })
	require.NoError(t, err)
	assert.Equal(t, webhooks.Duplicate, outcome)
}

// Without Redis no message is handled, and the sender comes again; one that was handled already is
// answered, and the log says that it is not recorded.
func TestMessagesFails(t *testing.T) {
	captured := captureLog(t)
	client := server(t)
	calls := 0
	got, err := send(t, redisstore.NewMessages(client, "orders"), "1", func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		require.NoError(t, client.Close())
		return events.APIGatewayProxyResponse{StatusCode: http.StatusAccepted}, nil
	})
	require.NoError(t, err)
	assert.Equal(t, http.StatusAccepted, got)
	assert.Contains(t, captured.String(), `level=ERROR msg="what became of a message is not recorded" function=orders handled=true`)

	_, err = send(t, redisstore.NewMessages(client, "orders"), "2", status(http.StatusOK, &calls))
	assert.ErrorContains(t, err, "webhooks: message store: redisstore: ")
	assert.Zero(t, calls)
}

// Of many at once, one handles a message.
func TestMessagesAtOnce(t *testing.T) {
	client := server(t)
	var calls, busy atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			outcome, err := redisstore.NewMessages(client, "orders").Handle(t.Context(), "1", func(context.Context) bool {
				calls.Add(1)
				return true
			})
			if assert.NoError(t, err) && outcome == webhooks.Busy {
				busy.Add(1)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, calls.Load())
	t.Logf("%d were told to come again", busy.Load())
}

func Example() {
	client := redis.NewClient(&redis.Options{Addr: os.Getenv("REDIS_ADDR")})
	defer func() { _ = client.Close() }()

	handle := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return fn.JSON(http.StatusOK, "done")
	}
	var handler = fn.Chain(handle,
		ratelimit.Require(ratelimit.PerMinute(100), ratelimit.Options{Limiter: redisstore.NewLimiter(client, "orders")}),
		webhooks.Require(webhooks.Stripe, webhooks.Options{SecretEnv: "STRIPE_WEBHOOK_SECRET"}),
		webhooks.Once(redisstore.NewMessages(client, "orders")),
	)
	_ = handler // lambda.Start(handler)
}

func BenchmarkLimiter(b *testing.B) {
	client := server(b)
	limiter := redisstore.NewLimiter(client, "orders")
	limiter.Timeout = time.Minute
	for b.Loop() {
		if _, err := limiter.Take(b.Context(), "key", ratelimit.PerSecond(1_000_000)); err != nil {
			b.Fatal(err)
		}
	}
}
