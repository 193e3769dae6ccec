// Package redisstore keeps in Redis what the instances of a function have to know together: how many
// requests they took, for package ratelimit, and which messages they handled, for webhooks.Once.
//
//	var client = redis.NewClient(&redis.Options{Addr: os.Getenv("REDIS_ADDR")})
//
//	var Handler = fn.Chain(handle,
//		ratelimit.Require(ratelimit.PerMinute(100), ratelimit.Options{Limiter: redisstore.NewLimiter(client, "orders")}),
//		webhooks.Require(webhooks.Stripe, webhooks.Options{SecretEnv: "STRIPE_WEBHOOK_SECRET"}),
//		webhooks.Once(redisstore.NewMessages(client, "orders")),
//	)
//
// It needs Redis 5 or later, or what speaks its protocol, scripts included. Each request is one script on one key, so
// that a cluster will do. Keys of callers and ids of messages are hashed: Redis learns neither.
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
	// Timeout is how long a request waits for Redis: 250 milliseconds where it is zero. After that the
	// limiter has failed, and ratelimit.Options.FailClosed says what becomes of the request.
	Timeout time.Duration

	// Now is the clock. Where it is nil, it is Redis's own, which all instances share.
	Now func() time.Time

	client redis.Scripter
	name   string
}

// NewLimiter is a Limiter with the name of what it limits. Limits of one name have the same buckets.
func NewLimiter(client redis.Scripter, name string) *Limiter {
	return &Limiter{client: client, name: name}
}

// Take is as ratelimit.Limiter has it.
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
	go func() { // a client heeds a context's end only where its options say so
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
		err = fmt.Errorf("unexpected reply of %d values", len(reply))
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

// takeScript takes a token from a bucket, as ratelimit.Memory does. The bucket is the time, in microseconds, at
// which it is full again, and gone by then.
var takeScript = redis.NewScript(`
local interval, size, now = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if not now then
	local time = redis.call('TIME')
	now = time[1] * 1000000 + time[2]
end
local fill = interval * size
local full = tonumber(redis.call('GET', KEYS[1]) or '') or now
-- A clock that went back, or a rate that changed, leaves nobody with less than an empty bucket.
local missing = math.min(math.max(full - now, 0), fill)
local allowed = 0
if missing + interval <= fill + 0.5 then -- intervals are no whole numbers
	allowed = 1
	missing = missing + interval
	redis.call('SET', KEYS[1], string.format('%.3f', now + missing), 'PX', math.ceil(missing / 1000))
end
local remaining = math.floor(math.max(fill - missing + 0.5, 0) / interval)
return {allowed, remaining, math.max(math.ceil(missing - (fill - (remaining + 1) * interval)), 1)}
`)

// redisKey is a key in Redis, of a kind and a name.
func redisKey(kind, name, key string) string {
	sum := sha256.Sum256([]byte(key))
	return kind + ":" + name + ":" + base64.RawURLEncoding.EncodeToString(sum[:])
}
