package fn_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"runtime"
	"testing"
	"testing/iotest"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/fn"
)

var errTest = errors.New("test")

// streaming returns a handler whose response is what write writes.
func streaming(write func(io.Writer) error) fn.StreamHandler {
	return func(context.Context, events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error) {
		return fn.Stream("text/event-stream", write)
	}
}

func TestStreamSendsEachWriteAtOnce(t *testing.T) {
	next := make(chan bool, 1)
	response, err := fn.Stream("text/plain", func(w io.Writer) error {
		for range next {
			if _, err := io.WriteString(w, "chunk"); err != nil {
				return err
			}
		}
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	assert.Equal(t, map[string]string{"Content-Type": "text/plain"}, response.Headers)
	for range 3 {
		next <- true
		chunk := make([]byte, 100)
		n, err := response.Body.Read(chunk)
		require.NoError(t, err)
		assert.Equal(t, "chunk", string(chunk[:n]))
	}
	close(next)
	_, err = response.Body.Read(make([]byte, 1))
	assert.Equal(t, io.EOF, err)
	assert.NoError(t, response.Close())
}

func TestStreamFails(t *testing.T) {
	for name, tt := range map[string]struct {
		write func(io.Writer) error
		want  string
	}{
		"error":  {func(io.Writer) error { return errTest }, "test"},
		"panic":  {func(io.Writer) error { panic("boom") }, "fn: the stream panicked: boom"},
		"Goexit": {func(io.Writer) error { runtime.Goexit(); return nil }, "fn: the stream called runtime.Goexit"},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := fn.Stream("text/plain", tt.write)
			require.NoError(t, err)
			_, err = io.ReadAll(response.Body)
			assert.EqualError(t, err, tt.want)
			assert.NoError(t, response.Close())
		})
	}
}

func TestStreamCloseWaitsForWrite(t *testing.T) {
	returned := false
	response, err := fn.Stream("text/plain", func(w io.Writer) error {
		defer func() { returned = true }()
		for {
			if _, err := w.Write([]byte("x")); err != nil {
				return err
			}
		}
	})
	require.NoError(t, err)
	_, err = response.Body.Read(make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, response.Close())
	assert.True(t, returned)
	require.NoError(t, response.Close(), "twice")

	response, err = fn.Stream("text/plain", func(io.Writer) error { panic("never called") })
	require.NoError(t, err)
	require.NoError(t, response.Close())
	_, err = response.Body.Read(make([]byte, 1))
	assert.Equal(t, io.ErrClosedPipe, err)
}

func TestChainStream(t *testing.T) {
	header := func(next fn.Handler) fn.Handler {
		return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			response, err := next(ctx, event)
			assert.Empty(t, response.Body)
			if err == nil {
				response.StatusCode = http.StatusAccepted
				response.Headers["X-Added"] = response.Headers["Content-Type"]
				response.MultiValueHeaders = map[string][]string{"X-Multi": {"1", "2"}}
			}
			return response, err
		}
	}
	reject := func(fn.Handler) fn.Handler {
		return func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			return events.APIGatewayProxyResponse{StatusCode: http.StatusForbidden, Body: "bm8=", IsBase64Encoded: true}, nil
		}
	}
	replace := func(body string, err error) fn.Middleware {
		return func(next fn.Handler) fn.Handler {
			return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
				_, _ = next(ctx, event)
				return events.APIGatewayProxyResponse{StatusCode: http.StatusTeapot, Body: body}, err
			}
		}
	}
	write := func(w io.Writer) error { return fn.SendEvent(w, map[string]string{"n": "1\n2"}) }
	const event = "data: {\"n\":\"1\\n2\"}\n\n"
	for name, tt := range map[string]struct {
		handler fn.StreamHandler
		status  int
		body    string
		err     string
	}{
		"no middleware":        {fn.ChainStream(streaming(write)), http.StatusOK, event, ""},
		"headers":              {fn.ChainStream(streaming(write), header), http.StatusAccepted, event, ""},
		"rejected":             {fn.ChainStream(streaming(write), reject, header), http.StatusForbidden, "no", ""},
		"replaced":             {fn.ChainStream(streaming(write), replace("tea", nil)), http.StatusTeapot, "tea", ""},
		"replaced by an error": {fn.ChainStream(streaming(write), replace("", errTest)), 0, "", "test"},
		"nil": {fn.ChainStream(func(context.Context, events.APIGatewayProxyRequest) (
			*events.APIGatewayProxyStreamingResponse, error,
		) {
			return nil, nil
		}), 0, "", "fn: the handler returned no response"},
	} {
		t.Run(name, func(t *testing.T) {
			for range 2 { // each request has a stream of its own
				response, err := tt.handler(context.Background(), events.APIGatewayProxyRequest{})
				if tt.err != "" {
					require.EqualError(t, err, tt.err)
					continue
				}
				require.NoError(t, err)
				body, err := io.ReadAll(response.Body)
				require.NoError(t, err)
				assert.Equal(t, tt.body, string(body))
				assert.Equal(t, tt.status, response.StatusCode)
				if tt.status == http.StatusAccepted {
					assert.Equal(t, "text/event-stream", response.Headers["X-Added"])
					assert.Equal(t, []string{"1", "2"}, response.MultiValueHeaders["X-Multi"])
				}
				require.NoError(t, response.Close())
			}
		})
	}
}

func TestSendEventFails(t *testing.T) {
	assert.ErrorContains(t, fn.SendEvent(io.Discard, func() {}), "fn: encoding event")
	r, w := io.Pipe()
	require.NoError(t, r.Close())
	assert.Equal(t, io.ErrClosedPipe, fn.SendEvent(w, 1))
}

func TestBuffered(t *testing.T) {
	_, err := fn.Buffered(events.APIGatewayProxyResponse{}, errTest)
	assert.Equal(t, errTest, err)
	response, err := fn.Buffered(fn.JSON(http.StatusNotFound, "x"))
	require.NoError(t, err)
	assert.Equal(t, http.StatusNotFound, response.StatusCode)
	assert.Equal(t, "application/json", response.Headers["Content-Type"])
	assert.NoError(t, iotest.TestReader(response.Body, []byte(`"x"`)))
	assert.NoError(t, response.Close())

	response, err = fn.Buffered(events.APIGatewayProxyResponse{Body: "%%%%", IsBase64Encoded: true}, nil)
	require.NoError(t, err)
	_, err = io.ReadAll(response.Body)
	assert.ErrorContains(t, err, "illegal base64")
}
