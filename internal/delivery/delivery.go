// Package delivery is what senders of webhooks deliver: samples of their events, with fields of one's choice, and
// the deliveries that arrived while functions were served. It sends nothing and signs nothing.
package delivery

import (
	"net/http"
	"sync"
	"time"
)

// A Delivery is a request to a function, and what came of it. The development server has them as JSON.
type Delivery struct {
	N        int         `json:"n"` // counts from 1
	Time     time.Time   `json:"time"`
	Function string      `json:"function"`
	Method   string      `json:"method"`
	Target   string      `json:"target"` // path and query, as they are sent to the functions' own port
	Status   int         `json:"status"` // of the answer
	Header   http.Header `json:"header"`
	Body     []byte      `json:"body"`
	Omitted  int         `json:"omitted,omitempty"` // the bytes of a body that was too large to keep
}

// Size is the number of bytes that the body had.
func (d Delivery) Size() int { return max(len(d.Body), d.Omitted) }

// A Log has the last deliveries. It may be used by several goroutines at once. [NewLog] makes it.
type Log struct {
	most, mostBytes int

	mu   sync.Mutex
	kept []Delivery // oldest first
	n    int        // the last one's number
}

// NewLog is a log of that many deliveries, at least one, with bodies of at most mostBytes each. Of a larger one, only
// the size is kept.
func NewLog(most, mostBytes int) *Log { return &Log{most: max(1, most), mostBytes: mostBytes} }

// Add keeps a delivery, which the caller must not change afterwards, and returns the number that it gets.
func (l *Log) Add(d Delivery) int {
	if len(d.Body) > l.mostBytes {
		d.Body, d.Omitted = nil, len(d.Body)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n++
	d.N = l.n
	if len(l.kept) >= l.most {
		copy(l.kept, l.kept[1:])
		l.kept = l.kept[:len(l.kept)-1]
	}
	l.kept = append(l.kept, d)
	return d.N
}

// All are the deliveries that are kept, oldest first. It is never nil: in JSON, none are [].
func (l *Log) All() []Delivery {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Delivery{}, l.kept...)
}

// Get is the delivery of that number, where it is kept still.
func (l *Log) Get(n int) (Delivery, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := n - l.n + len(l.kept) - 1
	if i < 0 || i >= len(l.kept) {
		return Delivery{}, false
	}
	return l.kept[i], true
}
