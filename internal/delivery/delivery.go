// Package delivery has sample events of webhook providers, edits fields of
// events, and records the deliveries that fngen dev receives. It sends nothing
// and signs nothing.
package delivery

import (
	"net/http"
	"sync"
	"time"
)

// A Delivery is a request to a function, with the status of the response. fngen
// dev serves its deliveries as JSON.
type Delivery struct {
	N        int         `json:"n"` // counts from 1
	Time     time.Time   `json:"time"`
	Function string      `json:"function"`
	Method   string      `json:"method"`
	Target   string      `json:"target"` // the path and query on the functions' own port
	Status   int         `json:"status"` // of the response
	Header   http.Header `json:"header"`
	Body     []byte      `json:"body"`
	Omitted  int         `json:"omitted,omitempty"` // the size of a body that was too large to record
}

// Size returns the size of the body in bytes, even if it was not recorded.
func (d Delivery) Size() int { return max(len(d.Body), d.Omitted) }

// A Log records the most recent deliveries. It is safe for concurrent use.
type Log struct {
	limit, bodyLimit int

	mu         sync.Mutex
	deliveries []Delivery // oldest first
	n          int        // the number of the last delivery
}

// NewLog returns a log of the last limit deliveries, but at least of one. Of a
// body larger than bodyLimit bytes, it records only the size.
func NewLog(limit, bodyLimit int) *Log { return &Log{limit: max(1, limit), bodyLimit: bodyLimit} }

// Add records a delivery and returns its number. The caller must not change the
// delivery afterwards.
func (l *Log) Add(d Delivery) int {
	if len(d.Body) > l.bodyLimit {
		d.Body, d.Omitted = nil, len(d.Body)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	d.N = l.n
	if len(l.deliveries) >= l.limit {
		copy(l.deliveries, l.deliveries[1:])
		l.deliveries = l.deliveries[:len(l.deliveries)-1]
	}
	l.deliveries = append(l.deliveries, d)
	return d.N
}

// All returns the recorded deliveries, oldest first. The result is never nil, so
// that its JSON is an array.
func (l *Log) All() []Delivery {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Delivery{}, l.deliveries...)
}

// Get returns delivery n, and reports whether it is still recorded.
func (l *Log) Get(n int) (Delivery, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := n - l.n + len(l.deliveries) - 1
	if i < 0 || i >= len(l.deliveries) {
		return Delivery{}, false
	}
	return l.deliveries[i], true
}
