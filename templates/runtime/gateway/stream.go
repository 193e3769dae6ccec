package gateway

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/runtime/response"
	"github.com/fngen/fngen/templates/runtime/route"
)

// A StreamFunction is a handler whose response is streamed, as lambda.Start
// accepts it.
type StreamFunction = func(context.Context, events.APIGatewayProxyRequest) (
	*events.APIGatewayProxyStreamingResponse, error,
)

// maxStream is Lambda's limit on a streamed response, in bytes:
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxStream = 200 << 20

// streamWriteTimeout is the longest that a client may take to read one write if
// the gateway has no WriteTimeout.
const streamWriteTimeout = time.Minute

// ServeStream is like Serve for a function whose response is streamed. It sends
// what one Read of the body returns before it reads more.
//
// The header is sent with the first byte. Up to then, an error or a panic is
// answered as by Serve. After it, ServeStream panics with
// [http.ErrAbortHandler], so that the client can tell that the body is
// incomplete.
//
// The function's context is done when the client disconnects, or does not read
// for WriteTimeout. ServeStream closes the body then.
func (g *Gateway) ServeStream(w http.ResponseWriter, r *http.Request, match route.Match, fn StreamFunction) {
	defer g.hold(r)()
	// The call is not from the pool, whose timers assume that all calls have
	// one limit.
	c := &call{gateway: g, limit: g.Timeout, answered: true, isStream: true}
	event, ok := c.accept(w, r, match)
	if !ok {
		return
	}
	c.begin(r)
	defer c.stop()
	c.ctx.deadline = time.Time{}
	if g.StreamTimeout > 0 {
		c.ctx.deadline = c.start.Add(g.StreamTimeout)
		timer := time.AfterFunc(time.Until(c.ctx.deadline), func() { c.ctx.end(context.DeadlineExceeded) })
		defer timer.Stop()
	}

	returned := false
	defer func() {
		if !returned {
			c.finish(events.APIGatewayProxyResponse{}, errors.New("the function called runtime.Goexit"))
			// Without a flush, net/http closes the connection and sends nothing.
			_ = http.NewResponseController(w).Flush()
		}
	}()
	stream, err := Call(c.ctx, fn, event)
	returned = true
	if stream == nil || err != nil {
		if err == nil {
			err = errors.New("the function returned no response")
		}
		c.finish(events.APIGatewayProxyResponse{}, err)
		return
	}
	defer func() { _ = stream.Close() }() // waits for the function that writes the body
	defer c.ctx.end(context.Canceled)     // ends it
	context.AfterFunc(c.ctx, func() { _ = stream.Close() })
	if err := c.send(r.Method, stream); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// stop ends a call that is not from the pool.
func (c *call) stop() {
	c.ctx.end(context.Canceled)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.answered = true
	if c.timer != nil {
		c.timer.Stop()
	}
}

// send answers with a stream. It returns an error if the stream ends early,
// after the header has been sent.
func (c *call) send(method string, stream *events.APIGatewayProxyStreamingResponse) error {
	head, header := response.Head(stream), http.Header{}
	if response.SetHeader(header, head) != nil {
		c.finish(head, nil) // answers with the same error
		return nil
	}
	body := reader{ctx: c.ctx, body: stream.Body, buffer: make([]byte, 32<<10)}
	hasBody := response.HasBody(head.StatusCode)
	var chunk []byte
	var err error
	if hasBody {
		chunk, err = body.next()
	}
	if len(chunk) == 0 && err != nil && !errors.Is(err, io.EOF) {
		c.finish(events.APIGatewayProxyResponse{}, err)
		return nil
	}
	if !c.claim() {
		return nil
	}
	c.writeNotes()
	c.prepareWriter()
	maps.Copy(c.writer.Header(), header)
	c.writer.WriteHeader(head.StatusCode)
	if !hasBody || method == http.MethodHead {
		return nil
	}

	timeout, controller := c.gateway.WriteTimeout, http.NewResponseController(c.writer)
	if timeout == 0 {
		timeout = streamWriteTimeout
	}
	for sent := 0; ; chunk, err = body.next() {
		sent += len(chunk)
		if c.gateway.AWS.Refuse && sent > maxStream {
			c.log("stream exceeds Lambda's limit", "limit", maxStream)
			return errors.New("gateway: stream too large")
		}
		// Some writers have no deadlines. The last one is for the end of the body,
		// which net/http writes.
		_ = controller.SetWriteDeadline(time.Now().Add(timeout))
		if len(chunk) > 0 {
			if _, err := c.writer.Write(chunk); err != nil {
				return err
			}
			if err := controller.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			if !errors.Is(err, context.Canceled) { // which is a client that disconnected
				c.log("stream failed", failure(err)...)
			}
			return err
		}
	}
}

// A reader reads the body of a stream.
type reader struct {
	ctx    context.Context
	body   io.Reader
	buffer []byte
}

// next returns the result of one Read that returns something. If the read fails
// because ctx is done, the error is that of ctx.
func (r *reader) next() (chunk []byte, err error) {
	if r.body == nil {
		return nil, io.EOF
	}
	for range 100 { // as often as package bufio tries
		n, err := read(r.body, r.buffer)
		if err != nil && !errors.Is(err, io.EOF) && r.ctx.Err() != nil {
			err = r.ctx.Err()
		}
		if n > 0 || err != nil {
			return r.buffer[:n], err
		}
	}
	return nil, io.ErrNoProgress
}

// read calls body.Read. If that panics, the error is a [*Panic].
func read(body io.Reader, p []byte) (n int, err error) {
	defer func() {
		if value := recover(); value != nil {
			n, err = 0, &Panic{Value: value, Stack: stack()}
		}
	}()
	return body.Read(p)
}

// Buffered returns a function that returns the whole response of fn.
func Buffered(fn StreamFunction) Function {
	return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		stream, err := fn(ctx, event)
		if err != nil {
			return events.APIGatewayProxyResponse{}, err
		}
		if stream == nil {
			return events.APIGatewayProxyResponse{}, errors.New("the function returned no response")
		}
		defer func() { _ = stream.Close() }()
		head := response.Head(stream)
		if stream.Body != nil && response.HasBody(stream.StatusCode) {
			var body []byte
			body, err = io.ReadAll(stream.Body)
			head.Body = string(body)
		}
		return head, err
	}
}
