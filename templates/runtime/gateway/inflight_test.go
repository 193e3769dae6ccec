package gateway_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/runtime/gateway"
)

// TestInFlight checks that bodies beyond the limit are refused while others are
// in progress, and accepted afterwards.
func TestInFlight(t *testing.T) {
	entered, leave := make(chan bool), make(chan bool)
	server := serve(t, &gateway.Gateway{InFlight: 1000, BodyLimit: 5000},
		func(_ context.Context, e request) (response, error) {
			if strings.HasPrefix(e.Body, "wait") {
				entered <- true
				<-leave
			}
			return ok(""), nil
		})
	post := func(body string, size int, isChunked bool) *http.Response {
		var reader io.Reader = strings.NewReader(body + strings.Repeat("x", size-len(body)))
		if isChunked {
			reader = struct{ io.Reader }{reader} // hides the length
		}
		resp, err := http.Post(server.URL+"/divide", "text/plain", reader)
		require.NoError(t, err)
		resp.Body.Close()
		return resp
	}

	assert.Equal(t, 200, post("alone", 2000, false).StatusCode, "one body may exceed the limit")
	assert.Equal(t, 413, post("", 5001, false).StatusCode)
	for _, isChunked := range []bool{false, true} {
		var waiting sync.WaitGroup
		waiting.Go(func() { assert.Equal(t, 200, post("wait", 600, isChunked).StatusCode) })
		<-entered
		assert.Equal(t, 200, post("", 400, isChunked).StatusCode)
		refused := post("", 401, isChunked)
		assert.Equal(t, 503, refused.StatusCode)
		assert.Equal(t, "1", refused.Header.Get("Retry-After"))
		resp, err := http.Get(server.URL + "/divide")
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, 200, resp.StatusCode, "a request without a body needs no memory")
		leave <- true
		waiting.Wait()
		assert.Equal(t, 200, post("", 1000, isChunked).StatusCode, "everything was given back")
	}
}
