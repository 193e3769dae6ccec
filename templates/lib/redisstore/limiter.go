// Package redisstore keeps state in Redis that all instances of a function
// share: the counters of package ratelimit and the handled messages of
// webhooks.Once.
//
//	var client = redis.NewClient(&redis.Options{Addr: os.Getenv("REDIS_ADDR")})
//
//	var Handler = fn.Chain(handle,
//		ratelimit.Require(ratelimit.PerMinute(100), ratelimit.Options{
//			Limiter: redisstore.NewLimiter(client, "orders"),
//		}),
//		webhooks.Require(webhooks.Stripe, webhooks.Options{
//			SecretEnv: "STRIPE_WEBHOOK_SECRET",
//		}),
//		webhooks.Once(redisstore.NewMessages(client, "orders")),
//	)
//
// It needs Redis 5 or later, or a compatible server with Lua scripts. Each
// operation is one script on one key, so it works with Redis Cluster. Client
// keys and message IDs are stored as hashes.
package redisstore

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fngen/fngen/templates/lib/ratelimit"
)

// A Limiter is a ratelimit.Limiter whose buckets are in Redis.
type Limiter struct {
	// Timeout is how long Take waits for Redis. It defaults to 250
	// milliseconds. After the timeout, Take fails; ratelimit.Options.FailClosed
	// determines whether the request is then rejected.
	Timeout time.Duration

	// Now returns the current time. It defaults to the clock of the Redis
	// server, which all instances share.
	Now func() time.Time

	client redis.Scripter
	name   string
}

// NewLimiter returns a Limiter. Limiters with the same name share their
// buckets.
func NewLimiter(client redis.Scripter, name string) *Limiter {
	return &Limiter{client: client, name: name}
}

// Take implements ratelimit.Limiter.
func (l *Limiter) Take(ctx context.Context, key string, rate ratelimit.Rate) (ratelimit.Result, error) {
	timeout := l.Timeout
	if timeout <= 0 {
		timeout = 250 * time.Millisecond
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	now := ""
	if l.Now != nil {
		now = strconv.FormatInt(l.Now().UnixMicro(), 10)
	}
	interval := float64(rate.Per.Microseconds()) / float64(rate.Requests)
	done := make(chan *redis.Cmd, 1)
	// The client ignores the deadline of the context unless its option
	// ContextTimeoutEnabled is set.
	go func() {
		done <- takeScript.Run(ctx, l.client, []string{redisKey("ratelimit", l.name, key)}, interval, rate.Size(), now)
	}()
	var (
		reply []int64
		err   error
	)
	select {
	case <-ctx.Done():
		err = ctx.Err()
	case cmd := <-done:
		reply, err = cmd.Int64Slice()
	}
	if err == nil && len(reply) != 3 {
		err = fmt.Errorf("script returned %d values, want 3", len(reply))
	}
	if err != nil {
		return ratelimit.Result{}, fmt.Errorf("redisstore: %w", err)
	}
	return ratelimit.Result{
		Allowed:   reply[0] == 1,
		Remaining: int(reply[1]),
		Next:      time.Duration(reply[2]) * time.Microsecond,
	}, nil
}

// takeScript takes a token from a bucket, like ratelimit.Memory. The value of
// the key is the time, in microseconds, at which the bucket is full again. The
// key expires at that time.
var takeScript = redis.NewScript(`
local interval, size, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if not now then
	local time = redis.call('TIME')
	now = time[1] * 1000000 + time[2]
end
local refill = interval * size
local fullAt = tonumber(redis.call('GET', KEYS[1]) or '') or now
-- If the clock went back or the rate changed, the bucket is at worst empty.
local missing = math.min(math.max(fullAt - now, 0), refill)
local allowed = 0
if missing + interval <= refill + 0.5 then -- intervals are not whole microseconds
	allowed = 1
	missing = missing + interval
	redis.call('SET', KEYS[1], string.format('%.3f', now + missing), 'PX', math.ceil(missing / 1000))
end
local remaining = math.floor(math.max(refill - missing + 0.5, 0) / interval)
return {allowed, remaining, math.max(math.ceil(missing - (refill - (remaining + 1) * interval)), 1)}
`)

// redisKey returns the name of a key in Redis.
func redisKey(kind, name, key string) string {
	sum := sha256.Sum256([]byte(key))
	return kind + ":" + name + ":" + base64.RawURLEncoding.EncodeToString(sum[:])
}
