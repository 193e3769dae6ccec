package watch

import (
	"context"
	"os"
	"sync"
	"time"
)

// syncTimeout limits how long Sync waits for the system.
const syncTimeout = time.Second

// A cookie is a file that Sync writes to. The system reports events in order,
// so when it reports the write, it has reported all earlier changes.
//
// At most one write is in progress, so that its event cannot be mistaken for
// that of another. Calls of Sync during a write share the next one.
type cookie struct {
	file *os.File

	mu      sync.Mutex
	current chan struct{} // closed when the write in progress is reported; nil if there is none
	next    chan struct{} // the same of the next write; nil if nothing waits for it
}

// newCookie creates the cookie at path.
func newCookie(path string) (*cookie, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &cookie{file: file}, nil
}

// wait writes to the cookie and waits until the system has reported that.
func (c *cookie) wait(ctx context.Context) {
	c.mu.Lock()
	if c.next == nil {
		c.next = make(chan struct{})
	}
	round := c.next
	if c.current == nil {
		c.write()
	}
	c.mu.Unlock()

	timeout := time.NewTimer(syncTimeout)
	defer timeout.Stop()
	select {
	case <-round:
	case <-ctx.Done():
	case <-timeout.C:
		c.reported() // or every later call would have to wait as long
	}
}

// write starts the next write. The caller holds the lock.
func (c *cookie) write() {
	c.current, c.next = c.next, nil
	if _, err := c.file.WriteAt([]byte{0}, 0); err != nil { // the disk is full, so there will be no event
		close(c.current)
		c.current = nil
	}
}

// reported ends the write in progress, and starts the next one if a call waits
// for it.
func (c *cookie) reported() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil {
		close(c.current)
		c.current = nil
	}
	if c.next != nil {
		c.write()
	}
}
