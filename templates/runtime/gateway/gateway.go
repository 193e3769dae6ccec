// Package gateway serves functions that are written for AWS Lambda behind API
// Gateway over plain HTTP. It converts each request into the event that API
// Gateway would send, calls the function, and writes the function's response as
// API Gateway does. Events have the format of a REST API's Lambda proxy
// integration, which is payload format 1.0:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
//
// [EventFromRequest], [WriteResponse] and [Handler] need no configuration. A
// [Gateway] adds limits, a timeout, trusted proxies and a public URL.
//
// The package differs from API Gateway on purpose in two ways:
//   - A body that is not text is base64-encoded, whatever its content type. API
//     Gateway encodes only the media types that an API lists as binary, and
//     corrupts the others.
//   - If a function returns an error or panics, the status is 500 instead of
//     502. Status 502 means that the function's response is malformed.
//
// Package route finds the functions of requests.
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

	"github.com/fngen/fngen/templates/runtime/route"
)

// A Function is a handler for API Gateway's proxy integration, as lambda.Start
// accepts it.
type Function = func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

// NoteHeader is the response header that lists the limits of AWS that a call
// exceeded. See [Limits]. It also says that a call failed if the request has
// [Gateway.PeerHeader].
const NoteHeader = "Fngen-Note"

// IDHeader is the response header with the request id, for requests that have
// [Gateway.PeerHeader].
const IDHeader = "Fngen-Id"

// A Gateway converts requests to events and responses of functions to HTTP
// responses. The zero Gateway has no limits and trusts no proxy. It is safe for
// concurrent use, and must not be copied or modified after first use.
type Gateway struct {
	// Logger receives one record at level Error for each call that fails.
	// If it is nil, slog.Default() is used.
	Logger *slog.Logger

	// Stage is the stage in the event's request context. The default is
	// "prod".
	Stage string

	// PublicURL is the URL, without a query, at which clients reach the
	// functions. It determines the domain name and the path in the event's
	// request context, which webhook providers sign. If it is nil, both
	// come from the request.
	PublicURL *url.URL

	// TrustedProxies lists the networks of the proxies whose
	// X-Forwarded-For and X-Forwarded-Host headers are trusted. If a
	// request from one of them has no X-Forwarded-For, or if the entry that
	// a proxy wrote is not an IP address, the event's source IP is empty.
	TrustedProxies []netip.Prefix

	// PeerHeader names the request header in which a reverse proxy on the
	// same machine passes the client's address. The header is removed from
	// the event. If it is empty, no header is read.
	PeerHeader string

	// PublicHeader names the request header by which a reverse proxy on the
	// same machine marks a request from outside. The header is removed from
	// the event. If it is empty, no header is read.
	PublicHeader string

	// ExposeErrors includes error messages and stack traces in error
	// responses, except for requests with PublicHeader. It is for
	// development only.
	ExposeErrors bool

	// Timeout is the longest that a call may take. When it expires, the
	// function's context is done and the response is 504, even if the
	// function is still running. Zero means no limit.
	//
	// For a stream, it is the longest until the first byte of the body.
	Timeout time.Duration

	// StreamTimeout is the longest that a stream may take. When it expires,
	// the function's context is done and the connection is aborted. Zero
	// means no limit.
	StreamTimeout time.Duration

	// BodyLimit is the largest request body in bytes. A larger body is
	// refused with 413. Zero means no limit.
	BodyLimit int64

	// InFlight is the largest total size in bytes of the request bodies of
	// calls that run at the same time. Further requests are refused with
	// 503. Zero means no limit.
	InFlight int64

	// ReadTimeout is the longest that a client may take to send a body.
	// Zero leaves the limit to the http.Server.
	ReadTimeout time.Duration

	// WriteTimeout is the longest that a client may take to read a
	// response. Zero leaves the limit to the http.Server. For a stream, it
	// is the longest for each write, and zero means a minute.
	WriteTimeout time.Duration

	// Closing is set while the server shuts down. Responses then close
	// their connection. It may be nil.
	Closing *atomic.Bool

	// AWS holds the limits of API Gateway and Lambda to apply.
	AWS Limits

	ids      idGenerator
	calls    sync.Pool // of *call
	inFlight budget
}

// Limits are limits of API Gateway and Lambda. The zero Limits has none.
type Limits struct {
	Payload int           // size of an event or a response, in bytes of JSON; 0 means no limit
	Time    time.Duration // duration of a call; 0 means no limit

	// Refuse makes a call that exceeds a limit fail as it does on AWS, with
	// status 413, 504 or 502. Otherwise the call succeeds, and the
	// response's NoteHeader contains body-too-large, too-slow or
	// response-too-large.
	Refuse bool
}

// AWSLimits returns the limits of AWS: the size of the payload of a synchronous
// invocation, in either direction, and the 29 seconds that API Gateway waits
// for a response.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
func AWSLimits(refuse bool) Limits {
	return Limits{Payload: 6_291_556, Time: 29 * time.Second, Refuse: refuse}
}

// Handler returns an http.Handler that calls fn for each request. It uses the
// zero [Gateway].
func Handler(fn Function) http.Handler { return new(Gateway).Handler(fn) }

// Handler returns an http.Handler that calls fn for each request. The event's
// resource is that of [EventFromRequest].
func (g *Gateway) Handler(fn Function) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.Serve(w, r, defaultRoute(r), fn) })
}

// Serve calls fn with the event of r, which has the resource and the path
// parameters of match, and writes its response to w. It returns when fn returns,
// which after a timeout is later than the response. Serve modifies r.Header,
// because it becomes part of the event.
func (g *Gateway) Serve(w http.ResponseWriter, r *http.Request, match route.Match, fn Function) {
	defer g.hold(r)()
	c := g.call()
	event, ok := c.accept(w, r, match)
	if !ok {
		c.release()
		return
	}
	c.begin(r)
	defer c.ctx.end(context.Canceled)

	returned := false
	defer func() {
		if !returned {
			c.finish(events.APIGatewayProxyResponse{}, errors.New("the function called runtime.Goexit"))
			// Without a flush, net/http closes the connection and sends nothing.
			_ = http.NewResponseController(w).Flush()
		}
		c.release()
	}()
	response, err := Call(c.ctx, fn, event)
	returned = true
	c.finish(response, err)
}

// TimeLimit returns the longest that a call may take: the smaller of Timeout
// and AWS.Time, if that is enforced. Zero means no limit.
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

// A call is one invocation of a function. It is answered exactly once, either
// with what the function returned or when the time limit expires. The function
// runs on the goroutine of the request, so that a call starts no goroutine.
type call struct {
	gateway  *Gateway
	ctx      *callContext
	limit    time.Duration // until the response; zero means none
	start    time.Time
	path, id string

	exposeErrors bool
	isStream     bool
	isProxied    bool // a reverse proxy of fngen reads NoteHeader and IDHeader

	mu       sync.Mutex // held while a timeout is answered
	answered bool
	deadline time.Time // start and limit
	writer   http.ResponseWriter
	notes    []string
	timer    *time.Timer // calls timeOut
	armed    bool        // whether timer is running
}

// call returns a new call, or one from the pool.
func (g *Gateway) call() *call {
	c, ok := g.calls.Get().(*call)
	if !ok {
		c = &call{gateway: g, limit: g.TimeLimit(), answered: true}
	}
	return c
}

// accept returns the event for a request. If the gateway refuses the request,
// accept answers it and returns false.
func (c *call) accept(w http.ResponseWriter, r *http.Request, match route.Match) (
	event events.APIGatewayProxyRequest, ok bool,
) {
	g := c.gateway
	c.start, c.writer = time.Now(), w
	c.isProxied = g.PeerHeader != "" && r.Header.Get(g.PeerHeader) != ""
	c.exposeErrors = g.ExposeErrors && (g.PublicHeader == "" || r.Header.Get(g.PublicHeader) == "")
	event, err := g.event(w, r, match, c.start)
	if err != nil {
		refuse(w, err)
		return event, false
	}
	c.path, c.id = event.Path, event.RequestContext.RequestID
	if payload := g.AWS.Payload; payload > 0 && eventSize(&event) > payload {
		if g.AWS.Refuse {
			refuse(w, errTooLong)
			return event, false
		}
		c.notes = append(c.notes, "body-too-large")
	}
	return event, true
}

// begin starts the call, which ends with its request or after its limit.
//
// A timer that still runs for an earlier call is left running: it fires before
// this call's deadline, and timeOut then resets it. That way most calls neither
// start nor stop a timer.
func (c *call) begin(r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answered = false
	c.ctx = &callContext{id: c.id, gateway: c.gateway, request: r}
	if c.limit == 0 {
		return
	}
	c.deadline = c.start.Add(c.limit)
	c.ctx.deadline = c.deadline
	if c.armed {
		return
	}
	c.armed = true
	if left := time.Until(c.deadline); c.timer == nil {
		c.timer = time.AfterFunc(left, c.timeOut)
	} else {
		c.timer.Reset(left)
	}
}

// release returns c to the pool.
func (c *call) release() {
	c.mu.Lock()
	c.ctx, c.writer, c.notes, c.answered = nil, nil, nil, true
	c.mu.Unlock()
	c.gateway.calls.Put(c)
}

// timeOut runs when the timer fires. If the call's deadline has passed, it
// answers for the function, which is still running.
func (c *call) timeOut() {
	ctx, path, id, ok := c.answerTimeout()
	if !ok {
		return
	}
	// The timer runs this on its own goroutine, where a panic in the project's
	// log handler would end the process.
	defer func() { _ = recover() }()
	c.gateway.log(ctx, path, id, "function timed out", "after", c.limit)
}

// answerTimeout answers with 504 if the call has not been answered and its
// deadline has passed. It flushes the response and closes the connection,
// because net/http cannot reuse it before the function returns. It returns what
// to log; ok is false if there was nothing to answer.
func (c *call) answerTimeout() (ctx context.Context, path, id string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.armed = false
	if c.answered {
		return nil, "", "", false
	}
	if left := time.Until(c.deadline); left > 0 {
		c.armed = true
		c.timer.Reset(left)
		return nil, "", "", false
	}
	c.answered = true
	c.ctx.end(context.DeadlineExceeded)
	c.writeNotes()
	c.writer.Header().Set("Connection", "close")
	c.writeError(http.StatusGatewayTimeout, endpointTimeout)
	_ = http.NewResponseController(c.writer).Flush()
	return c.ctx, c.path, c.id, true
}

// claim reports whether the call has not been answered yet. If so, the caller
// must answer it.
func (c *call) claim() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	claimed := !c.answered
	c.answered = true
	return claimed
}

// finish answers with what the function returned, unless the call has timed
// out.
func (c *call) finish(response events.APIGatewayProxyResponse, err error) {
	if !c.claim() {
		return
	}
	if errors.Is(c.ctx.Err(), context.DeadlineExceeded) {
		// The request's own deadline passed before the call's.
		c.writeNotes()
		c.writeError(http.StatusGatewayTimeout, endpointTimeout)
		c.log("function timed out", "after", c.limit)
		return
	}
	if err != nil {
		if c.isProxied {
			c.notes = append(c.notes, "failed")
		}
		c.writeNotes()
		c.functionFailed(err)
		return
	}
	limits := c.gateway.AWS
	if limits.Payload > 0 && responseSize(&response) > limits.Payload {
		if limits.Refuse {
			c.writeError(http.StatusBadGateway, internalError)
			c.log("function response exceeds Lambda's payload limit", "limit", limits.Payload)
			return
		}
		c.notes = append(c.notes, "response-too-large")
	}
	c.writeNotes()
	c.prepareWriter()
	if err := WriteResponse(c.writer, response); errors.Is(err, ErrMalformed) {
		c.writeError(http.StatusBadGateway, c.errorBody(err))
		c.log("malformed function response", "error", errorText(err))
	}
}

// writeNotes sets NoteHeader if the call failed or exceeded limits that are not
// enforced, and IDHeader.
func (c *call) writeNotes() {
	if c.isProxied {
		c.writer.Header().Set(IDHeader, c.id)
	}
	limit := c.gateway.AWS.Time
	if limit > 0 && !c.gateway.AWS.Refuse && !c.isStream && time.Since(c.start) > limit {
		c.notes = append(c.notes, "too-slow")
	}
	if len(c.notes) > 0 {
		c.writer.Header().Set(NoteHeader, strings.Join(c.notes, ","))
	}
}

// prepareWriter closes the connection after the response if the server is
// shutting down, and sets the write deadline. A writer without support for
// deadlines is left without one.
func (c *call) prepareWriter() {
	if closing := c.gateway.Closing; closing != nil && closing.Load() {
		c.writer.Header().Set("Connection", "close")
	}
	if limit := c.gateway.WriteTimeout; limit > 0 {
		_ = http.NewResponseController(c.writer).SetWriteDeadline(time.Now().Add(limit))
	}
}

// functionFailed answers and logs for a function that returned an error or
// panicked.
func (c *call) functionFailed(err error) {
	c.writeError(http.StatusInternalServerError, c.errorBody(err))
	if c.ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return // the client disconnected, which is not the function's failure
	}
	c.log("function failed", failure(err)...)
}

// failure returns what to log about an error or a panic.
func failure(err error) []any {
	args := []any{"error", errorText(err)}
	var panicked *Panic
	if errors.As(err, &panicked) {
		args = append(args, "stack", panicked.Stack)
	}
	return args
}

// errorBody returns the body of a response for a function that failed.
func (c *call) errorBody(err error) string {
	if c.exposeErrors {
		return detailedError(err)
	}
	return internalError
}

func (c *call) writeError(status int, body string) {
	c.prepareWriter()
	writeJSON(c.writer, status, body)
}

func (c *call) log(message string, args ...any) {
	c.gateway.log(c.ctx, c.path, c.id, message, args...)
}

func (g *Gateway) log(ctx context.Context, path, id, message string, args ...any) {
	args = append([]any{"path", path, "requestId", id}, args...)
	g.logger().ErrorContext(ctx, message, args...)
}

// The bodies of API Gateway's own error responses.
const (
	internalError   = `{"message":"Internal server error"}`
	endpointTimeout = `{"message":"Endpoint request timed out"}`
	requestTooLong  = `{"message":"Request Too Long"}`
	requestTimeout  = `{"message":"Request Timeout"}`
	badRequest      = `{"message":"Bad Request"}`
	unavailable     = `{"message":"Service Unavailable"}`
)

// errTooLong means that a request body exceeds the limit.
var errTooLong = errors.New("gateway: request body too large")

// refuse answers a request that could not be converted to an event. It closes
// the connection, because the rest of the request has not been read.
func refuse(w http.ResponseWriter, err error) {
	w.Header().Set("Connection", "close")
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge), errors.Is(err, errTooLong):
		writeJSON(w, http.StatusRequestEntityTooLarge, requestTooLong)
	case errors.Is(err, errBusy):
		w.Header().Set("Retry-After", "1")
		writeJSON(w, http.StatusServiceUnavailable, unavailable)
	case errors.Is(err, os.ErrDeadlineExceeded):
		writeJSON(w, http.StatusRequestTimeout, requestTimeout)
	default:
		writeJSON(w, http.StatusBadRequest, badRequest)
	}
}

func writeJSON(w http.ResponseWriter, status int, body string) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	setLength(header, len(body))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // fails only if the client has disconnected
}
