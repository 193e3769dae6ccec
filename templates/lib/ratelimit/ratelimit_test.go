package ratelimit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/lib/ipallow"
	"github.com/fngen/fngen/templates/lib/ratelimit"
)

func requestFrom(address string) events.APIGatewayProxyRequest {
	return events.APIGatewayProxyRequest{
		Path: "/orders",
		RequestContext: events.APIGatewayProxyRequestContext{
			Identity: events.APIGatewayRequestIdentity{SourceIP: address},
		},
	}
}

func handle(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	return fn.JSON(http.StatusOK, "in")
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

// A clock moves only when it is advanced.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(1_750_000_000, c.at.Load()) }
func (c *clock) advance(d time.Duration) { c.at.Add(int64(d)) }
func (c *clock) memory(keys int) *ratelimit.Memory {
	m := ratelimit.NewMemory(keys)
	m.Now = c.now
	return m
}

// TestRequire checks the status and the headers of successive requests.
func TestRequire(t *testing.T) {
	type step struct {
		after     time.Duration // since the previous request
		status    int
		retry     string // the header Retry-After
		rateLimit string // the header RateLimit
	}
	ok, rejected := http.StatusOK, http.StatusTooManyRequests
	tests := map[string]struct {
		rate   ratelimit.Rate
		policy string
		steps  []step
	}{
		"two per second": {ratelimit.PerSecond(2), `"default";q=2;w=1`, []step{
			{0, ok, "", `"default";r=1;t=1`},
			{0, ok, "", `"default";r=0;t=1`},
			{0, rejected, "1", `"default";r=0;t=1`},
			{500*time.Millisecond - 1, rejected, "1", `"default";r=0;t=1`},
			{1, ok, "", `"default";r=0;t=1`},
			{time.Hour, ok, "", `"default";r=1;t=1`},
		}},
		"one per hour": {ratelimit.PerHour(1), `"default";q=1;w=3600`, []step{
			{0, ok, "", `"default";r=0;t=3600`},
			{time.Second, rejected, "3599", `"default";r=0;t=3599`},
			{1500 * time.Millisecond, rejected, "3598", `"default";r=0;t=3598`},
			{time.Hour - 2500*time.Millisecond, ok, "", `"default";r=0;t=3600`},
		}},
		"burst of three": {ratelimit.PerMinute(6).WithBurst(3), `"default";q=3;w=30`, []step{
			{0, ok, "", `"default";r=2;t=10`},
			{0, ok, "", `"default";r=1;t=10`},
			{5 * time.Second, ok, "", `"default";r=0;t=5`},
			{0, rejected, "5", `"default";r=0;t=5`},
			{5 * time.Second, ok, "", `"default";r=0;t=10`},
			{9 * time.Second, rejected, "1", `"default";r=0;t=1`},
			{time.Second, ok, "", `"default";r=0;t=10`},
			{24 * time.Hour, ok, "", `"default";r=2;t=10`},
		}},
		"burst of one": {ratelimit.PerSecond(3).WithBurst(1), `"default";q=1;w=1`, []step{
			{0, ok, "", `"default";r=0;t=1`},
			{0, rejected, "1", `"default";r=0;t=1`},
			{334 * time.Millisecond, ok, "", `"default";r=0;t=1`},
		}},
		"one per day": {ratelimit.Rate{Requests: 1, Per: 24 * time.Hour}, `"default";q=1;w=86400`, []step{
			{0, ok, "", `"default";r=0;t=86400`},
			{0, rejected, "86400", `"default";r=0;t=86400`},
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			captured := captureLog(t)
			c := &clock{}
			handler := fn.Chain(handle, ratelimit.Require(tt.rate, ratelimit.Options{Limiter: c.memory(1)}))
			for i, s := range tt.steps {
				c.advance(s.after)
				response, err := handler(t.Context(), requestFrom("203.0.113.7"))
				require.NoError(t, err)
				assert.Equal(t, s.status, response.StatusCode, i)
				assert.Equal(t, s.retry, response.Headers["Retry-After"], i)
				assert.Equal(t, s.rateLimit, response.Headers["RateLimit"], i)
				assert.Equal(t, tt.policy, response.Headers["RateLimit-Policy"], i)
				assert.Equal(t, "application/json", response.Headers["Content-Type"], i)
				assert.Equal(t, s.status == rejected, captured.Len() > 0, i)
				if s.status == rejected {
					assert.JSONEq(t, `{"message":"Too Many Requests"}`, response.Body)
					assert.Contains(t, captured.String(), `msg="rate limit exceeded" path=/orders limit=default`)
					captured.Reset()
				}

				other := fn.Chain(handle, ratelimit.Require(tt.rate, ratelimit.Options{}))
				response, err = other(t.Context(), requestFrom("203.0.113.8"))
				require.NoError(t, err)
				assert.Equal(t, ok, response.StatusCode, "limits share a bucket")
			}
		})
	}
}

// TestKeys checks which pairs of requests share a bucket.
func TestKeys(t *testing.T) {
	type userKey struct{}
	as := func(id, address string) (context.Context, events.APIGatewayProxyRequest) {
		return context.WithValue(t.Context(), userKey{}, id), requestFrom(address)
	}
	byAddress := ratelimit.ByAddress(ipallow.Source{})
	byUser := ratelimit.ByUser(func(ctx context.Context) string {
		id, _ := ctx.Value(userKey{}).(string)
		return id
	}, byAddress)

	for name, tt := range map[string]struct {
		key  ratelimit.Key
		a, b [2]string // user and address
		same bool
	}{
		"same address":        {byAddress, [2]string{"", "203.0.113.7"}, [2]string{"", "203.0.113.7"}, true},
		"address, other user": {byAddress, [2]string{"1", "203.0.113.7"}, [2]string{"2", "203.0.113.7"}, true},
		"IPv4-mapped":         {byAddress, [2]string{"", "203.0.113.7"}, [2]string{"", "::ffff:203.0.113.7"}, true},
		"other address":       {byAddress, [2]string{"", "203.0.113.7"}, [2]string{"", "203.0.113.8"}, false},
		"same /64 network": {
			byAddress, [2]string{"", "2001:db8:1:2::1"}, [2]string{"", "2001:db8:1:2:ffff::9"}, true,
		},
		"other /64 network": {
			byAddress, [2]string{"", "2001:db8:1:2::1"}, [2]string{"", "2001:db8:1:3::1"}, false,
		},
		"IPv6 and IPv4":          {byAddress, [2]string{"", "3230:3330::1"}, [2]string{"", "50.48.51.48"}, false},
		"no address":             {byAddress, [2]string{"", ""}, [2]string{"", "unknown"}, true},
		"no address and address": {byAddress, [2]string{"", ""}, [2]string{"", "203.0.113.7"}, false},
		"same user":              {byUser, [2]string{"1", "203.0.113.7"}, [2]string{"1", "203.0.113.8"}, true},
		"other user":             {byUser, [2]string{"1", "203.0.113.7"}, [2]string{"2", "203.0.113.7"}, false},
		"anonymous, same":        {byUser, [2]string{"", "203.0.113.7"}, [2]string{"", "203.0.113.7"}, true},
		"anonymous, other":       {byUser, [2]string{"", "203.0.113.7"}, [2]string{"", "203.0.113.8"}, false},
		"user like anonymous": {
			byUser, [2]string{"", "203.0.113.7"}, [2]string{"anonymous4\xcb\x00q\x07", "203.0.113.7"}, false,
		},
		"user like address": {byUser, [2]string{"4\xcb\x00q\x07", "1.1.1.1"}, [2]string{"", "203.0.113.7"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			captureLog(t)
			assert.Equal(t, tt.same, tt.key(as(tt.a[0], tt.a[1])) == tt.key(as(tt.b[0], tt.b[1])))

			handler := fn.Chain(handle, ratelimit.Require(ratelimit.PerHour(1), ratelimit.Options{Key: tt.key}))
			first, err := handler(as(tt.a[0], tt.a[1]))
			require.NoError(t, err)
			assert.Equal(t, http.StatusOK, first.StatusCode)
			second, err := handler(as(tt.b[0], tt.b[1]))
			require.NoError(t, err)
			assert.Equal(t, tt.same, second.StatusCode == http.StatusTooManyRequests)
		})
	}
}

// A client cannot get a new bucket with a forged header.
func TestForwardedAddress(t *testing.T) {
	captureLog(t)
	key := ratelimit.ByAddress(ipallow.Source{Proxies: ipallow.MustParse("10.0.0.1")})
	for peer, status := range map[string]int{"203.0.113.7": http.StatusTooManyRequests, "10.0.0.1": http.StatusOK} {
		handler := fn.Chain(handle, ratelimit.Require(ratelimit.PerHour(1), ratelimit.Options{Key: key}))
		for i, want := range []int{http.StatusOK, status, status} {
			event := requestFrom(peer)
			event.Headers = map[string]string{"X-Forwarded-For": fmt.Sprintf("192.0.2.1, 198.51.100.%d", i)}
			response, err := handler(t.Context(), event)
			require.NoError(t, err)
			assert.Equal(t, want, response.StatusCode, peer)
		}
	}
}

// A brokenLimiter always fails.
type brokenLimiter struct{}

func (brokenLimiter) Take(context.Context, string, ratelimit.Rate) (ratelimit.Result, error) {
	return ratelimit.Result{}, errors.New("connection refused")
}

func TestLimiterFails(t *testing.T) {
	for failClosed, want := range map[bool]int{false: http.StatusOK, true: http.StatusServiceUnavailable} {
		captured := captureLog(t)
		options := ratelimit.Options{Limiter: brokenLimiter{}, FailClosed: failClosed}
		handler := fn.Chain(handle, ratelimit.Require(ratelimit.PerSecond(1), options))
		for range 3 {
			response, err := handler(t.Context(), requestFrom("203.0.113.7"))
			require.NoError(t, err)
			assert.Equal(t, want, response.StatusCode)
			assert.NotContains(t, response.Body, "refused", "the response contains the reason")
			assert.NotContains(t, response.Headers, "RateLimit")
			want := `level=ERROR msg="rate limiter failed" path=/orders reason="connection refused"`
			assert.Contains(t, captured.String(), want)
		}
	}
}

// Two limits in a chain are both enforced and both appear in the headers.
func TestTwoLimits(t *testing.T) {
	captureLog(t)
	memory := ratelimit.NewMemory(10)
	handler := fn.Chain(handle,
		ratelimit.Require(ratelimit.PerHour(3), ratelimit.Options{Name: "hour", Limiter: memory}),
		ratelimit.Require(ratelimit.PerSecond(2), ratelimit.Options{Name: "second", Limiter: memory}),
	)
	for _, want := range []struct {
		status           int
		rateLimit, retry string
	}{
		{http.StatusOK, `"hour";r=2;t=\d+, "second";r=1;t=1`, ""},
		{http.StatusOK, `"hour";r=1;t=\d+, "second";r=0;t=1`, ""},
		{http.StatusTooManyRequests, `"hour";r=0;t=\d+, "second";r=0;t=1`, "1"},
		{http.StatusTooManyRequests, `"hour";r=0;t=\d+`, `\d{4}`},
	} {
		response, err := handler(t.Context(), requestFrom("203.0.113.7"))
		require.NoError(t, err)
		assert.Equal(t, want.status, response.StatusCode)
		assert.Regexp(t, regexp.MustCompile("^"+want.rateLimit+"$"), response.Headers["RateLimit"])
		assert.Regexp(t, regexp.MustCompile("^"+want.retry+"$"), response.Headers["Retry-After"])
	}
}

// Require modifies neither the response that the handler returned, which may be
// shared by concurrent requests, nor its error.
func TestHandlerResponseIsNotModified(t *testing.T) {
	headers := map[string]string{"X-Own": "1"}
	brew := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{StatusCode: http.StatusTeapot, Headers: headers, Body: "tea"}, nil
	}
	handler := fn.Chain(brew, ratelimit.Require(ratelimit.PerSecond(1000), ratelimit.Options{}))
	var all sync.WaitGroup
	for range 10 {
		all.Add(1)
		go func() {
			defer all.Done()
			response, err := handler(t.Context(), requestFrom("203.0.113.7"))
			assert.NoError(t, err)
			assert.Equal(t, http.StatusTeapot, response.StatusCode)
			assert.Equal(t, "tea", response.Body)
			assert.Equal(t, "1", response.Headers["X-Own"])
			assert.NotEmpty(t, response.Headers["RateLimit"])
		}()
	}
	all.Wait()
	assert.Len(t, headers, 1)

	broken := errors.New("broken")
	fail := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{}, broken
	}
	handler = fn.Chain(fail, ratelimit.Require(ratelimit.PerSecond(1), ratelimit.Options{}))
	_, err := handler(t.Context(), requestFrom("203.0.113.7"))
	assert.Equal(t, broken, err)
}

func TestInvalidConfiguration(t *testing.T) {
	for want, rate := range map[string]ratelimit.Rate{
		"ratelimit: rate of 0 requests, want 1 to 1000000":             ratelimit.PerSecond(0),
		"ratelimit: rate of -1 requests, want 1 to 1000000":            ratelimit.PerMinute(-1),
		"ratelimit: rate of 1000001 requests, want 1 to 1000000":       ratelimit.PerHour(1_000_001),
		"ratelimit: burst of -2 requests, want 1 to 1000000":           ratelimit.PerSecond(1).WithBurst(-2),
		"ratelimit: burst of 1000001 requests, want 1 to 1000000":      ratelimit.PerSecond(1).WithBurst(1_000_001),
		"ratelimit: rate per 0s, want one second to one year":          {Requests: 1},
		"ratelimit: rate per 999ms, want one second to one year":       {Requests: 1, Per: 999 * time.Millisecond},
		"ratelimit: rate per 8808h0m0s, want one second to one year":   {Requests: 1, Per: 367 * 24 * time.Hour},
		"ratelimit: burst of 400 requests takes over a year to refill": {Requests: 1, Per: 24 * time.Hour, Burst: 400},
	} {
		assert.PanicsWithValue(t, want, func() { ratelimit.Require(rate, ratelimit.Options{}) })
	}
	for _, name := range []string{"a\"b", "a\\b", "a\r\nX-Evil: 1", "a\x00", "ä", "a\x7f"} {
		assert.Panics(t, func() { ratelimit.Require(ratelimit.PerSecond(1), ratelimit.Options{Name: name}) }, name)
	}
	assert.NotPanics(t, func() { ratelimit.Require(ratelimit.PerSecond(1), ratelimit.Options{Name: "per user; r=1, ~"}) })
}

func TestSent(t *testing.T) {
	captureLog(t)
	for _, test := range []struct {
		name       string
		sent       int
		status     int
		retryAfter string
	}{
		{"none", 0, http.StatusOK, ""},
		{"one below the limit", 4, http.StatusOK, ""},
		{"the limit", 5, http.StatusTooManyRequests, "1"},
		{"far above the limit", 500, http.StatusTooManyRequests, "1"},
		{"a negative number", -1, http.StatusOK, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			options := ratelimit.Options{Limiter: brokenLimiter{}, FailClosed: true}
			handler := fn.Chain(handle, ratelimit.Require(ratelimit.PerSecond(5), options))
			for range 10 {
				response, err := handler(ratelimit.Sent(test.sent)(t.Context()), requestFrom("203.0.113.7"))
				require.NoError(t, err)
				assert.Equal(t, test.status, response.StatusCode)
				assert.Equal(t, test.retryAfter, response.Headers["Retry-After"])
			}
		})
	}
}

// Concurrent requests do not exceed the limit.
func TestConcurrentRequests(t *testing.T) {
	captureLog(t)
	c := &clock{}
	handler := fn.Chain(handle, ratelimit.Require(ratelimit.PerMinute(50), ratelimit.Options{Limiter: c.memory(1000)}))
	var passed [20]atomic.Int64
	var all sync.WaitGroup
	for i := range 100 {
		all.Add(1)
		go func() {
			defer all.Done()
			for range 20 {
				response, err := handler(t.Context(), requestFrom(fmt.Sprintf("203.0.113.%d", i%20)))
				if assert.NoError(t, err) && response.StatusCode == http.StatusOK {
					passed[i%20].Add(1)
				}
			}
		}()
	}
	all.Wait()
	for i := range passed {
		assert.EqualValues(t, 50, passed[i].Load(), i)
	}
}

// FuzzMemory checks that a Memory behaves like the token buckets of
// golang.org/x/time/rate.
func FuzzMemory(f *testing.F) {
	f.Add(uint16(2), uint8(0), uint16(0), []byte{0, 0, 0, 100, 200})
	f.Add(uint16(60), uint8(1), uint16(10), []byte{1, 0, 255, 255, 0, 0})
	f.Add(uint16(1), uint8(2), uint16(1), []byte{0, 255, 255})
	f.Fuzz(func(t *testing.T, requests uint16, unit uint8, burst uint16, waits []byte) {
		r := ratelimit.Rate{
			Requests: int(requests), Burst: int(burst),
			Per: []time.Duration{time.Second, time.Minute, time.Hour}[unit%3],
		}
		if r.Check() != nil {
			return
		}
		c := &clock{}
		m := c.memory(10)
		interval := r.Per / time.Duration(r.Requests)
		want := rate.NewLimiter(rate.Every(interval), r.Size())
		for _, wait := range waits {
			c.advance(time.Duration(wait) * interval / 64) // up to four tokens
			const slack = 1e-3
			before := want.TokensAt(c.now())
			got, err := m.Take(t.Context(), "key", r)
			require.NoError(t, err)
			if before < 1-slack || before >= 1+slack { // closer to 1, rounding decides
				require.Equal(t, before >= 1, got.Allowed)
			}
			if got.Allowed {
				want.ReserveN(c.now(), 1)
			}
			after := want.TokensAt(c.now())
			require.InDelta(t, after-0.5, float64(got.Remaining), 0.5+slack)
			require.InDelta(t, float64(got.Remaining+1)-after, float64(got.Next)/float64(interval), slack)
			require.Positive(t, got.Next)
			require.LessOrEqual(t, got.Next, interval)
		}
	})
}

// A flood of keys gives no client a token back.
func TestFloodOfKeys(t *testing.T) {
	c := &clock{}
	m := c.memory(1000)
	limit := ratelimit.PerHour(3)
	take := func(key string) bool {
		result, err := m.Take(t.Context(), key, limit)
		require.NoError(t, err)
		return result.Allowed
	}
	for range 3 {
		require.True(t, take("mine"))
	}
	require.False(t, take("mine"))

	passed := 0
	for i := range 200_000 {
		if take(strconv.Itoa(i)) {
			passed++
		}
		if i%100 == 0 {
			require.False(t, take("mine"), "after %d others", i)
		}
	}
	const buckets = 2048
	assert.LessOrEqual(t, passed, 3*buckets, "allowed more requests than the buckets have tokens")
	assert.GreaterOrEqual(t, passed, 3*1000)

	c.advance(20 * time.Minute)
	assert.True(t, take("mine"), "no token after its interval")
	c.advance(time.Hour)
	for i := range 1000 {
		assert.True(t, take("new"+strconv.Itoa(i)), "a full bucket that was taken over rejected a request")
	}
}

// Limits that share a Memory have separate buckets, and a bucket that one limit
// takes over from the other stays valid.
func TestSharedMemory(t *testing.T) {
	c := &clock{}
	m := c.memory(1)
	small, large := ratelimit.PerHour(1), ratelimit.PerMinute(100).WithBurst(7)
	for range 7 {
		result, _ := m.Take(t.Context(), "key", large)
		require.True(t, result.Allowed)
	}
	first, _ := m.Take(t.Context(), "key", small)
	require.True(t, first.Allowed)
	second, _ := m.Take(t.Context(), "key", small)
	require.False(t, second.Allowed)

	for i := range 10_000 { // in 1024 buckets
		result, _ := m.Take(t.Context(), strconv.Itoa(i), large)
		require.LessOrEqual(t, result.Remaining, 6)
		result, _ = m.Take(t.Context(), strconv.Itoa(i), small)
		require.Zero(t, result.Remaining)
	}
}

const million = 1_000_000

// address returns one of a million addresses.
func address(i int) string {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}).String()
}

// A Memory has the documented size, and Take allocates nothing.
func TestMemoryIsBounded(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before := heap()
	m := ratelimit.NewMemory(million)
	assert.Less(t, heap()-before, uint64(34<<20))
	allocs := testing.AllocsPerRun(1000, func() {
		_, _ = m.Take(t.Context(), address(rand.IntN(million)), ratelimit.PerSecond(10))
	})
	allocs -= testing.AllocsPerRun(1000, func() { _ = address(rand.IntN(million)) })
	assert.Zero(t, allocs)
	runtime.KeepAlive(m)
}

// BenchmarkRequire compares requests of a million clients with and without a
// limit.
func BenchmarkRequire(b *testing.B) {
	static := events.APIGatewayProxyResponse{
		StatusCode: http.StatusOK,
		Headers:    map[string]string{"Content-Type": "text/plain"},
	}
	bare := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return static, nil
	}
	for name, handler := range map[string]fn.Handler{
		"bare":    bare,
		"limited": fn.Chain(bare, ratelimit.Require(ratelimit.PerSecond(1000), ratelimit.Options{Limiter: filledMemory()})),
	} {
		b.Run(name, func(b *testing.B) {
			requests := make([]events.APIGatewayProxyRequest, 1<<14)
			for i := range requests {
				requests[i] = requestFrom(address(rand.IntN(million)))
			}
			ctx := b.Context()
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				response, err := handler(ctx, requests[i&(1<<14-1)])
				if err != nil || response.StatusCode != http.StatusOK {
					b.Fatal(response, err)
				}
			}
		})
	}
}

func BenchmarkMemory(b *testing.B) {
	m := filledMemory()
	key := ratelimit.ByAddress(ipallow.Source{})
	keys := make([]string, million)
	for i := range keys {
		keys[i] = key(b.Context(), requestFrom(address(i)))
	}
	rand.Shuffle(million, func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	limit := ratelimit.PerSecond(1000)
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		_, _ = m.Take(context.Background(), keys[i%million], limit)
	}
}

// filledMemory returns a Memory with a million keys.
func filledMemory() *ratelimit.Memory {
	m := ratelimit.NewMemory(million)
	key := ratelimit.ByAddress(ipallow.Source{})
	for i := range million {
		_, _ = m.Take(context.Background(), key(context.Background(), requestFrom(address(i))), ratelimit.PerSecond(1000))
	}
	return m
}
