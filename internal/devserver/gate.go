package devserver

import (
	"context"
	"errors"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/fngen/fngen/internal/instance"
)

// A gate lets requests through to the program that runs, and holds them while it is older than the files that it is made of.
type gate struct {
	mu      sync.Mutex
	shut    chan struct{} // nil while the gate is open, closed when it opens
	stirs   int           // of the watcher, to which no batch has come yet
	busy    bool          // a program is being built or started
	current *target
	broken  error // why there is no program of the files as they are
}

// A target is a program that runs, and the requests that it has.
type target struct {
	*instance.Instance
	plan      Plan
	binary    os.FileInfo
	started   time.Time
	transport *http.Transport

	mu       sync.Mutex
	requests int
	replaced bool          // by a newer one, so that it gets no more
	idle     chan struct{} // closed when it is replaced and has no requests
}

func newTarget(i *instance.Instance, plan Plan, binary os.FileInfo) *target {
	return &target{
		Instance: i, plan: plan, binary: binary, started: time.Now(), idle: make(chan struct{}),
		// What goes through is left as it is. Connections are given up before the program does so.
		transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 100, IdleConnTimeout: time.Minute},
	}
}

// release gives back what acquire gave.
func (t *target) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.requests--; t.replaced && t.requests == 0 {
		close(t.idle)
	}
}

// replace notes that it gets no more requests.
func (t *target) replace() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.replaced = true
	if t.requests == 0 {
		close(t.idle)
	}
}

// retire ends the program when its requests have ended, or have had the time to.
func (t *target) retire(patience time.Duration) {
	t.replace()
	select {
	case <-t.idle:
	case <-t.Done():
	case <-time.After(patience):
	}
	t.transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = t.Stop(ctx)
}

var errStillBuilding = errors.New("the functions are still being built")

// acquire waits until the gate is open, and gives the program to send a request to, which
// is to be released. The error says why there is none: *brokenError, errStillBuilding or the context's.
func (g *gate) acquire(ctx context.Context, patience time.Duration) (*target, error) {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		g.mu.Lock()
		shut := g.shut
		if shut == nil {
			defer g.mu.Unlock()
			if g.broken != nil {
				return nil, g.broken
			}
			g.current.mu.Lock()
			defer g.current.mu.Unlock()
			g.current.requests++
			return g.current, nil
		}
		g.mu.Unlock()
		select {
		case <-shut:
		case <-timer.C:
			return nil, errStillBuilding
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// stir shuts the gate as soon as something happens to a file, and opens it when there was nothing to it.
func (g *gate) stir(on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if on {
		g.stirs++
	} else {
		g.stirs--
	}
	g.update()
}

// begin shuts the gate for a build, which answers some stirs.
func (g *gate) begin(stirs int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.stirs -= stirs
	g.busy = true
	g.update()
}

// finish opens the gate to a program, or if there is an error to none, and is the program that was there before.
func (g *gate) finish(t *target, broken error) *target {
	g.mu.Lock()
	defer g.mu.Unlock()
	old := g.current
	g.current, g.broken, g.busy = t, broken, false
	g.update()
	return old
}

func (g *gate) update() {
	shut := g.busy || g.stirs > 0
	switch {
	case shut && g.shut == nil:
		g.shut = make(chan struct{})
	case !shut && g.shut != nil:
		close(g.shut)
		g.shut = nil
	}
}
