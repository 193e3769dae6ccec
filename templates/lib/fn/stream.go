package fn

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/aws/aws-lambda-go/events"
)

// A StreamHandler handles one request whose response is sent while it is
// written. You can pass it to lambda.Start.
//
// An error before the first byte of the body gives status 500, as that of a
// [Handler] does. After it, the connection is aborted, so that the client can
// tell that the body is incomplete.
type StreamHandler func(
	context.Context, events.APIGatewayProxyRequest,
) (*events.APIGatewayProxyStreamingResponse, error)

// ChainStream wraps a streaming handler in middleware. The first middleware
// runs first. All of it runs before the body is written: it sees a response
// with status and headers only, which it may change. If it returns an error or
// a body, that is the response, and the stream is closed.
func ChainStream(h StreamHandler, middleware ...Middleware) StreamHandler {
	type key struct{}
	chain := Chain(func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		stream, err := h(ctx, event)
		if err != nil {
			return events.APIGatewayProxyResponse{}, err
		}
		if stream == nil {
			return events.APIGatewayProxyResponse{}, errors.New("fn: the handler returned no response")
		}
		*ctx.Value(key{}).(**events.APIGatewayProxyStreamingResponse) = stream
		return events.APIGatewayProxyResponse{
			StatusCode:        stream.StatusCode,
			Headers:           stream.Headers,
			MultiValueHeaders: stream.MultiValueHeaders,
		}, nil
	}, middleware...)
	return func(ctx context.Context, event events.APIGatewayProxyRequest) (
		*events.APIGatewayProxyStreamingResponse, error,
	) {
		var stream *events.APIGatewayProxyStreamingResponse
		response, err := chain(context.WithValue(ctx, key{}, &stream), event)
		if stream == nil {
			return Buffered(response, err)
		}
		if err != nil || response.Body != "" {
			_ = stream.Close()
			return Buffered(response, err)
		}
		stream.StatusCode, stream.Headers, stream.MultiValueHeaders =
			response.StatusCode, response.Headers, response.MultiValueHeaders
		return stream, nil
	}
}

// Stream returns a response with status 200 whose body is what write writes to
// w. Each call of w.Write is sent at once; buffer many small ones with package
// bufio.
//
// If the client disconnects, w.Write fails and the context of the request is
// canceled. Then write must return, as it must when the handler would have to:
// nothing else ends the request.
func Stream(contentType string, write func(w io.Writer) error) (*events.APIGatewayProxyStreamingResponse, error) {
	r, w := io.Pipe()
	return &events.APIGatewayProxyStreamingResponse{
		StatusCode: http.StatusOK,
		Headers:    map[string]string{"Content-Type": contentType},
		Body:       &stream{PipeReader: r, w: w, write: write, done: make(chan struct{})},
	}, nil
}

// SendEvent writes a server-sent event whose data is v, encoded as JSON. The
// content type of such a stream is text/event-stream. See
// https://html.spec.whatwg.org/multipage/server-sent-events.html.
func SendEvent(w io.Writer, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("fn: encoding event: %w", err)
	}
	_, err = fmt.Fprintf(w, "data: %s\n\n", data)
	return err
}

// Buffered returns a response that is complete, such as that of [JSON], as the
// response of a [StreamHandler].
func Buffered(response events.APIGatewayProxyResponse, err error) (*events.APIGatewayProxyStreamingResponse, error) {
	if err != nil {
		return nil, err
	}
	body := io.Reader(strings.NewReader(response.Body))
	if response.IsBase64Encoded {
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	return &events.APIGatewayProxyStreamingResponse{
		StatusCode:        response.StatusCode,
		Headers:           response.Headers,
		MultiValueHeaders: response.MultiValueHeaders,
		Body:              body,
	}, nil
}

// A stream is a body that a function writes while it is read.
type stream struct {
	*io.PipeReader
	w     *io.PipeWriter
	write func(io.Writer) error
	once  sync.Once     // starts write
	done  chan struct{} // closed when write has returned
}

// Read reads what write writes, which the first Read starts.
func (s *stream) Read(p []byte) (int, error) {
	s.once.Do(func() { go s.run() })
	return s.PipeReader.Read(p)
}

// Close makes writing fail, and waits until write has returned.
func (s *stream) Close() error {
	err := s.PipeReader.Close()
	s.once.Do(func() { close(s.done) })
	<-s.done
	return err
}

// run calls write. A panic becomes an error of Read, because on a goroutine of
// its own it would end the process.
func (s *stream) run() {
	defer close(s.done)
	err := errors.New("fn: the stream called runtime.Goexit")
	defer func() {
		if value := recover(); value != nil {
			slog.Error("stream panicked", "panic", value, "stack", string(debug.Stack()))
			err = fmt.Errorf("fn: the stream panicked: %v", value)
		}
		_ = s.w.CloseWithError(err) // never fails
	}()
	err = s.write(s.w)
}
