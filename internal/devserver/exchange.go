package devserver

import (
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/fngen/fngen/internal/delivery"
	"github.com/fngen/fngen/internal/devpage"
)

// SentHeader is a header of requests by which the page recognizes those that it
// has sent.
const SentHeader = "Fngen-Sent"

// An exchange is a request to a function, which is recorded together with its
// response.
type exchange struct {
	*server
	request    *http.Request
	response   *responseRecorder
	body       *bodyRecorder // nil if the body is not recorded
	record     devpage.Record
	isDelivery bool // it is also kept as a webhook delivery
}

func (s *server) beginExchange(r *http.Request, w *responseRecorder, start time.Time) *exchange {
	e := &exchange{server: s, request: r, response: w}
	sent := r.Header.Get(SentHeader)
	_, isOurs := s.sent.Load(sent)
	if isOurs {
		r.Header.Del(SentHeader)
	}
	invoked := invokedFunction(r.URL.Path)
	e.record = devpage.Record{
		Function: invoked, Event: invoked != "", // of other requests, the router finds the function later
		Start: start, Method: r.Method, Target: r.URL.RequestURI(), Header: r.Header,
	}
	e.record.N = s.page.Begin(e.record)
	if isOurs {
		s.sent.Store(sent, e.record.N)
	}
	return e
}

// recordBody makes the body be recorded while it is read, unless it is known to
// be too large.
func (e *exchange) recordBody() {
	limit := devpage.MaxBody
	if e.isDelivery {
		limit = deliveryBytes
	}
	if e.request.ContentLength == 0 || e.request.ContentLength > int64(limit) {
		return
	}
	e.body = &bodyRecorder{ReadCloser: e.request.Body, limit: limit}
	e.request.Body = e.body
}

// finish records the rest of the exchange.
func (e *exchange) finish() {
	r := &e.record
	r.Duration, r.Status = time.Since(r.Start), e.response.status
	r.ResponseHeader = e.response.Header()
	r.ResponseBody = devpage.Body{Data: e.response.data, Size: e.response.size}
	r.Body.Size = max(0, int(e.request.ContentLength))
	if e.body != nil {
		data, omitted := e.body.recorded()
		r.Body = devpage.Body{Data: data, Size: max(len(data), omitted)}
	}
	if e.isDelivery {
		d := delivery.Delivery{
			Time: r.Start, Function: r.Function, Method: r.Method, Target: r.Target, Status: r.Status,
			Header: r.Header.Clone(), Body: r.Body.Data,
		}
		if r.Body.Size > len(r.Body.Data) {
			d.Omitted = r.Body.Size
		}
		r.Delivery = e.deliveries.Add(d)
	}
	if len(r.Body.Data) > devpage.MaxBody {
		r.Body.Data = nil
	}
	e.page.Finish(*r)
}

// A bodyRecorder records the part of a request body that was read, up to a
// limit. It is locked because a transport may still read the body after the
// response has arrived.
type bodyRecorder struct {
	io.ReadCloser
	limit int

	mu   sync.Mutex
	data []byte
	size int
}

func (b *bodyRecorder) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.size += n; b.size <= b.limit {
		b.data = append(b.data, p[:n]...)
	} else {
		b.data = nil
	}
	return n, err
}

// recorded returns what has been read, or its size if that is too large to
// keep.
func (b *bodyRecorder) recorded() (data []byte, omitted int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.size > b.limit {
		omitted = b.size
	}
	return b.data, omitted
}

// A responseRecorder records the status of a response, and its body up to
// [devpage.MaxBody].
type responseRecorder struct {
	http.ResponseWriter
	status int
	data   []byte
	size   int
}

func (r *responseRecorder) WriteHeader(status int) {
	if r.status < 200 { // 1xx responses precede the final one
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *responseRecorder) Write(p []byte) (int, error) {
	if r.status < 200 {
		r.status = http.StatusOK
	}
	if r.size += len(p); r.size <= devpage.MaxBody {
		r.data = append(r.data, p...)
	} else {
		r.data = nil
	}
	return r.ResponseWriter.Write(p)
}

// Unwrap gives [http.ResponseController] the wrapped ResponseWriter.
func (r *responseRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
