package gateway_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/runtime/gateway"
	"github.com/fngen/fngen/templates/runtime/route"
)

type streamResponse = events.APIGatewayProxyStreamingResponse

// serveStream serves a streaming function. It returns the server and what the
// gateway logs.
func serveStream(t *testing.T, g *gateway.Gateway, f gateway.StreamFunction) (*httptest.Server, *syncBuffer) {
	t.Helper()
	log := &syncBuffer{}
	g.Logger = logTo(log)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.ServeStream(w, r, route.Match{Resource: r.URL.Path}, f)
	}))
	t.Cleanup(server.Close)
	return server, log
}

// writing returns a function whose response is what write writes.
func writing(write func(ctx context.Context, w io.Writer) error) gateway.StreamFunction {
	return func(ctx context.Context, _ request) (*streamResponse, error) {
		return fn.Stream("text/plain", func(w io.Writer) error { return write(ctx, w) })
	}
}

func TestStreamTimeoutBeforeTheFirstByte(t *testing.T) {
	ended := make(chan error, 1)
	server, log := serveStream(t, &gateway.Gateway{Timeout: 50 * time.Millisecond}, writing(
		func(ctx context.Context, _ io.Writer) error {
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		}))
	response, body := get(t, server.URL)
	assert.Equal(t, http.StatusGatewayTimeout, response.StatusCode)
	assert.Equal(t, `{"message":"Endpoint request timed out"}`, body)
	assert.Equal(t, context.DeadlineExceeded, <-ended)
	logged := func() bool { return strings.Contains(log.String(), "function timed out") } // after the response
	assert.Eventually(t, logged, 10*time.Second, time.Millisecond)
	assert.NotContains(t, log.String(), "stream failed")
}

func TestStreamOutlivesTheTimeout(t *testing.T) {
	g := &gateway.Gateway{
		Timeout: 50 * time.Millisecond, StreamTimeout: time.Hour, WriteTimeout: 50 * time.Millisecond,
		AWS: gateway.Limits{Payload: 1000, Time: 20 * time.Millisecond, Refuse: true},
	}
	server, log := serveStream(t, g, writing(func(ctx context.Context, w io.Writer) error {
		deadline, ok := ctx.Deadline()
		assert.True(t, ok)
		assert.Greater(t, time.Until(deadline), 50*time.Minute)
		for range 3 {
			if _, err := io.WriteString(w, strings.Repeat("x", 1000)); err != nil {
				return err
			}
			time.Sleep(100 * time.Millisecond)
		}
		return ctx.Err()
	}))
	response, body := get(t, server.URL)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Len(t, body, 3000)
	assert.Empty(t, log.String())
}

func TestStreamTimeout(t *testing.T) {
	server, log := serveStream(t, &gateway.Gateway{StreamTimeout: 50 * time.Millisecond}, writing(
		func(ctx context.Context, w io.Writer) error {
			_, _ = io.WriteString(w, "x")
			<-ctx.Done()
			return ctx.Err()
		}))
	response, err := http.Get(server.URL)
	require.NoError(t, err)
	defer response.Body.Close()
	_, err = io.ReadAll(response.Body)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Contains(t, log.String(), "stream failed")
	assert.Contains(t, log.String(), context.DeadlineExceeded.Error())
}

// TestStreamToSlowClient checks that a client that does not read ends the stream
// after the time for one write.
func TestStreamToSlowClient(t *testing.T) {
	ended := make(chan error, 1)
	server, _ := serveStream(t, &gateway.Gateway{WriteTimeout: 100 * time.Millisecond}, writing(
		func(ctx context.Context, w io.Writer) error {
			chunk := make([]byte, 1<<20)
			for {
				if _, err := w.Write(chunk); err != nil {
					ended <- ctx.Err()
					return err
				}
			}
		}))
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	select {
	case err := <-ended:
		assert.Equal(t, context.Canceled, err)
	case <-time.After(10 * time.Second):
		t.Fatal("the stream goes on")
	}
}

func TestStreamResponses(t *testing.T) {
	never := func() (*streamResponse, error) {
		return fn.Stream("text/plain", func(io.Writer) error { panic("the body is not read") })
	}
	for name, tt := range map[string]struct {
		method   string
		function func() (*streamResponse, error)
		status   int
		body     string
		log      string
	}{
		"nil": {"GET", func() (*streamResponse, error) { return nil, nil }, 500, "Internal", "the function returned no response"},
		"Goexit": {"GET", func() (*streamResponse, error) { runtime.Goexit(); return nil, nil }, 500, "Internal",
			"the function called runtime.Goexit"},
		"no body": {"GET", func() (*streamResponse, error) { return &streamResponse{StatusCode: 201}, nil }, 201, "", ""},
		"empty body": {"GET", func() (*streamResponse, error) {
			return &streamResponse{StatusCode: 200, Body: strings.NewReader("")}, nil
		}, 200, "", ""},
		"status 204": {"GET", func() (*streamResponse, error) {
			response, err := never()
			response.StatusCode = 204
			return response, err
		}, 204, "", ""},
		"HEAD": {"HEAD", func() (*streamResponse, error) {
			return &streamResponse{StatusCode: 200, Body: strings.NewReader("x")}, nil
		}, 200, "", ""},
		"malformed": {"GET", func() (*streamResponse, error) { return &streamResponse{}, nil }, 502, "Internal", "malformed function response"},
		"malformed header": {"GET", func() (*streamResponse, error) {
			response, err := never()
			response.Headers["X"] = "a\nb"
			return response, err
		}, 502, "Internal", "malformed function response"},
		"no progress": {"GET", func() (*streamResponse, error) { return &streamResponse{StatusCode: 200, Body: stuck{}}, nil }, 500, "Internal",
			"multiple Read calls return no data or error"},
		"panicking reader": {"GET", func() (*streamResponse, error) {
			return &streamResponse{StatusCode: 200, Body: panicking{}}, nil
		}, 500, "Internal", "panic: read"},
		"data with error": {"GET", func() (*streamResponse, error) {
			return &streamResponse{StatusCode: 200, Body: bufio.NewReader(io.LimitReader(strings.NewReader("abc"), 2))}, nil
		}, 200, "ab", ""},
	} {
		t.Run(name, func(t *testing.T) {
			server, log := serveStream(t, &gateway.Gateway{}, func(context.Context, request) (*streamResponse, error) {
				return tt.function()
			})
			r, err := http.NewRequest(tt.method, server.URL, nil)
			require.NoError(t, err)
			response, err := http.DefaultClient.Do(r)
			require.NoError(t, err)
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			assert.Equal(t, tt.status, response.StatusCode)
			assert.Contains(t, string(body), tt.body)
			if tt.log == "" {
				assert.Empty(t, log.String())
			}
			assert.Contains(t, log.String(), tt.log)
		})
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("read") }

// TestStreamDisconnectIsNotLogged checks that a client that disconnects, before
// or after the first byte, is not reported as a failure.
func TestStreamDisconnectIsNotLogged(t *testing.T) {
	for _, first := range []string{"", "x"} {
		ended, began := make(chan error, 1), make(chan bool, 1)
		server, log := serveStream(t, &gateway.Gateway{}, writing(func(ctx context.Context, w io.Writer) error {
			_, _ = io.WriteString(w, first)
			began <- true
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		}))
		ctx, cancel := context.WithCancel(context.Background())
		go func() {
			<-began
			cancel()
		}()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(r)
		if err == nil {
			_, err = io.ReadAll(response.Body)
			response.Body.Close()
		}
		assert.ErrorIs(t, err, context.Canceled)
		assert.Equal(t, context.Canceled, <-ended)
		server.Close() // waits for the handler
		assert.Empty(t, log.String())
	}
}

func TestBufferedStream(t *testing.T) {
	response, err := gateway.Buffered(writing(func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, "whole")
		return err
	}))(context.Background(), request{})
	require.NoError(t, err)
	assert.Equal(t, "whole", response.Body)
	assert.Equal(t, http.StatusOK, response.StatusCode)

	_, err = gateway.Buffered(writing(func(context.Context, io.Writer) error {
		return errors.New("broken")
	}))(context.Background(), request{})
	assert.EqualError(t, err, "broken")
	_, err = gateway.Buffered(func(context.Context, request) (*streamResponse, error) { return nil, nil })(
		context.Background(), request{})
	assert.Error(t, err)
}

// TestStreamOfBlockedReader checks that a client that disconnects ends a Read
// that waits, such as one from the connection to another server.
func TestStreamOfBlockedReader(t *testing.T) {
	body, w := io.Pipe()
	server, _ := serveStream(t, &gateway.Gateway{}, func(context.Context, request) (*streamResponse, error) {
		return &streamResponse{StatusCode: 200, Body: body}, nil
	})
	go func() { _, _ = io.WriteString(w, "x") }()
	response, err := http.Get(server.URL)
	require.NoError(t, err)
	response.Body.Close()
	server.Close() // waits for the handler
	_, err = w.Write(nil)
	assert.Equal(t, io.ErrClosedPipe, err)
}
