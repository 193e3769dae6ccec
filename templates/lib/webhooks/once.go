package webhooks

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
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
// tries again. A message goes by its [MessageID]. Once is for a sender's own retries and no protection
// against others': many ids are in headers that nobody signs, and who has a message could send it
// under another id.
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
				return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, nil
			case outcome == Busy:
				slog.InfoContext(ctx, "webhook being handled", "path", event.Path, "message", id)
				return events.APIGatewayProxyResponse{
					StatusCode: http.StatusServiceUnavailable,
					Headers:    map[string]string{"Retry-After": "60"},
				}, nil
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
// it is a hash of what was signed: where that has neither a time nor anything else of its own in
// it, two messages that say the same are one.
func MessageID(ctx context.Context) string {
	v, ok := ctx.Value(messageKey{}).(verified)
	if !ok {
		return ""
	}
	if v.id != "" { // and signed
		return v.id
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
	signed := content{v.body}
	if v.key.way != nil && !v.method.idBody {
		// The signature itself can be written in several ways.
		signed = v.key.fill(&v.message)
		if _, ok := v.key.algorithm.(token); ok {
			claims := v.signatures[0][:strings.LastIndex(v.signatures[0], ".")]
			signed = append(signed, part{text: "." + claims})
		}
	}
	return "sha256:" + signed.sum()
}

// Memory is a Store in the memory of one process, which [NewMemory] makes. It remembers the last of the messages, and
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
