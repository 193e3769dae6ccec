// Package inbox remembers in the project's database which webhooks were handled, for all
// instances of a function. It is a store of webhooks.Once:
//
//	webhooks.Once(inbox.Inbox{Function: "orders", InTx: true})
//
// Its table comes as a migration, webhook_messages: fngen db migrate makes it.
package inbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/fngen/fngen/templates/lib/db"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

// An Inbox is where one function's messages are remembered.
type Inbox struct {
	Function string // whose messages they are: a provider may send one to several

	// InTx runs the handler in a transaction, which db.From finds in its context and which is committed with the
	// message's id: either the handler's work and the id are in the database, or neither is. A message that comes
	// while it is handled waits for that. What the handler does outside the database is not undone.
	InTx bool

	// Lease is how long a message that is being handled keeps others away, where the process that handles it ends without a
	// word. Zero is 15 minutes, the longest that AWS Lambda lets a function run. It means nothing where InTx is set.
	Lease time.Duration
}

// lease is the default.
const lease = 15 * time.Minute

// A message is a row.
type message struct {
	bun.BaseModel `bun:"table:webhook_messages"`

	Function     string `bun:",pk"`
	ID           string `bun:"id,pk"`
	ClaimedUntil int64  // in milliseconds since 1970, and of no two claims the same
	HandledAt    int64  `bun:",nullzero"` // likewise; null until it is
}

// Handle is as webhooks.Store has it.
func (b Inbox) Handle(ctx context.Context, id string, handle func(context.Context) bool) (webhooks.Outcome, error) {
	if b.InTx {
		return b.inTx(ctx, id, handle)
	}
	return b.claim(ctx, id, handle)
}

var errNotHandled = errors.New("not handled")

// inTx is Handle in a transaction. Who inserts the id first has it; a second one waits for the first one's end.
func (b Inbox) inTx(ctx context.Context, id string, handle func(context.Context) bool) (outcome webhooks.Outcome, err error) {
	err = db.InTx(ctx, func(ctx context.Context) error {
		now := time.Now().UnixMilli()
		result, err := db.From(ctx).NewInsert().
			Model(&message{Function: b.Function, ID: id, ClaimedUntil: now, HandledAt: now}).
			On("CONFLICT DO NOTHING").Exec(ctx)
		if err != nil {
			return fmt.Errorf("inbox: %w", err)
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			outcome = webhooks.Duplicate
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

// claim is Handle by a claim that is committed before the handler runs, and settled after it.
func (b Inbox) claim(ctx context.Context, id string, handle func(context.Context) bool) (webhooks.Outcome, error) {
	length := b.Lease
	if length == 0 {
		length = lease
	}
	now := time.Now()
	mine := &message{Function: b.Function, ID: id, ClaimedUntil: now.Add(length).UnixMilli()}
	result, err := db.From(ctx).NewInsert().Model(mine).
		On("CONFLICT (function, id) DO UPDATE").
		Set("claimed_until = EXCLUDED.claimed_until").
		Where("message.handled_at IS NULL AND message.claimed_until < ?", now.UnixMilli()).
		Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("inbox: %w", err)
	}
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		return b.taken(ctx, id, err)
	}

	// What is to be said of the message is said, even where nobody waits for the answer any more.
	settle := context.WithoutCancel(ctx)
	handled := false
	defer func() { // of a panic too
		if !handled {
			_, _ = db.From(settle).NewDelete().Model(mine).WherePK().
				Where("claimed_until = ?", mine.ClaimedUntil).Where("handled_at IS NULL").Exec(settle)
		}
	}()
	if handled = handle(ctx); !handled {
		return webhooks.Handled, nil
	}
	_, err = db.From(settle).NewUpdate().Model(mine).Set("handled_at = ?", time.Now().UnixMilli()).WherePK().Exec(settle)
	if err != nil {
		return 0, fmt.Errorf("inbox: the message was handled, and comes again: %w", err)
	}
	return webhooks.Handled, nil
}

// taken tells a message that was handled from one that is being handled.
func (b Inbox) taken(ctx context.Context, id string, err error) (webhooks.Outcome, error) {
	if err != nil {
		return 0, fmt.Errorf("inbox: %w", err)
	}
	other := &message{Function: b.Function, ID: id}
	err = db.From(ctx).NewSelect().Model(other).WherePK().Scan(ctx)
	switch {
	case errors.Is(err, sql.ErrNoRows): // it was given up just now: the sender's next try has it
		return webhooks.Busy, nil
	case err != nil:
		return 0, fmt.Errorf("inbox: %w", err)
	case other.HandledAt == 0:
		return webhooks.Busy, nil
	}
	return webhooks.Duplicate, nil
}

// Forget removes what was handled before a time. Providers send a message again for days: Stripe for three.
func (b Inbox) Forget(ctx context.Context, before time.Time) error {
	_, err := db.From(ctx).NewDelete().Model((*message)(nil)).
		Where("function = ?", b.Function).Where("handled_at < ?", before.UnixMilli()).Exec(ctx)
	if err != nil {
		return fmt.Errorf("inbox: %w", err)
	}
	return nil
}
