package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/fngen/fngen/templates/lib/once"
)

var errBusy = errors.New("queue: the message is being handled elsewhere")

// Once returns a function that calls handle once for each message, identified by
// its ID, even if the message is delivered again:
//
//	var Handler = queue.Each(queue.Once(store, handle))
//
// A message counts as handled if handle returns nil. While it is being handled,
// other deliveries of it fail, so that they are repeated.
func Once[T any](
	store once.Store, handle func(context.Context, Message[T]) error,
) func(context.Context, Message[T]) error {
	return func(ctx context.Context, m Message[T]) error {
		var err error
		outcome, storeErr := store.Handle(ctx, m.ID, func(ctx context.Context) bool {
			err = handle(ctx, m)
			return err == nil
		})
		switch {
		case storeErr != nil:
			return fmt.Errorf("queue: message store: %w", storeErr)
		case outcome == once.Duplicate:
			slog.InfoContext(ctx, "message already handled", "id", m.ID)
		case outcome == once.Busy:
			return errBusy
		}
		return err
	}
}
