// Package devpage is the page of the development server, at /.fngen/: the
// functions, the state of the build, and the latest requests with their
// responses, which can be sent again. It also prints the errors of builds and of
// functions, as pages, JSON and text.
//
// The package keeps what the server tells it, and serves it to a browser. It
// neither builds nor forwards anything. Who may read the page is up to the
// server, except that requests that change something need the page's token.
package devpage

import (
	"crypto/rand"
	"net/http"
	"sync"
	"time"

	"github.com/fngen/fngen/internal/delivery"
)

// Options configure a page.
type Options struct {
	Project string // the absolute path of the project's directory
	Editor  Editor // opens files

	// Send sends a request to the functions and returns the number of its
	// record.
	Send func(r *http.Request, request ActualRequest) (n int, err error)

	// Invoke sends a signed request and returns the number of its record.
	// Errors may have a hint.
	Invoke func(r *http.Request, c Call) (n int, err error)

	// Deliveries returns the webhook deliveries that can be replayed, oldest
	// first.
	Deliveries func() []delivery.Delivery
}

// A Call describes a request that is signed as its sender would sign it: a
// sample event, an earlier delivery, or a request that was edited. It also
// describes an event for a function that is not called over HTTP: a sample, one
// that contains a message or, with neither, the run of a schedule.
type Call struct {
	Function string
	Sample   string         // the name of a sample event, or ""
	Message  *string        // the message for a function that handles messages, or nil
	Replay   int            // the number of a delivery, or 0
	Request  *ActualRequest // or nil
}

// A Function describes a function on the page.
type Function struct {
	Name     string   `json:"name"`
	Kind     string   `json:"kind"`               // what calls it, such as http or schedule
	Routes   []string `json:"routes,omitempty"`   // such as GET /users/{id}; without a method, it answers all
	Schedule string   `json:"schedule,omitempty"` // when it runs
	Queue    string   `json:"queue,omitempty"`    // whose messages it receives
	Guards   []string `json:"guards"`             // what checks its requests, such as auth
	Webhook  string   `json:"webhook,omitempty"`  // the scheme that it verifies
	Samples  []string `json:"samples,omitempty"`  // the names of its sample events
	File     string   `json:"-"`                  // the file of the handler, relative to the project
	Line     int      `json:"-"`
	Edit     string   `json:"edit,omitempty"` // opens the handler in the editor
}

// A Status is the state of the build.
type Status string

// The states of the build.
const (
	Building Status = "building"
	Starting Status = "starting" // it compiled, and the program does not listen yet
	Ready    Status = "ready"
	Failed   Status = "failed"
)

// A State is the state of the build, and what it resulted in.
type State struct {
	Status    Status
	Took      time.Duration     // of the last build, if that is ready
	Problem   *Problem          // why the build failed, or nil
	Functions func() []Function // of the last program that was ready; nil keeps those of the state before

	since time.Time
	build int // the number of builds that are complete
}

// A Page keeps the state of the build and the latest requests, and serves them.
// Create one with [New].
type Page struct {
	Options
	Output Output // of the functions' program

	run     string // identifies this run of the server
	token   string // proves that a request comes from the page
	handler http.Handler

	mu       sync.Mutex
	version  int // incremented by every change
	state    State
	stateAt  int      // the version of state
	records  []Record // oldest first
	lastN    int
	watchers map[chan struct{}]struct{}
}

// New returns a page of a server that is building.
func New(o Options) *Page {
	p := &Page{
		Options: o, run: rand.Text(), token: rand.Text(), watchers: map[chan struct{}]struct{}{},
		version: 1, stateAt: 1, state: State{Status: Building, since: time.Now()},
	}
	p.handler = p.routes()
	return p
}

// SetState records the state of the build.
func (p *Page) SetState(s State) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.Functions == nil {
		s.Functions = p.state.Functions
	} else {
		s.Functions = sync.OnceValue(s.Functions)
	}
	s.since, s.build = time.Now(), p.state.build
	if s.Status == Ready || s.Status == Failed {
		s.build++
	}
	p.state = s
	p.changed()
	p.stateAt = p.version
}

// Hangs says on the page why a program that was started does not listen, if it
// still does not.
func (p *Page) Hangs(why *Problem) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state.Status != Starting {
		return
	}
	p.state.Problem = why
	p.changed()
	p.stateAt = p.version
}

// State returns the state of the build.
func (p *Page) State() State {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state
}

// Builds returns the number of builds that are complete.
func (p *Page) Builds() int { return p.State().build }

// changed wakes the watchers. p.mu is held.
func (p *Page) changed() {
	p.version++
	for w := range p.watchers {
		select {
		case w <- struct{}{}:
		default: // it has not seen the last change yet
		}
	}
}

// watch returns a channel that receives a value after changes, and a function
// that ends that.
func (p *Page) watch() (changes <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watchers[c] = struct{}{}
	return c, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.watchers, c)
	}
}
