// Package once remembers which messages were handled, so that a message that is
// delivered twice is handled once.
package once

import (
	"context"
	"crypto/sha256"
	"sync"
)

// A Store remembers which messages were handled. Use one store for each
// function: the same message may be sent to several functions.
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
