package gateway

import (
	"errors"
	"io"
	"net/http"
	"sync/atomic"
)

// errBusy means that the bodies of other requests use all of the memory that
// bodies may use.
var errBusy = errors.New("gateway: too many request bodies in flight")

// A budget bounds the size of the request bodies that are in memory at once.
type budget struct{ used atomic.Int64 }

// take takes n bytes, and reports whether the limit allows that. A body that is
// alone may exceed the limit.
func (b *budget) take(n, limit int64) bool {
	for {
		used := b.used.Load()
		if used > 0 && used+n > limit {
			return false
		}
		if b.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

// A heldBody is a request body that takes its size from a budget: all of it
// before the first byte is read, or as it arrives if the size is unknown.
type heldBody struct {
	io.ReadCloser
	gateway    *Gateway
	read, held int64
}

// hold makes the body of r take its size from the gateway's budget until the
// function that it returns is called.
func (g *Gateway) hold(r *http.Request) (release func()) {
	if g.InFlight == 0 || r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return func() {}
	}
	b := &heldBody{ReadCloser: r.Body, gateway: g}
	r.Body = b
	if r.ContentLength > 0 && (g.BodyLimit == 0 || r.ContentLength <= g.BodyLimit) && !b.take(r.ContentLength) {
		b.held = -1 // the first Read fails
	}
	return func() { g.inFlight.used.Add(-max(b.held, 0)) }
}

func (b *heldBody) take(n int64) bool {
	if !b.gateway.inFlight.take(n, b.gateway.InFlight) {
		return false
	}
	b.held += n
	return true
}

func (b *heldBody) Read(p []byte) (int, error) {
	if b.held < 0 {
		return 0, errBusy
	}
	n, err := b.ReadCloser.Read(p)
	b.read += int64(n)
	if more := b.read - b.held; more > 0 && !b.take(more) {
		return 0, errBusy
	}
	return n, err
}
