// Package delivery provides sample webhook events, edits fields of a request
// body, and logs the requests that a development server received. It neither
// signs nor sends requests.
package delivery

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// A Delivery is a logged request to a function with the status of the response.
// The development server returns deliveries as JSON.
type Delivery struct {
	N        int         `json:"n"` // number in the log, from 1
	Time     time.Time   `json:"time"`
	Function string      `json:"function"`
	Method   string      `json:"method"`
	Target   string      `json:"target"` // path and query, without the API prefix of the web port
	Status   int         `json:"status"` // of the response
	Header   http.Header `json:"header"`
	Body     []byte      `json:"body"`
	Omitted  int         `json:"omitted,omitempty"` // size of a body that was too large to log
}

// Size returns the size of the request's body in bytes.
func (d Delivery) Size() int { return max(len(d.Body), d.Omitted) }

// A Log holds the latest deliveries. It is safe for concurrent use. Create one
// with [NewLog].
type Log struct {
	maxDeliveries, maxBody int

	mu         sync.Mutex
	deliveries []Delivery // oldest first
	lastN      int        // number of the latest delivery
}

// NewLog returns a log of at most maxDeliveries deliveries, but at least one.
// Of a body with more than maxBody bytes, it only keeps the size.
func NewLog(maxDeliveries, maxBody int) *Log {
	return &Log{maxDeliveries: max(1, maxDeliveries), maxBody: maxBody}
}

// Add adds a delivery, which the caller must not modify afterwards, and returns
// its number. If the log is full, it drops the oldest delivery.
func (l *Log) Add(d Delivery) int {
	if len(d.Body) > l.maxBody {
		d.Body, d.Omitted = nil, len(d.Body)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastN++
	d.N = l.lastN
	if len(l.deliveries) >= l.maxDeliveries {
		l.deliveries = slices.Delete(l.deliveries, 0, 1)
	}
	l.deliveries = append(l.deliveries, d)
	return d.N
}

// All returns a copy of the log, oldest delivery first. The slice is never nil,
// so that an empty log is [] in JSON.
func (l *Log) All() []Delivery {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Delivery{}, l.deliveries...)
}
