// Package inbox records handled messages in the project's database, so that all
// instances of a function share them. Pass an [Inbox] to webhooks.Once or
// queue.Once:
//
//	webhooks.Once(inbox.Inbox{Function: "orders", InTx: true})
//
// The migration webhook_messages creates the table; apply it with
// "fngen db migrate".
package inbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/fngen/fngen/templates/lib/db"
	"github.com/fngen/fngen/templates/lib/once"
)

// An Inbox is a once.Store for the messages of one function.
type Inbox struct {
	// Function is the name of the function. The same message may be sent to
	// several functions.
	Function string

	// InTx runs the handler in a transaction, which db.From gets from the
	// context. The handler's changes and the message's ID are committed together
	// or not at all. A duplicate that arrives meanwhile waits for the end of the
	// transaction. Effects outside the database are not rolled back.
	InTx bool

	// Lease is how long a message stays claimed if the process that handles it
	// crashes. It defaults to 15 minutes, the longest timeout of a Lambda
	// function. If InTx is set, Lease is ignored.
	Lease time.Duration
}

const defaultLease = 15 * time.Minute

// A message is a row of the table. Times are in milliseconds since 1970.
type message struct {
	bun.BaseModel `bun:"table:webhook_messages"`

	Function     string `bun:",pk"`
	ID           string `bun:"id,pk"`
	ClaimedUntil int64  // also identifies the claim
	HandledAt    int64  `bun:",nullzero"` // null until the message is handled
}

// Handle implements once.Store.
func (b Inbox) Handle(ctx context.Context, id string, handle func(context.Context) bool) (once.Outcome, error) {
	if b.InTx {
		return b.inTx(ctx, id, handle)
	}
	return b.claim(ctx, id, handle)
}

var errNotHandled = errors.New("not handled")

// inTx implements Handle with one transaction. The first process that inserts
// the ID handles the message. The inserts of others block until its transaction
// ends.
func (b Inbox) inTx(
	ctx context.Context, id string, handle func(context.Context) bool,
) (outcome once.Outcome, err error) {
	err = db.InTx(ctx, func(ctx context.Context) error {
		now := time.Now().UnixMilli()
		result, err := db.From(ctx).NewInsert().
			Model(&message{Function: b.Function, ID: id, ClaimedUntil: now, HandledAt: now}).
			On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return fmt.Errorf("inbox: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			outcome = once.Duplicate
			return err
		}
		if !handle(ctx) {
			return errNotHandled
		}
		return nil
	})
	if errors.Is(err, errNotHandled) {
		err = nil
	}
	return outcome, err
}

// claim implements Handle with a claim that is committed before the handler
// runs, and updated or deleted after it.
func (b Inbox) claim(ctx context.Context, id string, handle func(context.Context) bool) (once.Outcome, error) {
	lease := b.Lease
	if lease == 0 {
		lease = defaultLease
	}
	now := time.Now()
	claim := &message{Function: b.Function, ID: id, ClaimedUntil: now.Add(lease).UnixMilli()}
	result, err := db.From(ctx).NewInsert().Model(claim).
		On("CONFLICT (function, id) DO UPDATE").
		Set("claimed_until = EXCLUDED.claimed_until").
		Where("message.handled_at IS NULL AND message.claimed_until < ?", now.UnixMilli()).
		Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("inbox: %w", err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, fmt.Errorf("inbox: %w", err)
	}
	if n == 0 {
		return b.claimedOutcome(ctx, id)
	}

	// Record the outcome even if the request is canceled.
	recordCtx := context.WithoutCancel(ctx)
	handled := false
	defer func() { // deferred because handle may panic
		if !handled {
			_, _ = db.From(recordCtx).NewDelete().Model(claim).WherePK().
				Where("claimed_until = ?", claim.ClaimedUntil).Where("handled_at IS NULL").Exec(recordCtx)
		}
	}()
	if handled = handle(ctx); !handled {
		return once.Handled, nil
	}
	_, err = db.From(recordCtx).NewUpdate().Model(claim).
		Set("handled_at = ?", time.Now().UnixMilli()).WherePK().Exec(recordCtx)
	if err != nil {
		return 0, fmt.Errorf("inbox: the message was handled but not recorded: %w", err)
	}
	return once.Handled, nil
}

// claimedOutcome returns the outcome for a message that is already claimed.
func (b Inbox) claimedOutcome(ctx context.Context, id string) (once.Outcome, error) {
	other := &message{Function: b.Function, ID: id}
	err := db.From(ctx).NewSelect().Model(other).WherePK().Scan(ctx)
	switch {
	case errors.Is(err, sql.ErrNoRows): // the claim was just released: the sender retries
		return once.Busy, nil
	case err != nil:
		return 0, fmt.Errorf("inbox: %w", err)
	case other.HandledAt == 0:
		return once.Busy, nil
	}
	return once.Duplicate, nil
}

// Forget deletes messages that were handled before the given time. Providers
// retry for days (Stripe for three), so keep messages for longer than that.
func (b Inbox) Forget(ctx context.Context, before time.Time) error {
	_, err := db.From(ctx).NewDelete().Model((*message)(nil)).
		Where("function = ?", b.Function).Where("handled_at < ?", before.UnixMilli()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("inbox: %w", err)
	}
	return nil
}
