package devserver

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/fngen/fngen/templates/lib/schedule"
)

// late is how long after it was due a run still starts. Runs that were due while
// the machine slept do not start when it wakes up.
const late = time.Minute

// A clock runs functions on their schedules. At most one run of a function is in
// progress, also across reloads.
type clock struct {
	run    func(f Function, due time.Time) // runs a function and returns when that has ended
	missed func(f Function, why string)    // reports that a run did not start

	stop    context.CancelFunc // ends the loop of the functions before, or nil
	stopped chan struct{}      // closed when that loop has ended
	checked time.Time          // all runs that were due until then have started

	mu      sync.Mutex
	running map[string]bool // by name
	runs    sync.WaitGroup
}

// A scheduled function runs next when it is due.
type scheduled struct {
	Function
	schedule schedule.Schedule
	due      time.Time // zero if it never runs again
}

// set makes the clock run these functions, instead of those before, until ctx is
// done. No run that is due is lost or started twice. It must not be called
// concurrently.
func (c *clock) set(ctx context.Context, functions []Function) {
	c.end()
	if c.checked.IsZero() {
		c.checked = time.Now()
	}
	var list []*scheduled
	for _, f := range functions {
		if f.Schedule == "" {
			continue
		}
		parsed, err := schedule.Parse(f.Schedule)
		if err != nil {
			c.missed(f, err.Error())
			continue
		}
		list = append(list, &scheduled{f, parsed, parsed.Next(c.checked)})
	}
	ctx, c.stop = context.WithCancel(ctx)
	c.stopped = make(chan struct{})
	go func() {
		defer close(c.stopped)
		c.loop(ctx, list)
	}()
}

// end stops starting functions.
func (c *clock) end() {
	if c.stop != nil {
		c.stop()
		<-c.stopped
		c.stop = nil
	}
}

// loop starts functions when they are due, until ctx is done.
func (c *clock) loop(ctx context.Context, list []*scheduled) {
	for {
		var next *scheduled
		for _, f := range list {
			if !f.due.IsZero() && (next == nil || f.due.Before(next.due)) {
				next = f
			}
		}
		if next == nil {
			return
		}
		if left := time.Until(next.due); left > 0 {
			timer := time.NewTimer(min(left, time.Minute)) // the system's clock may be set meanwhile
			select {
			case <-timer.C:
				continue
			case <-ctx.Done():
				timer.Stop()
				return
			}
		}
		due := next.due
		next.due, c.checked = next.schedule.Next(due), due
		if time.Since(due) > late {
			c.missed(next.Function, "it was due at "+due.Format(time.DateTime)+", when this machine slept")
			continue
		}
		c.start(next.Function, due)
	}
}

// start runs a function, unless it is still running.
func (c *clock) start(f Function, due time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running[f.Name] {
		c.missed(f, "its last run has not ended")
		return
	}
	if c.running == nil {
		c.running = map[string]bool{}
	}
	c.running[f.Name] = true
	c.runs.Go(func() {
		defer func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			delete(c.running, f.Name)
		}()
		c.run(f, due)
	})
}

// newClock returns the clock of the server. Its runs end with ctx.
func (s *server) newClock(ctx context.Context) *clock {
	return &clock{
		run: func(f Function, due time.Time) { s.tick(ctx, f, due) },
		missed: func(f Function, why string) {
			s.print(s.Stdout, "TICK   "+f.Name+"  skipped: "+why+"\n")
		},
	}
}

// tick runs a function that is due. Like a request, it waits for a build in
// progress, and is printed and recorded.
func (s *server) tick(ctx context.Context, f Function, due time.Time) {
	event, err := json.Marshal(schedule.At(f.Schedule, due))
	if err != nil {
		s.note(err.Error(), "")
		return
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost"+invokePath+f.Name+"/invocations",
		bytes.NewReader(event))
	if err != nil {
		s.note(err.Error(), "")
		return
	}
	r.Header.Set("Content-Type", "application/json")
	r.RemoteAddr = "127.0.0.1:0" // this process is on this machine
	s.record(discard{}, r, "TICK   "+f.Name)
}

// invokedFunction returns the name of the function that a request to Lambda's
// Invoke API is for, or "" for any other request.
func invokedFunction(path string) string {
	name, ok := strings.CutPrefix(path, invokePath)
	if !ok {
		return ""
	}
	name, _ = strings.CutSuffix(name, "/invocations")
	return name
}
