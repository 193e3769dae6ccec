package webhooks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// A Store remembers which messages were handled. One store is for one function: a provider
// may send the same message to several.
type Store interface {
	// Handle calls handle, once, unless a call of it for the same id has returned true before, which is
	// Duplicate, or is still running, which is Busy. Where handle returns false, panics, or its process
	// ends, the id stays free. A store that has transactions may hand one on in the context, which
	// is committed with the id. An error says that the store itself failed.
	Handle(ctx context.Context, id string, handle func(context.Context) bool) (Outcome, error)
}

// An Outcome is what became of a message in a Store.
type Outcome int

// The outcomes.
const (
	Handled   Outcome = iota // handle was called
	Duplicate                // it was handled before
	Busy                     // it is being handled
)

// Once is middleware behind Require that hands each message on once. A message counts as handled when
// the handler answered 2xx: whatever else comes of it, the sender's next try reaches the handler.
//
// A duplicate is answered 200, and one that is being handled right now 503, so that the sender
// tries again. A message goes by its provider's id (see [MessageID]).
func Once(store Store) fn.Middleware {
	return func(next fn.Handler) fn.Handler {
		return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			id := MessageID(ctx)
			if id == "" {
				return events.APIGatewayProxyResponse{}, errors.New("webhooks: Once has to stand behind Require")
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
				slog.InfoContext(ctx, "webhook handled before", "path", event.Path, "message", id)
				return fn.JSON(http.StatusOK, map[string]string{"message": "Handled before"})
			case outcome == Busy:
				slog.InfoContext(ctx, "webhook being handled", "path", event.Path, "message", id)
				busy, err := fn.JSON(http.StatusServiceUnavailable, map[string]string{"message": "Being handled"})
				busy.Headers["Retry-After"] = "60"
				return busy, err
			}
			return response, err
		}
	}
}

type messageKey struct{}

func withMessage(ctx context.Context, v verified) context.Context {
	return context.WithValue(ctx, messageKey{}, v)
}

// MessageID is the id of the message that Require let pass in this context, the same
// each time that its sender sends it, or "" where there is none. Where the provider gives no id,
// it is a hash of the signature and the payload.
func MessageID(ctx context.Context) string {
	v, ok := ctx.Value(messageKey{}).(verified)
	if !ok {
		return ""
	}
	for _, name := range v.method.idHeaders {
		if id := fn.Header(*v.event, name); id != "" {
			return id
		}
	}
	if v.method.idField != "" {
		if id := jsonField(v.body.data(), v.method.idField); id != "" {
			return id
		}
	}
	hash := sha256.New()
	if !v.method.idBody {
		hash.Write([]byte(v.signature))
		hash.Write([]byte{0}) // no header has it: where the signature ends is clear
	}
	v.body.writeTo(hash)
	return "sha256:" + hex.EncodeToString(hash.Sum(nil))
}

// Memory is a Store in the memory of one process. It remembers the last of the messages, and
// is for one instance of a function: several need a store that they share.
type Memory struct {
	mu      sync.Mutex
	running map[[sha256.Size]byte]bool
	handled map[[sha256.Size]byte]bool
	ring    [][sha256.Size]byte // the handled ones, the oldest at next once it is full
	next    int
}

// NewMemory is a Memory of size messages, each of which takes about 100 bytes. A message that is
// sent again after size others were handled counts as new.
func NewMemory(size int) *Memory {
	return &Memory{
		running: map[[sha256.Size]byte]bool{},
		handled: map[[sha256.Size]byte]bool{},
		ring:    make([][sha256.Size]byte, 0, max(size, 1)),
	}
}

// Handle is as Store has it.
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
	defer func() { // of a panic too
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

// add remembers a message in the place of the oldest one.
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
