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
	"github.com/fngen/fngen/templates/lib/fntest"
	"github.com/fngen/fngen/templates/lib/queue"
	"github.com/fngen/fngen/templates/lib/ratelimit"
	"github.com/fngen/fngen/templates/lib/redisstore"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

// startServer starts a redis-server on a private Unix socket, stops it when the
// test ends, and returns a client.
func startServer(tb testing.TB) *redis.Client {
	tb.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatal("redis-server is not installed: run apt-get install redis-server")
		}
		tb.Skip("redis-server is not installed: run apt-get install redis-server or brew install redis")
	}
	dir, err := os.MkdirTemp("", "redis") // t.TempDir() is too long for a socket's path
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
	ready := func() bool { return client.Ping(context.Background()).Err() == nil }
	require.Eventually(tb, ready, 10*time.Second, 5*time.Millisecond, "redis-server does not respond")
	return client
}

func captureLog(tb testing.TB) *bytes.Buffer {
	var buffer bytes.Buffer
	logger, writer, flags := slog.Default(), log.Writer(), log.Flags()
	tb.Cleanup(func() { // slog.SetDefault also redirects package log
		slog.SetDefault(logger)
		log.SetOutput(writer)
		log.SetFlags(flags)
	})
	slog.SetDefault(slog.New(slog.NewTextHandler(&buffer, nil)))
	return &buffer
}

// A Limiter gives the same results as a ratelimit.Memory.
func TestLimiterMatchesMemory(t *testing.T) {
	client := startServer(t)
	for _, rate := range []ratelimit.Rate{
		ratelimit.PerSecond(1), ratelimit.PerSecond(3), ratelimit.PerSecond(10).WithBurst(2),
		ratelimit.PerMinute(7).WithBurst(20), ratelimit.PerHour(1), ratelimit.PerHour(1000),
		ratelimit.PerSecond(1_000_000), {Requests: 3, Per: 366 * 24 * time.Hour},
	} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			now := time.Unix(1_750_000_000, 0)
			clock := func() time.Time { return now }
			limiter := redisstore.NewLimiter(client, t.Name())
			limiter.Now, limiter.Timeout = clock, time.Minute
			memory := ratelimit.NewMemory(1)
			memory.Now = clock
			interval := rate.Per / time.Duration(rate.Requests)
			for i, wait := range []time.Duration{
				0, 0, 0, interval / 2, interval / 2, interval, 3 * interval, 0, 0, 0, 100 * interval, 0, interval / 3, 0, 0, 0,
			} {
				now = now.Add(wait.Truncate(time.Microsecond) + 2*time.Microsecond) // avoid rounding differences
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

// TestLimiter uses the clock of the Redis server. The key of a bucket expires
// when the bucket is full.
func TestLimiter(t *testing.T) {
	captureLog(t)
	client := startServer(t)
	handle := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return fn.JSON(http.StatusOK, "in")
	}
	event := events.APIGatewayProxyRequest{}
	event.RequestContext.Identity.SourceIP = "203.0.113.7"
	limiter := func(name string) fn.Handler {
		options := ratelimit.Options{Limiter: redisstore.NewLimiter(client, name), FailClosed: true}
		return fn.Chain(handle, ratelimit.Require(ratelimit.PerHour(2), options))
	}
	// Four instances share one limit.
	for i, want := range []int{http.StatusOK, http.StatusOK, http.StatusTooManyRequests, http.StatusTooManyRequests} {
		response, err := limiter("orders")(t.Context(), event)
		require.NoError(t, err)
		assert.Equal(t, want, response.StatusCode, i)
	}
	response, err := limiter("other")(t.Context(), event)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, response.StatusCode, "another limit")

	keys := client.Keys(t.Context(), "*").Val()
	require.Len(t, keys, 2)
	for _, key := range keys {
		assert.NotContains(t, key, "203")
		assert.LessOrEqual(t, client.PTTL(t.Context(), key).Val(), time.Hour)
		assert.Positive(t, client.PTTL(t.Context(), key).Val())
	}

	// An invalid value counts as a full bucket.
	key := client.Keys(t.Context(), "*orders*").Val()[0]
	require.NoError(t, client.Set(t.Context(), key, "garbage", 0).Err())
	result, err := redisstore.NewLimiter(client, "orders").Take(t.Context(), "4\xcb\x00q\x07", ratelimit.PerHour(2))
	require.NoError(t, err)
	assert.True(t, result.Allowed)
}

// Concurrent instances do not exceed the limit.
func TestLimiterConcurrency(t *testing.T) {
	client := startServer(t)
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

// Take fails soon if Redis is not available or does not respond.
func TestLimiterFails(t *testing.T) {
	client := startServer(t)
	require.NoError(t, client.Close())
	_, err := redisstore.NewLimiter(client, "orders").Take(t.Context(), "key", ratelimit.PerSecond(1))
	assert.ErrorContains(t, err, "redisstore: ")

	listener, err := net.Listen("tcp", "127.0.0.1:0") // never accepts
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

// send sends a GitHub message to handler and returns the response's status.
func send(t *testing.T, store webhooks.Store, id string, handler fn.Handler) (int, error) {
	t.Helper()
	options := webhooks.Options{Secret: secret}
	event := events.APIGatewayProxyRequest{Body: payload, Headers: map[string]string{"X-GitHub-Delivery": id}}
	event, err := webhooks.SignEvent(webhooks.GitHub, event, options)
	require.NoError(t, err)
	guarded := fn.Chain(handler, webhooks.Require(webhooks.GitHub, options), webhooks.Once(store))
	response, err := guarded(t.Context(), event)
	return response.StatusCode, err
}

// respond returns a handler that counts its calls and responds with a status.
func respond(status int, calls *int) fn.Handler {
	return func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		*calls++
		return events.APIGatewayProxyResponse{StatusCode: status}, nil
	}
}

func TestMessages(t *testing.T) {
	captureLog(t)
	client := startServer(t)
	calls := 0
	for i, step := range []struct {
		function, id string
		handler      fn.Handler
		want, calls  int
	}{
		{"orders", "1", respond(http.StatusInternalServerError, &calls), http.StatusInternalServerError, 1},
		{"orders", "1", respond(http.StatusAccepted, &calls), http.StatusAccepted, 2}, // retry after a failure
		{"orders", "1", respond(http.StatusAccepted, &calls), http.StatusOK, 2},       // duplicate
		{"orders", "2", respond(http.StatusOK, &calls), http.StatusOK, 3},
		{"stock", "1", respond(http.StatusOK, &calls), http.StatusOK, 4}, // another function
	} {
		got, err := send(t, redisstore.NewMessages(client, step.function), step.id, step.handler)
		require.NoError(t, err)
		assert.Equal(t, step.want, got, i)
		assert.Equal(t, step.calls, calls, i)
	}

	// After an error or a panic, the message can be handled again.
	fail := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{}, errors.New("database down")
	}
	_, err := send(t, redisstore.NewMessages(client, "orders"), "3", fail)
	require.Error(t, err)
	bug := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		panic("bug")
	}
	assert.Panics(t, func() { _, _ = send(t, redisstore.NewMessages(client, "orders"), "3", bug) })
	got, err := send(t, redisstore.NewMessages(client, "orders"), "3", respond(http.StatusNoContent, &calls))
	require.NoError(t, err)
	assert.Equal(t, http.StatusNoContent, got)

	// Handled messages are remembered for a week.
	keys := client.Keys(t.Context(), "*").Val()
	require.Len(t, keys, 4)
	for _, key := range keys {
		assert.Equal(t, "done", client.Get(t.Context(), key).Val())
		assert.InDelta(t, 7*24*time.Hour, client.PTTL(t.Context(), key).Val(), float64(time.Minute))
	}
}

// While one instance handles a message, other instances report Busy. Its lease
// ends when the handler returns.
func TestMessagesLease(t *testing.T) {
	captureLog(t)
	client := startServer(t)
	store := redisstore.NewMessages(client, "orders")
	store.Lease, store.Keep = time.Hour, 3*time.Hour
	outcome, err := store.Handle(t.Context(), "1", func(ctx context.Context) bool {
		calls := 0
		got, err := send(t, redisstore.NewMessages(client, "orders"), "1", respond(http.StatusOK, &calls))
		assert.NoError(t, err)
		assert.Equal(t, http.StatusServiceUnavailable, got)
		assert.Zero(t, calls)
		other := redisstore.NewMessages(client, "orders")
		outcome, err := other.Handle(t.Context(), "1", func(context.Context) bool { panic("handled twice") })
		assert.NoError(t, err)
		assert.Equal(t, webhooks.Busy, outcome)

		// If this instance died now, its key would expire with the lease.
		assert.InDelta(t, time.Hour, remainingLease(t, client), float64(time.Minute))
		return false
	})
	require.NoError(t, err)
	assert.Equal(t, webhooks.Handled, outcome)

	// The lease of a stalled instance expires and another one handles the
	// message.
	stalled := redisstore.NewMessages(client, "orders")
	_, _ = stalled.Handle(t.Context(), "2", func(ctx context.Context) bool {
		for _, key := range client.Keys(ctx, "*").Val() {
			if client.Get(ctx, key).Val() != "done" {
				require.NoError(t, client.PExpire(ctx, key, 0).Err())
			}
		}
		other := redisstore.NewMessages(client, "orders")
		outcome, err := other.Handle(ctx, "2", func(context.Context) bool { return true })
		assert.NoError(t, err)
		assert.Equal(t, webhooks.Handled, outcome)
		return false // must not delete the other instance's record
	})
	outcome, err = store.Handle(t.Context(), "2", func(context.Context) bool { panic("handled twice") })
	require.NoError(t, err)
	assert.Equal(t, webhooks.Duplicate, outcome)
}

// remainingLease returns the remaining time of the only lease.
func remainingLease(t *testing.T, client *redis.Client) time.Duration {
	t.Helper()
	for _, key := range client.Keys(t.Context(), "*").Val() {
		if client.Get(t.Context(), key).Val() != "done" {
			return client.PTTL(t.Context(), key).Val()
		}
	}
	t.Error("no lease found")
	return 0
}

// A lease is renewed while the handler runs. If it is lost, the handler's
// context is canceled.
func TestMessagesRenewsLease(t *testing.T) {
	client := startServer(t)
	ticks := make(chan time.Time)
	store := redisstore.NewMessages(client, "orders")
	store.SetTicks(ticks)
	outcome, err := store.Handle(t.Context(), "1", func(ctx context.Context) bool {
		key := client.Keys(ctx, "*").Val()[0]
		require.NoError(t, client.PExpire(ctx, key, 10*time.Second).Err())
		ticks <- time.Time{}
		ticks <- time.Time{} // received after the first tick was processed
		assert.InDelta(t, time.Minute, client.PTTL(ctx, key).Val(), float64(5*time.Second))
		require.NoError(t, ctx.Err())

		require.NoError(t, client.Set(ctx, key, "another", time.Minute).Err())
		select {
		case ticks <- time.Time{}:
		case <-ctx.Done(): // noticed on the previous tick
		}
		<-ctx.Done()
		assert.ErrorIs(t, context.Cause(ctx), redisstore.ErrLeaseLost)
		return false
	})
	require.NoError(t, err)
	assert.Equal(t, webhooks.Handled, outcome)
	key := client.Keys(t.Context(), "*").Val()[0]
	assert.Equal(t, "another", client.Get(t.Context(), key).Val(), "deleted the lease of another instance")
}

// A handled message is recorded even if its request was canceled.
func TestMessagesAfterCancel(t *testing.T) {
	client := startServer(t)
	store := redisstore.NewMessages(client, "orders")
	ctx, cancel := context.WithCancel(t.Context())
	outcome, err := store.Handle(ctx, "1", func(context.Context) bool { cancel(); return true })
	require.NoError(t, err)
	assert.Equal(t, webhooks.Handled, outcome)
	outcome, err = store.Handle(t.Context(), "1", func(context.Context) bool { panic("handled twice") })
	require.NoError(t, err)
	assert.Equal(t, webhooks.Duplicate, outcome)
}

// If Redis is down, no message is handled and the sender gets an error. If it
// goes down after a message was handled, the sender gets the handler's response
// and the error is logged.
func TestMessagesFails(t *testing.T) {
	captured := captureLog(t)
	client := startServer(t)
	calls := 0
	disconnect := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		require.NoError(t, client.Close())
		return events.APIGatewayProxyResponse{StatusCode: http.StatusAccepted}, nil
	}
	got, err := send(t, redisstore.NewMessages(client, "orders"), "1", disconnect)
	require.NoError(t, err)
	assert.Equal(t, http.StatusAccepted, got)
	assert.Contains(t, captured.String(), `level=ERROR msg="recording a message failed" function=orders handled=true`)

	_, err = send(t, redisstore.NewMessages(client, "orders"), "2", respond(http.StatusOK, &calls))
	assert.ErrorContains(t, err, "webhooks: message store: redisstore: ")
	assert.Zero(t, calls)
}

// Only one of many concurrent instances handles a message.
func TestMessagesConcurrency(t *testing.T) {
	client := startServer(t)
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
	t.Logf("%d instances reported Busy", busy.Load())
}

func Example() {
	client := redis.NewClient(&redis.Options{Addr: os.Getenv("REDIS_ADDR")})
	defer func() { _ = client.Close() }()

	handle := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return fn.JSON(http.StatusOK, "done")
	}
	var handler = fn.Chain(handle,
		ratelimit.Require(ratelimit.PerMinute(100), ratelimit.Options{
			Limiter: redisstore.NewLimiter(client, "orders"),
		}),
		webhooks.Require(webhooks.Stripe, webhooks.Options{
			SecretEnv: "STRIPE_WEBHOOK_SECRET",
		}),
		webhooks.Once(redisstore.NewMessages(client, "orders")),
	)
	_ = handler // lambda.Start(handler)
}

func BenchmarkLimiter(b *testing.B) {
	client := startServer(b)
	limiter := redisstore.NewLimiter(client, "orders")
	limiter.Timeout = time.Minute
	for b.Loop() {
		if _, err := limiter.Take(b.Context(), "key", ratelimit.PerSecond(1_000_000)); err != nil {
			b.Fatal(err)
		}
	}
}

// A batch that is delivered to two instances at once is handled once.
func TestQueue(t *testing.T) {
	captureLog(t)
	client := startServer(t)
	var handled [20]atomic.Int32
	event := fntest.SQS()
	for i := range handled {
		event.Records = append(event.Records, fntest.SQS(i).Records...)
		event.Records[i].MessageId = fmt.Sprint(i)
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			handler := queue.Each(queue.Once(redisstore.NewMessages(client, "orders"),
				func(_ context.Context, m queue.Message[int]) error {
					handled[m.Body].Add(1)
					return nil
				}), queue.Concurrency(4))
			for remaining := event; len(remaining.Records) > 0; { // as SQS delivers it again
				response, _ := handler(t.Context(), remaining)
				var failed []events.SQSMessage
				for _, i := range fntest.Failed(remaining, response) {
					failed = append(failed, remaining.Records[i])
				}
				remaining.Records = failed
			}
		})
	}
	wg.Wait()
	for i := range handled {
		assert.EqualValues(t, 1, handled[i].Load(), i)
	}
}
