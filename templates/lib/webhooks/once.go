package webhooks

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// A Store remembers which messages were handled. Use one store for each
// function: a provider may send the same message to several functions.
type Store interface {
	// Handle calls handle and returns Handled, unless a message with this ID was
	// handled before (it returns Duplicate) or is being handled now (it returns
	// Busy). A message counts as handled if handle returns true. If handle
	// returns false or panics, or the process exits, the next call with this ID
	// calls handle again.
	//
	// A store may pass a transaction in the context and commit it together with
	// the ID. An error means that the store itself failed.
	Handle(ctx context.Context, id string, handle func(context.Context) bool) (Outcome, error)
}

// An Outcome is the result of Store.Handle.
type Outcome int

// The outcomes of Store.Handle.
const (
	Handled   Outcome = iota // handle was called
	Duplicate                // the message was handled before
	Busy                     // the message is being handled
)

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

// A Memory is a Store in the memory of one process, created by [NewMemory].
// Several instances of a function need a store that they share.
type Memory struct {
	mu      sync.Mutex
	running map[[sha256.Size]byte]bool
	handled map[[sha256.Size]byte]bool
	ring    [][sha256.Size]byte // the keys of handled; if full, the oldest is at next
	next    int
}

// NewMemory returns a Memory that remembers the last size messages. Each takes
// about 100 bytes.
func NewMemory(size int) *Memory {
	return &Memory{
		running: map[[sha256.Size]byte]bool{},
		handled: map[[sha256.Size]byte]bool{},
		ring:    make([][sha256.Size]byte, 0, max(size, 1)),
	}
}

// Handle implements Store.
func (m *Memory) Handle(ctx context.Context, id string, handle func(context.Context) bool) (Outcome, error) {
	key := sha256.Sum256([]byte(id))
	m.mu.Lock()
	switch {
	case m.handled[key]:
		m.mu.Unlock()
		return Duplicate, nil
	case m.running[key]:
		m.mu.Unlock()
		return Busy, nil
	}
	m.running[key] = true
	m.mu.Unlock()

	done := false
	defer func() { // deferred because handle may panic
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.running, key)
		if done {
			m.add(key)
		}
	}()
	done = handle(ctx)
	return Handled, nil
}

// add remembers a message. If the ring is full, the message replaces the oldest
// one.
func (m *Memory) add(key [sha256.Size]byte) {
	m.handled[key] = true
	if len(m.ring) < cap(m.ring) {
		m.ring = append(m.ring, key)
		return
	}
	delete(m.handled, m.ring[m.next])
	m.ring[m.next] = key
	m.next = (m.next + 1) % len(m.ring)
}
