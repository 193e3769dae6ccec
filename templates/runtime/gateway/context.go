package gateway

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// A callContext is the context of one call. It is done when the request's
// context is, at its deadline, or when the call ends.
//
// Some senders of webhooks sign the URL, which the event does not contain as it
// was sent. The custom client context therefore has the path and the query of
// the request under the names that payload format 2.0 uses.
//
// Setting up context.WithDeadline is a noticeable part of the cost of a small
// function, and most functions never use it. A callContext therefore allocates
// nothing until Done or Value is called.
type callContext struct {
	id       string // request id
	gateway  *Gateway
	request  *http.Request
	deadline time.Time // zero means none

	mu     sync.Mutex
	values context.Context // nil until Value is called
	err    error
	done   chan struct{} // nil until Done is called
	stop   func() bool   // detaches c from the request's context
	after  map[*func()]struct{}
}

func (c *callContext) Value(key any) any {
	c.mu.Lock()
	if c.values == nil {
		// Package context finds the cancellation state of a context by
		// its value. WithoutCancel hides the state of the request,
		// which is not that of c.
		lc := &lambdacontext.LambdaContext{AwsRequestID: c.id}
		lc.ClientContext.Custom = map[string]string{
			"rawPath":        c.gateway.publicPath(c.request.URL.EscapedPath()),
			"rawQueryString": c.request.URL.RawQuery,
		}
		c.values = lambdacontext.NewContext(context.WithoutCancel(c.request.Context()), lc)
	}
	values := c.values
	c.mu.Unlock()
	return values.Value(key)
}

func (c *callContext) Deadline() (time.Time, bool) {
	if c.deadline.IsZero() {
		return c.request.Context().Deadline()
	}
	return c.deadline, true
}

func (c *callContext) Done() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done == nil {
		c.done = make(chan struct{})
		if c.err != nil {
			close(c.done)
		} else {
			request := c.request.Context()
			c.stop = context.AfterFunc(request, func() { c.end(request.Err()) })
		}
	}
	return c.done
}

func (c *callContext) Err() error {
	if err := c.request.Context().Err(); err != nil {
		c.end(err) // closes Done too, so that Err and Done agree
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// AfterFunc calls f on its own goroutine when c is done. Package context uses
// this method if a context has it, which saves a goroutine for each context
// that is derived from c.
func (c *callContext) AfterFunc(f func()) (stop func() bool) {
	c.Done() // makes c watch the request's context
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		go f()
		return func() bool { return false }
	}
	if c.after == nil {
		c.after = make(map[*func()]struct{})
	}
	key := &f
	c.after[key] = struct{}{}
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, waiting := c.after[key]
		delete(c.after, key)
		return waiting
	}
}

// end marks c as done with err. Only the first call has an effect.
func (c *callContext) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.err = err
	if c.done != nil {
		close(c.done)
		c.stop()
	}
	for f := range c.after {
		go (*f)()
	}
	c.after = nil
}
