package lambdaentry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/runtime/lambdastart"
	"github.com/fngen/fngen/templates/runtime/payload"
	"github.com/fngen/fngen/templates/runtime/response"
	"github.com/fngen/fngen/templates/runtime/route"
)

// A StreamFunction is run by [StartStream].
type StreamFunction struct {
	Name    string
	Handler func(context.Context, events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error)

	// Routes and CORS are as in [Function].
	Routes []string
	CORS   bool
}

// StartStream is like [Start] for a function whose response is streamed. Its
// function URL must have the invoke mode RESPONSE_STREAM, or the integration of
// its REST API the response transfer mode STREAM. HTTP APIs and load balancers
// get the whole response at once.
//
// An error or a panic before the first byte of the body fails the invocation.
// After it, the response is marked as incomplete, and the error is logged.
//
// The context of an invocation is canceled when Lambda takes no more of the
// response. The next invocation starts when the function that writes the body
// has returned.
func StartStream(f StreamFunction, shutdown ...func(context.Context) error) {
	lambdastart.Start(newStreamHandler(f).Invoke, shutdown...)
}

type streamHandler struct {
	StreamFunction
	router *route.Router
}

func newStreamHandler(f StreamFunction) *streamHandler {
	return &streamHandler{f, route.New(route.Function{Name: f.Name, Routes: f.Routes, CORS: f.CORS})}
}

// Invoke returns what aws-lambda-go sends: a *streamBody, or JSON.
func (h *streamHandler) Invoke(ctx context.Context, data json.RawMessage) (any, error) {
	request, err := payload.Decode(data)
	if err != nil {
		return nil, err
	}
	event, kind := request.APIGatewayProxyRequest, request.Kind
	if match := h.router.FindEvent(&event, kind.DecodesPath()); match.Status != 0 {
		return whole(kind, match.Response())
	}
	ctx, cancel := context.WithCancel(request.Context(ctx))
	body, err := h.open(ctx, event)
	if err != nil {
		cancel()
		return nil, err
	}
	body.cancel = cancel
	head := response.Head(body.stream)
	if !kind.CanStream() {
		defer func() { _ = body.Close() }()
		return buffer(ctx, kind, head, body)
	}
	encoded, err := kind.EncodeHead(head)
	if err != nil {
		_ = body.Close()
		slog.ErrorContext(ctx, "malformed function response", "error", err, "requestId", requestID(ctx))
		return whole(kind, payload.BadGateway())
	}
	body.Reader = io.MultiReader(bytes.NewReader(encoded), body.Reader)
	return body, nil
}

// open calls the function, and reads the first bytes of the body, because an
// error before them fails the invocation.
func (h *streamHandler) open(ctx context.Context, event events.APIGatewayProxyRequest) (*streamBody, error) {
	stream, err := call(ctx, h.Handler, event)
	if err != nil {
		return nil, err
	}
	if stream == nil {
		return nil, errors.New("the function returned no response")
	}
	body := &streamBody{ctx: ctx, stream: stream}
	if stream.Body == nil || !response.HasBody(stream.StatusCode) {
		body.Reader = strings.NewReader("")
		return body, nil
	}
	first := make([]byte, 32<<10)
	n, err := read(stream.Body, first)
	if n == 0 && err != nil && !errors.Is(err, io.EOF) {
		_ = stream.Close()
		return nil, err
	}
	body.Reader = io.MultiReader(bytes.NewReader(first[:n]), failing{err}, stream.Body)
	return body, nil
}

// read calls r.Read and converts a panic to an error.
func read(r io.Reader, p []byte) (n int, err error) {
	defer func() {
		if value := recover(); value != nil {
			n, err = 0, lambdastart.Panic(value)
		}
	}()
	return r.Read(p)
}

// failing is an empty reader, or one that fails with an error that is not nil.
type failing struct{ error }

func (f failing) Read([]byte) (int, error) {
	if f.error != nil {
		return 0, f.error
	}
	return 0, io.EOF
}

// A streamBody is a response that aws-lambda-go sends while it reads it: the
// interface of events.APIGatewayProxyStreamingResponse, with errors logged and
// panics recovered.
type streamBody struct {
	io.Reader
	ctx    context.Context
	stream *events.APIGatewayProxyStreamingResponse
	cancel context.CancelFunc
}

func (b *streamBody) Read(p []byte) (int, error) {
	n, err := read(b.Reader, p)
	if err != nil && !errors.Is(err, io.EOF) {
		slog.ErrorContext(b.ctx, "stream failed", "error", err, "requestId", requestID(b.ctx))
	}
	return n, err
}

// Close ends the function that writes the body.
func (b *streamBody) Close() error {
	b.cancel()
	return b.stream.Close()
}

func (*streamBody) ContentType() string { return payload.StreamType }

// MarshalJSON fails, which is how aws-lambda-go recognizes a stream.
func (*streamBody) MarshalJSON() ([]byte, error) { return nil, errors.New("a stream is not JSON") }

// whole returns a response that is complete, as a stream if possible.
func whole(kind payload.Kind, r events.APIGatewayProxyResponse) (any, error) {
	if !kind.CanStream() {
		encoded, err := kind.Encode(r)
		return json.RawMessage(encoded), err
	}
	head, err := kind.EncodeHead(r)
	if err != nil {
		return nil, err
	}
	return &streamBody{
		Reader: io.MultiReader(bytes.NewReader(head), strings.NewReader(r.Body)),
		ctx:    context.Background(),
		stream: new(events.APIGatewayProxyStreamingResponse),
		cancel: func() {},
	}, nil
}

// buffer returns the whole response in the format of the kind.
func buffer(ctx context.Context, kind payload.Kind, r events.APIGatewayProxyResponse, body io.Reader) (any, error) {
	limit := kind.ResponseLimit()
	text, err := io.ReadAll(io.LimitReader(body, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	r.Body = string(text)
	encoded, err := kind.Encode(r)
	if err == nil && len(encoded) > limit {
		err = errors.New("the response is too large for a service that does not stream")
	}
	if err != nil {
		slog.ErrorContext(ctx, "malformed function response", "error", err, "requestId", requestID(ctx))
		encoded, err = kind.Encode(payload.BadGateway())
	}
	return json.RawMessage(encoded), err
}
