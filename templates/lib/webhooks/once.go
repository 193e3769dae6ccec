package webhooks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/lib/once"
)

// The types of package once, which other packages share.
type (
	Store   = once.Store
	Outcome = once.Outcome
	Memory  = once.Memory
)

// The outcomes of Store.Handle.
const (
	Handled   = once.Handled
	Duplicate = once.Duplicate
	Busy      = once.Busy
)

// NewMemory returns a Store in the memory of one process that remembers the last
// size messages. Several instances of a function need a store that they share.
func NewMemory(size int) *Memory { return once.NewMemory(size) }

var errOrder = errors.New("webhooks: Once must come after Require or VerifyEventContext")

// Once returns middleware that passes each message to the handler only once,
// identified by its [MessageID]. It must come after Require in the chain, or get
// the context that VerifyEventContext returns. A message counts as handled if
// the handler responds with a 2xx status; otherwise, the sender's next retry
// reaches the handler.
//
// Once responds with 200 to a duplicate, and with 503 to a message that is
// being handled, so that the sender retries. It is meant for the sender's own
// retries and does not protect against replay: many providers do not sign the
// ID, so an attacker could replay a message with another ID.
func Once(store Store) fn.Middleware {
	return func(next fn.Handler) fn.Handler {
		return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			id := MessageID(ctx)
			if id == "" {
				return events.APIGatewayProxyResponse{}, errOrder
			}
			var (
				response events.APIGatewayProxyResponse
				err      error
			)
			outcome, storeErr := store.Handle(ctx, id, func(ctx context.Context) bool {
				response, err = next(ctx, event)
				return err == nil && response.StatusCode >= 200 && response.StatusCode < 300
			})
			switch {
			case storeErr != nil:
				return events.APIGatewayProxyResponse{}, fmt.Errorf("webhooks: message store: %w", storeErr)
			case outcome == Duplicate:
				slog.InfoContext(ctx, "webhook already handled", "path", event.Path, "message", id)
				return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, nil
			case outcome == Busy:
				slog.InfoContext(ctx, "webhook already being handled", "path", event.Path, "message", id)
				return events.APIGatewayProxyResponse{
					StatusCode: http.StatusServiceUnavailable,
					Headers:    map[string]string{"Retry-After": "60"},
				}, nil
			}
			return response, err
		}
	}
}

// VerifyEventContext is like [VerifyEvent]. It also returns a context that
// contains the message, for [MessageID] and for handlers in [Once]. If ctx is
// the context of the request, it knows the URL as it was sent, which some
// schemes need.
func VerifyEventContext(
	ctx context.Context, scheme Scheme, event events.APIGatewayProxyRequest, options Options,
) (context.Context, error) {
	m := &message{ctx: ctx, scheme: scheme, event: event, options: options}
	if err := m.verify(); err != nil {
		return ctx, err
	}
	return context.WithValue(ctx, messageKey{}, m), nil
}
