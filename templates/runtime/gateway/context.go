package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// A callContext is the context of one call: it ends with the request's, at its deadline, or when the call is over. What
// context.WithDeadline makes ready for that is a good part of what a small function costs, and most never look at it.
// So this one has nothing ready until the first who asks for Done or for a value.
type callContext struct {
	id       string // of the request
	request  context.Context
	deadline time.Time // or zero, for none

	mu     sync.Mutex
	values context.Context // nil until somebody asks
	err    error
	done   chan struct{} // nil until somebody asks
	stop   func() bool   // has the request's context forget this one
	after  map[*func()]struct{}
}

func (c *callContext) Value(key any) any {
	c.mu.Lock()
	if c.values == nil {
		// Without cancel, or package context would take the request's end for this one's.
		c.values = lambdacontext.NewContext(context.WithoutCancel(c.request), &lambdacontext.LambdaContext{AwsRequestID: c.id})
	}
	values := c.values
	c.mu.Unlock()
	return values.Value(key)
}

func (c *callContext) Deadline() (time.Time, bool) {
	if c.deadline.IsZero() {
		return c.request.Deadline()
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
			c.stop = context.AfterFunc(c.request, func() { c.end(c.request.Err()) })
		}
	}
	return c.done
}

func (c *callContext) Err() error {
	if err := c.request.Err(); err != nil {
		c.end(err) // what is told by Err and by Done is the same
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// AfterFunc has f called in a goroutine when c ends. Package context looks for this method, which saves it a goroutine
// for each context that is made of c.
func (c *callContext) AfterFunc(f func()) (stop func() bool) {
	c.Done() // from now on, somebody waits
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

// end ends c, unless it has ended.
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
