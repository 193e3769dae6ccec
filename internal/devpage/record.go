package devpage

import (
	"net/http"
	"slices"
	"time"
)

const (
	maxRecords = 200      // how many requests are kept
	maxHeader  = 64 << 10 // the largest header that is kept, in bytes

	// MaxBody is the size of the largest body that is kept.
	MaxBody = 64 << 10
)

// A Record is a request with its response. It has secrets, so that it can be
// sent again; they are redacted when it is shown.
type Record struct {
	N        int
	Function string // or "" if there is none for its path
	Event    bool   // the request is for Lambda's Invoke API, which passes the function an event
	Start    time.Time
	Method   string
	Target   string // path and query, without the API prefix of the web port
	Header   http.Header
	Body     Body

	// These are set when the request is complete.
	Done           bool
	Duration       time.Duration
	Status         int // 0 if the client closed the connection
	ResponseHeader http.Header
	ResponseBody   Body
	RequestID      string   // the one in the function's context
	Delivery       int      // the number of the delivery, or 0
	Failure        *Failure // why the function failed, or nil

	version int
}

// A Body is the body of a request or a response. Of one that is too large, only
// the size is kept.
type Body struct {
	Data []byte
	Size int
}

// A Failure is the error that a function returned, or its panic.
type Failure struct {
	Error string
	Stack []string // of a panic: one line per frame, with the function, a space and the position
}

// Problem returns the failure as it is shown.
func (f *Failure) Problem(dir string, editor Editor) *Problem {
	title := "the function returned an error"
	if len(f.Stack) > 0 {
		title = "the function panicked"
	}
	return panicProblem(dir, title, f.Error, f.Stack, editor)
}

// Begin records a request that was received, and returns its number.
func (p *Page) Begin(r Record) int {
	r.Header = boundedHeader(r.Header)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lastN++
	r.N = p.lastN
	if len(p.records) >= maxRecords {
		p.records[0] = Record{} // frees it before append moves the others to a new array
		p.records = p.records[1:]
	}
	p.changed()
	r.version = p.version
	p.records = append(p.records, r)
	return r.N
}

// Finish records the rest of a request that Begin has recorded.
func (p *Page) Finish(r Record) {
	r.Header, r.ResponseHeader = boundedHeader(r.Header), boundedHeader(r.ResponseHeader)
	r.Done = true
	p.mu.Lock()
	defer p.mu.Unlock()
	i, found := p.index(r.N)
	if !found { // so many requests came in the meantime
		return
	}
	p.changed()
	r.version = p.version
	p.records[i] = r
}

// Record returns the record with a number.
func (p *Page) Record(n int) (Record, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, found := p.index(n)
	if !found {
		return Record{}, false
	}
	return p.records[i], true
}

func (p *Page) index(n int) (i int, found bool) {
	return slices.BinarySearchFunc(p.records, n, func(r Record, n int) int { return r.N - n })
}

// Records returns a copy of the records, oldest first.
func (p *Page) Records() []Record {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.records)
}

// since returns the records that changed after a version.
func (p *Page) since(version int) (changed []Record, state State, isNew bool, now int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.records {
		if r.version > version {
			changed = append(changed, r)
		}
	}
	return changed, p.state, p.stateAt > version, p.version
}

// boundedHeader returns a copy of a header, or nil if it is too large to keep.
func boundedHeader(h http.Header) http.Header {
	size := 0
	for name, values := range h {
		for _, value := range values {
			size += len(name) + len(value)
		}
	}
	if size > maxHeader {
		return http.Header{"Fngen-Omitted": {"the header is too large to record"}}
	}
	return h
}
