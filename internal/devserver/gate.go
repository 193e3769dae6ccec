package devserver

import (
	"context"
	"errors"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/fngen/fngen/internal/devpage"
	"github.com/fngen/fngen/internal/instance"
	"github.com/fngen/fngen/templates/runtime/route"
)

// A gate passes requests to the running program, and holds them back while the
// program is older than the files. It is closed while a build is in progress
// and while there are change events that no build has covered.
type gate struct {
	mu         sync.Mutex
	opened     chan struct{} // closed when the gate opens; nil while it is open
	events     int           // change events that no build has covered
	isBuilding bool
	current    *target
	broken     error // why no program of the current files is running, or nil
}

// A target is a running program and its requests in progress.
type target struct {
	*instance.Instance
	program   Program
	binary    os.FileInfo
	started   time.Time
	transport *http.Transport
	tail      *devpage.Tail // its last output, or nil in tests
	http      []Function    // those of the program that are called over HTTP
	router    *route.Router

	mu         sync.Mutex
	requests   int
	isReplaced bool          // it receives no more requests
	idle       chan struct{} // closed when it is replaced and has no requests
}

func newTarget(i *instance.Instance, p Program, binary os.FileInfo) *target {
	var functions []Function
	var routed []route.Function
	for _, f := range p.Functions {
		if f.isHTTP() {
			functions, routed = append(functions, f), append(routed, f.Function)
		}
	}
	return &target{
		Instance: i, program: p, binary: binary, started: time.Now(), idle: make(chan struct{}),
		// Bodies are not to be decoded. IdleConnTimeout is below that of the
		// program, so that no request is sent on a connection it is closing.
		transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 100, IdleConnTimeout: time.Minute},
		router:    route.New(routed...), http: functions,
	}
}

// release ends a request that acquire began.
func (t *target) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.requests--; t.isReplaced && t.requests == 0 {
		close(t.idle)
	}
}

// replace records that the program receives no more requests.
func (t *target) replace() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.isReplaced = true
	if t.requests == 0 {
		close(t.idle)
	}
}

// retire waits until the program has no requests in progress, for at most the
// timeout, then stops it.
func (t *target) retire(timeout time.Duration) {
	t.replace()
	select {
	case <-t.idle:
	case <-t.Done():
	case <-time.After(timeout):
	}
	t.transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), exitTimeout)
	defer cancel()
	_ = t.Stop(ctx)
}

var errStillBuilding = errors.New("the functions are still being built")

// acquire waits until the gate is open and returns the program to send a
// request to. The caller must release it. If no program is running, the error
// is a *brokenError; after the timeout it is errStillBuilding.
func (g *gate) acquire(ctx context.Context, timeout time.Duration) (*target, error) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	for {
		g.mu.Lock()
		opened := g.opened
		if opened == nil {
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
		case <-opened: // check again: it may have closed since
		case <-timer.C:
			return nil, errStillBuilding
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// eventReceived closes the gate on a change event, before it is known whether
// a file changed.
func (g *gate) eventReceived() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.events++
	g.update()
}

// nothingChanged withdraws an event after which no file was found changed.
func (g *gate) nothingChanged() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.events--
	g.update()
}

// startBuild closes the gate for a build that covers the given number of change
// events.
func (g *gate) startBuild(events int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.events -= events
	g.isBuilding = true
	g.update()
}

// finishBuild ends a build, after which requests go to t, or fail with broken
// if that is not nil. It returns the previous program.
func (g *gate) finishBuild(t *target, broken error) (old *target) {
	g.mu.Lock()
	defer g.mu.Unlock()
	old = g.current
	g.current, g.broken, g.isBuilding = t, broken, false
	g.update()
	return old
}

func (g *gate) update() {
	isClosed := g.isBuilding || g.events > 0
	switch {
	case isClosed && g.opened == nil:
		g.opened = make(chan struct{})
	case !isClosed && g.opened != nil:
		close(g.opened)
		g.opened = nil
	}
}
