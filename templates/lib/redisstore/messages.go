package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fngen/fngen/templates/lib/once"
)

// ErrLeaseLost is the cause of a canceled handler context if the lease on its
// message expired. Another instance may be handling the message too.
var ErrLeaseLost = errors.New("redisstore: lost the lease on the message")

// Messages is a once.Store. While an instance handles a message, it holds a
// lease on the message and renews it. If the instance dies, the lease expires.
type Messages struct {
	// Lease is how long a lease lasts unless it is renewed. If an instance dies,
	// its message can be handled again after that time. It defaults to a minute.
	Lease time.Duration

	// Keep is how long a handled message is remembered. It defaults to a week,
	// which is longer than providers retry.
	Keep time.Duration

	client    redis.Scripter
	function  string
	newTicker func(interval time.Duration) (ticks <-chan time.Time, stop func())
}

// NewMessages returns a store for the messages of one function.
func NewMessages(client redis.Scripter, function string) *Messages {
	newTicker := func(interval time.Duration) (<-chan time.Time, func()) {
		ticker := time.NewTicker(interval)
		return ticker.C, ticker.Stop
	}
	return &Messages{client: client, function: function, newTicker: newTicker}
}

// Results of acquireScript.
const (
	acquired = iota
	leased   // by another instance
	handled
)

// Handle implements once.Store.
func (m *Messages) Handle(ctx context.Context, id string, handle func(context.Context) bool) (once.Outcome, error) {
	l := lease{
		client:   m.client,
		key:      redisKey("message", m.function, id),
		token:    rand.Text(),
		duration: orDefault(m.Lease, time.Minute),
	}
	state, err := acquireScript.Run(ctx, m.client, []string{l.key}, l.token, l.duration.Milliseconds()).Int()
	switch {
	case err != nil:
		return once.Busy, fmt.Errorf("redisstore: %w", err)
	case state == handled:
		return once.Duplicate, nil
	case state == leased:
		return once.Busy, nil
	}

	handlerCtx, cancel := context.WithCancelCause(ctx)
	ticks, stopTicks := m.newTicker(l.duration / 3)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		l.renew(handlerCtx, ticks, cancel)
	}()
	done := false
	defer func() { // also runs if handle panics
		cancel(nil)
		stopTicks()
		<-stopped
		if err := l.release(ctx, done, orDefault(m.Keep, 7*24*time.Hour)); err != nil {
			// Only log the error. If the sender received it, it would send the
			// message again although it was handled.
			slog.ErrorContext(ctx, "recording a message failed", "function", m.function, "handled", done, "reason", err)
		}
	}()
	done = handle(handlerCtx)
	return once.Handled, nil
}

func orDefault(d, defaultValue time.Duration) time.Duration {
	if d <= 0 {
		return defaultValue
	}
	return d
}

// A lease gives one instance the right to handle a message.
type lease struct {
	client     redis.Scripter
	key, token string // token identifies the holder
	duration   time.Duration
}

// renew renews the lease on each tick until ctx ends. If the lease is lost, it
// calls cancel.
func (l lease) renew(ctx context.Context, ticks <-chan time.Time, cancel context.CancelCauseFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
		// If Redis fails, try again on the next tick: the lease lasts for three
		// ticks.
		held, err := renewScript.Run(ctx, l.client, []string{l.key}, l.token, l.duration.Milliseconds()).Bool()
		if err == nil && !held {
			cancel(ErrLeaseLost)
			return
		}
	}
}

// release records that the message was handled, or else deletes the lease. It
// ignores cancellation of ctx, because the request may have ended.
func (l lease) release(ctx context.Context, done bool, keep time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if done {
		// Record it even if the lease was lost: the message was handled.
		return doneScript.Run(ctx, l.client, []string{l.key}, keep.Milliseconds()).Err()
	}
	return releaseScript.Run(ctx, l.client, []string{l.key}, l.token).Err()
}

// acquireScript acquires the lease on a message. It succeeds again for the same
// holder, because the client retries a command whose reply was lost.
var acquireScript = redis.NewScript(`
local holder = redis.call('GET', KEYS[1])
if holder == 'done' then
	return 2
elseif holder and holder ~= ARGV[1] then
	return 1
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 0
`)

var renewScript = redis.NewScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
	return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`)

var doneScript = redis.NewScript(`
redis.call('SET', KEYS[1], 'done', 'PX', ARGV[1])
return 1
`)

var releaseScript = redis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then
	redis.call('DEL', KEYS[1])
end
return 1
`)
