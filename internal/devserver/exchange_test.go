package devserver

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/delivery"
	"github.com/fngen/fngen/internal/devpage"
	"github.com/fngen/fngen/internal/instance"
	"github.com/fngen/fngen/internal/watch"
	"github.com/fngen/fngen/templates/runtime/route"
)

// newEcho returns a server whose program responds with the body of the request.
func newEcho(t *testing.T) *server {
	t.Helper()
	program := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(idHeader, "id-1")
		if r.URL.Query().Has("fail") {
			w.Header().Set(noteHeader, failedNote)
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = io.WriteString(w, `{"message":"failed","error":"panic: <x>","stack":["f.Handler /f.go:1"]}`)
			return
		}
		if r.URL.Path == invokePath+"broken/invocations" {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			_, _ = io.WriteString(w, `{"errorMessage":"as told","errorType":"string","stackTrace":["a"]}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		_, _ = w.Write(body)
	}))
	t.Cleanup(program.Close)
	s := &server{
		Options:    Options{APIURL: "/api", Stdout: io.Discard, Project: t.TempDir()},
		deliveries: delivery.NewLog(10, deliveryBytes), watcher: new(watch.Watcher),
	}
	s.page = s.newPage()
	functions := []Function{
		{Function: route.Function{Name: "hook"}, Webhook: true}, {Function: route.Function{Name: "plain"}},
	}
	i := &instance.Instance{Addr: strings.TrimPrefix(program.URL, "http://")}
	target := newTarget(i, Program{Functions: functions}, nil)
	t.Cleanup(target.transport.CloseIdleConnections)
	s.gate.finishBuild(target, nil)
	return s
}

// A request is recorded with its response. Large bodies are forwarded, and of
// them only the size is recorded.
func TestExchange(t *testing.T) {
	s := newEcho(t)
	for _, test := range []struct {
		path                   string
		size                   int
		isChunked              bool
		recorded, hasDelivery  bool
		deliveryBody, function string
	}{
		{path: "/plain?a=1", size: 10, recorded: true, function: "plain"},
		{path: "/plain", size: devpage.MaxBody, recorded: true, isChunked: true, function: "plain"},
		{path: "/plain", size: devpage.MaxBody + 1, function: "plain"},
		{path: "/plain", size: devpage.MaxBody + 1, isChunked: true, function: "plain"},
		{path: "/hook", size: 10, recorded: true, hasDelivery: true, function: "hook"},
		{path: "/hook", size: devpage.MaxBody + 1, hasDelivery: true, function: "hook"},
		{path: "/", recorded: true},
	} {
		body := strings.Repeat("x", test.size)
		r := httptest.NewRequest(http.MethodPost, "http://localhost:8911"+test.path, strings.NewReader(body))
		if test.isChunked {
			r.ContentLength = -1
		}
		r.Header.Set(SentHeader, "unknown")
		w := httptest.NewRecorder()
		n := s.record(w, r, "")
		require.Equal(t, body, w.Body.String())
		assert.Empty(t, w.Header().Get(idHeader))
		record, ok := s.page.Record(n)
		require.True(t, ok)
		assert.True(t, record.Done)
		assert.Equal(t, test.function, record.Function)
		assert.Equal(t, test.path, record.Target)
		assert.Equal(t, http.StatusOK, record.Status)
		assert.Equal(t, "id-1", record.RequestID)
		assert.Equal(t, test.size, record.Body.Size, test.path)
		assert.Equal(t, test.size, record.ResponseBody.Size, test.path)
		assert.Equal(t, test.hasDelivery, record.Delivery != 0)
		if test.recorded {
			assert.Len(t, record.Body.Data, test.size)
			assert.Len(t, record.ResponseBody.Data, test.size)
		} else {
			assert.Empty(t, record.Body.Data)
			assert.Empty(t, record.ResponseBody.Data)
		}
	}
	deliveries := s.deliveries.All()
	require.Len(t, deliveries, 2)
	assert.Len(t, deliveries[1].Body, devpage.MaxBody+1, "deliveries have a limit of their own")
}

// The page sends requests as a client would. They are subject to the same
// checks.
func TestSend(t *testing.T) {
	s := newEcho(t)
	page := httptest.NewRequest(http.MethodPost, "http://localhost:8911/.fngen/send", nil)
	page.RemoteAddr = "127.0.0.1:1"
	n, err := s.send(page, devpage.ActualRequest{
		Method: "PUT", Target: "/plain?a=%20b", Body: []byte("body"),
		Header: http.Header{"Content-Length": {"99"}, "X": {"1"}},
	})
	require.NoError(t, err)
	record, ok := s.page.Record(n)
	require.True(t, ok)
	assert.Equal(t, "/plain?a=%20b", record.Target)
	assert.Equal(t, "body", string(record.ResponseBody.Data))
	assert.Equal(t, http.Header{"X": {"1"}}, record.Header)

	_, err = s.send(page, devpage.ActualRequest{Method: "G T", Target: "/plain", Header: http.Header{}})
	assert.ErrorContains(t, err, "not valid")
	other := http.Header{"Host": {"evil.example"}}
	_, err = s.send(page, devpage.ActualRequest{Method: "GET", Target: "/plain", Header: other})
	assert.ErrorContains(t, err, "refused")
}

// A browser gets the failure of a function as a page. Other clients, and
// callers from outside, get the function's own response.
func TestExplainFailure(t *testing.T) {
	s := newEcho(t)
	for _, test := range []struct{ name, method, accept, forwarded, want, not string }{
		{"browser", "GET", "text/html", "", "panic: &lt;x&gt;", `"message"`},
		{"browser that posts", "POST", "text/html", "", "panic: &lt;x&gt;", "<script"},
		{"script", "GET", "*/*", "", `"error":"panic: <x>"`, "<html"},
		{"tunnel", "GET", "text/html", "192.0.2.1", `{"message"`, "<html"},
	} {
		r := httptest.NewRequest(test.method, "http://localhost:8911/plain?fail", nil)
		r.Header.Set("Accept", test.accept)
		if test.forwarded != "" {
			r.Header.Set("X-Forwarded-For", test.forwarded)
		}
		w := httptest.NewRecorder()
		s.serveFunctions(w, r)
		assert.Equal(t, http.StatusInternalServerError, w.Code, test.name)
		assert.Contains(t, w.Body.String(), test.want, test.name)
		assert.NotContains(t, w.Body.String(), test.not, test.name)
		assert.Empty(t, w.Header().Get(noteHeader))
	}
	records := s.page.Records()
	require.NotNil(t, records[0].Failure)
	assert.Equal(t, []string{"f.Handler /f.go:1"}, records[0].Failure.Stack)
}
