// Package gateway answers HTTP requests with functions that are written for AWS Lambda behind API Gateway: it makes
// the event of a request that API Gateway would make, calls the function, and writes its response as API Gateway
// does. Events are those of a REST API's proxy integration, payload format 1.0:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
//
// [EventFromRequest], [WriteResponse] and [Handler] do so with nothing configured; a [Gateway] has limits, a time-out,
// proxies whose word counts, and a public address.
//
// What is different from API Gateway, on purpose:
//   - a body that is not text arrives in base64, whatever its type (API Gateway does so for the types that an API
//     lists as binary, and spoils others);
//   - a function answers at its name and at all paths below it;
//   - an error or a panic is 500, not 502; 502 is a response that is malformed.
//
// It knows nothing of which functions there are: that is package server's.
package gateway

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// A Function is what lambda.Start takes for API Gateway's proxy integration.
type Function = func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

// NoteHeader is the response header in which a [Gateway] notes what AWS would not have let pass.
const NoteHeader = "Fngen-Note"

// A Gateway turns requests into events and responses of functions into answers. The zero Gateway has no limits and
// trusts nobody. It is used by many requests at once, and must not be copied or changed while it is.
type Gateway struct {
	// Logger is told of functions that fail, at level Error: slog.Default() where it is nil.
	Logger *slog.Logger

	// Stage is the stage in the event's requestContext: "prod" where it is empty.
	Stage string

	// PublicURL is the address under which the world reaches the functions, without a query: the domain
	// name and the path of an event's requestContext are then under it. Where it is nil, they are the
	// request's. What providers sign is made of the two.
	PublicURL *url.URL

	// Proxies are those whose X-Forwarded-For and X-Forwarded-Host count.
	Proxies []netip.Prefix

	// PeerHeader is a header of requests in which a parent process in front of this one says which
	// address it was asked from: "" for none. It does not become part of the event.
	PeerHeader string

	// Detail has answers say what the log says of a function that failed. It is for development.
	Detail bool

	// Timeout is how long a function may take: its ctx ends then, and the answer is 504, whatever the
	// function does. 0 is no limit.
	Timeout time.Duration

	// BodyLimit is the largest body of a request in bytes. A larger one is answered 413. 0 is no limit.
	BodyLimit int64

	// ReadTimeout is how long a client may take to send a body. 0 is no limit but the server's.
	ReadTimeout time.Duration

	// WriteTimeout is how long a client may take to read an answer. 0 is no limit but the server's.
	WriteTimeout time.Duration

	// Closing is set when the process is about to end: answers then close their connection. It may be nil.
	Closing *atomic.Bool

	// AWS are limits of API Gateway and Lambda.
	AWS Limits

	ids   random
	calls sync.Pool // *call, of those that are over
}

// Limits are those of API Gateway and Lambda. The zero Limits are none.
type Limits struct {
	Payload int           // bytes of an event or a response in JSON; 0 for no limit
	Time    time.Duration // a function's; 0 for no limit

	// Refuse has what is beyond a limit refused as AWS does: with 413, 504 and 502. Otherwise it is noted in
	// the answer's NoteHeader: body-too-large, too-slow and response-too-large.
	Refuse bool
}

// AWSLimits are the limits that no configuration of AWS's lifts: what Lambda takes and gives in one synchronous
// invocation, and the 29 seconds that API Gateway waits for it.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
func AWSLimits(refuse bool) Limits {
	return Limits{Payload: 6_291_556, Time: 29 * time.Second, Refuse: refuse}
}

// Handler answers requests with a function, with nothing configured.
func Handler(fn Function) http.Handler { return new(Gateway).Handler(fn) }

// Handler answers requests with a function.
func (g *Gateway) Handler(fn Function) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.Serve(w, r, fn) })
}

// Serve answers one request with a function. It returns when the function has, which is later than the answer where
// that timed out. The request's headers become the event's, so they may be other ones afterwards.
func (g *Gateway) Serve(w http.ResponseWriter, r *http.Request, fn Function) {
	start := time.Now()
	event, err := g.event(w, r, start)
	if err != nil {
		refuse(w, err)
		return
	}

	c := g.call(w, event.Path, event.RequestContext.RequestID, start)
	if payload := g.AWS.Payload; payload > 0 && eventSize(&event) > payload {
		if g.AWS.Refuse {
			refuse(w, errTooLong)
			return
		}
		c.notes = append(c.notes, "body-too-large")
	}
	c.begin(r.Context(), g.TimeLimit())
	defer c.ctx.end(context.Canceled)

	returned := false
	defer func() {
		if !returned { // The function ended its goroutine, by runtime.Goexit.
			c.finish(events.APIGatewayProxyResponse{}, errors.New("the function called runtime.Goexit"))
			_ = http.NewResponseController(w).Flush() // net/http only closes the connection
		}
		c.release()
	}()
	response, err := Call(c.ctx, fn, event)
	returned = true
	c.finish(response, err)
}

// TimeLimit is how long a function may take: Timeout, or what AWS allows where that is less. 0 is no limit.
func (g *Gateway) TimeLimit() time.Duration {
	if limit := g.AWS.Time; g.AWS.Refuse && limit > 0 && (g.Timeout == 0 || limit < g.Timeout) {
		return limit
	}
	return g.Timeout
}

func (g *Gateway) logger() *slog.Logger {
	if g.Logger != nil {
		return g.Logger
	}
	return slog.Default()
}

// A call is one invocation of a function, which is answered once: by what it returned, or when its time is over. The
// function runs where the request was read, and no goroutine is made for it.
type call struct {
	gateway  *Gateway
	ctx      *callContext
	start    time.Time
	path, id string

	mu       sync.Mutex // held while a time-out is being answered
	answered bool
	writer   http.ResponseWriter
	notes    []string
	timer    *time.Timer // of timeOut
	armed    bool        // whether the timer is set
}

// call is a new call, or one that is over.
func (g *Gateway) call(w http.ResponseWriter, path, id string, start time.Time) *call {
	c, ok := g.calls.Get().(*call)
	if !ok {
		c = &call{gateway: g, answered: true}
	}
	c.path, c.id, c.start, c.writer = path, id, start, w
	return c
}

// begin has the call end when its request does, or when limit is over, unless that is 0. A timer that is set for an
// earlier call stays so: it is sooner, and timeOut sets it again. Most requests set and stop none.
func (c *call) begin(request context.Context, limit time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answered = false
	c.ctx = &callContext{id: c.id, request: request}
	if limit == 0 {
		return
	}
	c.ctx.deadline = c.start.Add(limit)
	if c.armed {
		return
	}
	c.armed = true
	if left := time.Until(c.ctx.deadline); c.timer == nil {
		c.timer = time.AfterFunc(left, c.timeOut)
	} else {
		c.timer.Reset(left)
	}
}

// release has the call used for another one.
func (c *call) release() {
	c.mu.Lock()
	c.ctx, c.writer, c.notes, c.answered = nil, nil, nil, true
	c.mu.Unlock()
	c.gateway.calls.Put(c)
}

// timeOut looks whether the call is over whose time the timer was set for. If not, it answers for the function, which is
// still running.
func (c *call) timeOut() {
	ctx, path, id := c.answerTimeOut()
	if ctx == nil {
		return
	}
	// A goroutine of its own: nobody else would recover from a panic of the project's log.
	defer func() { _ = recover() }()
	c.gateway.log(ctx, path, id, "function timed out", "after", c.gateway.TimeLimit())
}

// answerTimeOut flushes the answer, with its length, and gives the connection up: it is free only when the function
// returns. The context is nil where there was nothing to answer.
func (c *call) answerTimeOut() (ctx context.Context, path, id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed = false
	if c.answered {
		return nil, "", ""
	}
	if left := time.Until(c.ctx.deadline); left > 0 {
		c.armed = true
		c.timer.Reset(left)
		return nil, "", ""
	}
	c.answered = true
	c.ctx.end(context.DeadlineExceeded)
	c.note()
	c.writer.Header().Set("Connection", "close")
	c.fail(http.StatusGatewayTimeout, timedOut)
	_ = http.NewResponseController(c.writer).Flush()
	return c.ctx, c.path, c.id
}

// claim tells whether nothing answered yet. If so, it is the caller who does.
func (c *call) claim() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	claimed := !c.answered
	c.answered = true
	return claimed
}

// finish answers with what the function returned, unless its time was over before that.
func (c *call) finish(response events.APIGatewayProxyResponse, err error) {
	if !c.claim() {
		return
	}
	if errors.Is(c.ctx.Err(), context.DeadlineExceeded) {
		// The deadline of the request itself.
		c.note()
		c.fail(http.StatusGatewayTimeout, timedOut)
		c.log("function timed out", "after", c.gateway.TimeLimit())
		return
	}
	if err != nil {
		c.note()
		c.failed(err)
		return
	}
	limits := c.gateway.AWS
	if limits.Payload > 0 && responseSize(&response) > limits.Payload {
		if limits.Refuse {
			c.fail(http.StatusBadGateway, internal)
			c.log("function's response is larger than Lambda's", "limit", limits.Payload)
			return
		}
		c.notes = append(c.notes, "response-too-large")
	}
	c.note()
	if err := c.write(response); errors.Is(err, ErrMalformed) {
		c.malformed(err)
	}
}

// note sets the header that says what AWS would not have let pass.
func (c *call) note() {
	if limit := c.gateway.AWS.Time; limit > 0 && !c.gateway.AWS.Refuse && time.Since(c.start) > limit {
		c.notes = append(c.notes, "too-slow")
	}
	if len(c.notes) > 0 {
		c.writer.Header().Set(NoteHeader, strings.Join(c.notes, ","))
	}
}

func (c *call) write(response events.APIGatewayProxyResponse) error {
	c.prepare()
	return WriteResponse(c.writer, response)
}

// prepare has the connection closed behind the answer where the process ends, and sets when the client has to have read
// it. A writer that has no deadlines does without.
func (c *call) prepare() {
	if closing := c.gateway.Closing; closing != nil && closing.Load() {
		c.writer.Header().Set("Connection", "close")
	}
	if limit := c.gateway.WriteTimeout; limit > 0 {
		_ = http.NewResponseController(c.writer).SetWriteDeadline(time.Now().Add(limit))
	}
}

// failed answers for a function that returned an error or panicked.
func (c *call) failed(err error) {
	var panicked *Panic
	args := []any{"error", text(err)}
	if errors.As(err, &panicked) {
		args = append(args, "stack", panicked.Stack)
	}
	body := internal
	if c.gateway.Detail {
		body = detail(err)
	}
	c.fail(http.StatusInternalServerError, body)
	if c.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return // The client went away, and the function heeded that.
	}
	c.log("function failed", args...)
}

// malformed answers for a function whose response will not do.
func (c *call) malformed(err error) {
	body := internal
	if c.gateway.Detail {
		body = detail(err)
	}
	c.fail(http.StatusBadGateway, body)
	c.log("function's response is malformed", "error", text(err))
}

func (c *call) fail(status int, body string) {
	c.prepare()
	writeJSON(c.writer, status, body)
}

func (c *call) log(message string, args ...any) {
	c.gateway.log(c.ctx, c.path, c.id, message, args...)
}

func (g *Gateway) log(ctx context.Context, path, id, message string, args ...any) {
	args = append([]any{"path", path, "requestId", id}, args...)
	g.logger().ErrorContext(ctx, message, args...)
}

// The answers that API Gateway has of its own, in JSON.
const (
	internal = `{"message":"Internal server error"}`
	timedOut = `{"message":"Endpoint request timed out"}`
	tooLong  = `{"message":"Request Too Long"}`
	tooSlow  = `{"message":"Request Timeout"}`
	bad      = `{"message":"Bad Request"}`
)

// errTooLong says that a body is beyond the limit.
var errTooLong = errors.New("gateway: the body is too long")

// refuse answers a request of which there is no event. What is left of it stays unread, so its connection is closed.
func refuse(w http.ResponseWriter, err error) {
	w.Header().Set("Connection", "close")
	var beyond *http.MaxBytesError
	switch {
	case errors.As(err, &beyond), errors.Is(err, errTooLong):
		writeJSON(w, http.StatusRequestEntityTooLarge, tooLong)
	case errors.Is(err, os.ErrDeadlineExceeded):
		writeJSON(w, http.StatusRequestTimeout, tooSlow)
	default:
		writeJSON(w, http.StatusBadRequest, bad)
	}
}

func writeJSON(w http.ResponseWriter, status int, body string) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	setLength(header, len(body))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // a client that is gone misses nothing
}
