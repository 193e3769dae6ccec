package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/fngen/fngen/templates/lib/webhooks"
)

// ErrLeaseLost is the cause of a message's context whose lease ended while it was being handled: another
// instance may be handling it too.
var ErrLeaseLost = errors.New("redisstore: the lease of the message is lost")

// Messages is a webhooks.Store. An instance that handles a message has a lease of it, which it renews, and
// which ends by itself where the instance dies.
type Messages struct {
	// Lease is how long a message stays taken after its instance died: a minute where it is zero.
	Lease time.Duration

	// Keep is how long a message that was handled is remembered: a week where it is zero, which is longer
	// than providers go on trying.
	Keep time.Duration

	client   redis.Scripter
	function string
	ticks    func(every time.Duration) (ticks <-chan time.Time, stop func())
}

// NewMessages is a store of the messages of one function.
func NewMessages(client redis.Scripter, function string) *Messages {
	return &Messages{client: client, function: function, ticks: func(every time.Duration) (<-chan time.Time, func()) {
		ticker := time.NewTicker(every)
		return ticker.C, ticker.Stop
	}}
}

// What becomes of a claim.
const (
	claimed = iota
	taken
	handled
)

// Handle is as webhooks.Store has it.
func (m *Messages) Handle(ctx context.Context, id string, handle func(context.Context) bool) (webhooks.Outcome, error) {
	lease := claim{
		client: m.client,
		key:    redisKey("message", m.function, id),
		token:  rand.Text(),
		lasts:  orElse(m.Lease, time.Minute),
	}
	state, err := claimScript.Run(ctx, m.client, []string{lease.key}, lease.token, lease.lasts.Milliseconds()).Int()
	switch {
	case err != nil:
		return webhooks.Busy, fmt.Errorf("redisstore: %w", err)
	case state == handled:
		return webhooks.Duplicate, nil
	case state == taken:
		return webhooks.Busy, nil
	}

	working, cancel := context.WithCancelCause(ctx)
	ticks, stopTicks := m.ticks(lease.lasts / 3)
	renewing := make(chan struct{})
	go func() {
		defer close(renewing)
		lease.renew(working, ticks, cancel)
	}()
	done := false
	defer func() { // of a panic too
		cancel(nil)
		stopTicks()
		<-renewing
		if err := lease.end(ctx, done, orElse(m.Keep, 7*24*time.Hour)); err != nil {
			// The sender hears of what the handler did all the same: told of a failure, it would send
			// again what was handled.
			slog.ErrorContext(ctx, "what became of a message is not recorded", "function", m.function, "handled", done, "reason", err)
		}
	}()
	done = handle(working)
	return webhooks.Handled, nil
}

func orElse(d, other time.Duration) time.Duration {
	if d <= 0 {
		return other
	}
	return d
}

// A claim is one instance's lease of a message.
type claim struct {
	client     redis.Scripter
	key, token string
	lasts      time.Duration
}

// renew keeps the lease until ctx ends, or cancels it where the lease is lost.
func (c claim) renew(ctx context.Context, ticks <-chan time.Time, cancel context.CancelCauseFunc) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
		// Where Redis does not answer, the next tick may have more luck: the lease lasts for three.
		kept, err := renewScript.Run(ctx, c.client, []string{c.key}, c.token, c.lasts.Milliseconds()).Bool()
		if err == nil && !kept {
			cancel(ErrLeaseLost)
			return
		}
	}
}

// end records that a message was handled, or gives it free. The context of the request may be over.
func (c claim) end(ctx context.Context, done bool, keep time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if done {
		// Whoever has the lease: handled is handled.
		return doneScript.Run(ctx, c.client, []string{c.key}, keep.Milliseconds()).Err()
	}
	return freeScript.Run(ctx, c.client, []string{c.key}, c.token).Err()
}

// claimScript claims a message that nobody has. A claim may come twice, where its answer got lost.
var claimScript = redis.NewScript(`
local have = redis.call('GET', KEYS[1])
if have == 'done' then
	return 2
elseif have and have ~= ARGV[1] then
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

var freeScript = redis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then
	redis.call('DEL', KEYS[1])
end
return 1
`)
