package devserver

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/delivery"
	"github.com/fngen/fngen/internal/devpage"
	"github.com/fngen/fngen/internal/instance"
	"github.com/fngen/fngen/internal/watch"
)

// isClosed reports whether a request has to wait at g.
func isClosed(g *gate) bool {
	t, err := g.acquire(context.Background(), 0)
	if t != nil {
		t.release()
	}
	return errors.Is(err, errStillBuilding)
}

// The gate is open if no build is in progress and a build covers each change
// event.
func TestGate(t *testing.T) {
	g, first := &gate{}, newTarget(nil, Program{}, nil)
	g.startBuild(0)
	assert.True(t, isClosed(g), "the first build is in progress")
	assert.Nil(t, g.finishBuild(first, nil))
	assert.False(t, isClosed(g))

	g.eventReceived()
	assert.True(t, isClosed(g), "an event was received")
	g.nothingChanged()
	assert.False(t, isClosed(g), "no file changed")

	g.eventReceived()
	g.startBuild(1)
	g.eventReceived() // during the build
	second := newTarget(nil, Program{}, nil)
	assert.Same(t, first, g.finishBuild(second, nil))
	assert.True(t, isClosed(g), "the program is older than the last event")
	g.startBuild(1)
	broken := &brokenError{title: "the functions do not build", detail: "x"}
	assert.Same(t, second, g.finishBuild(second, broken))
	_, err := g.acquire(context.Background(), 0)
	assert.Same(t, broken, err)

	g.startBuild(0)
	assert.Same(t, second, g.finishBuild(second, nil))
	got, err := g.acquire(context.Background(), 0)
	require.NoError(t, err)
	assert.Same(t, second, got)
}

// A request waits until the gate opens, the timeout expires or the client
// closes the connection.
func TestGateAcquire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, program := &gate{}, newTarget(nil, Program{}, nil)
		g.startBuild(0)
		start := time.Now()
		_, err := g.acquire(t.Context(), time.Minute)
		assert.ErrorIs(t, err, errStillBuilding)
		assert.Equal(t, time.Minute, time.Since(start))

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = g.acquire(ctx, time.Minute)
		assert.ErrorIs(t, err, context.DeadlineExceeded)

		var waiting sync.WaitGroup
		for range 10 {
			waiting.Go(func() {
				got, err := g.acquire(t.Context(), time.Minute)
				assert.NoError(t, err)
				assert.Same(t, program, got)
			})
		}
		synctest.Wait()
		g.eventReceived()
		g.finishBuild(program, nil)
		synctest.Wait()
		assert.Zero(t, program.requests, "an event was received during the build")
		g.nothingChanged()
		waiting.Wait()
		assert.Equal(t, 10, program.requests)
	})
}

// A replaced program is idle once its last request is released.
func TestTargetRelease(t *testing.T) {
	idle := func(program *target) bool {
		select {
		case <-program.idle:
			return true
		default:
			return false
		}
	}
	g, program := &gate{}, newTarget(nil, Program{}, nil)
	g.finishBuild(program, nil)
	for range 2 {
		_, err := g.acquire(t.Context(), 0)
		require.NoError(t, err)
	}
	program.release()
	program.release()
	assert.False(t, idle(program), "it may receive more requests")
	_, err := g.acquire(t.Context(), 0)
	require.NoError(t, err)
	program.replace()
	assert.False(t, idle(program), "a request is in progress")
	program.release()
	assert.True(t, idle(program))

	program = newTarget(nil, Program{}, nil)
	program.replace()
	assert.True(t, idle(program), "it had no requests")
}

func TestPreferredType(t *testing.T) {
	for accept, want := range map[string]string{
		"":    "text/plain",
		"*/*": "text/plain",
		"text/html,application/xhtml+xml,*/*;q=0.8": "text/html",
		"application/json":                          "application/json",
		"application/json, text/plain, */*":         "application/json",
		"text/html;q=0.5, application/json":         "application/json",
		"text/html;q=0, text/plain":                 "text/plain",
		"text/html;q=0.000":                         "text/plain",
		"text/html;q=x, application/json":           "application/json",
		";;, image/png":                             "text/plain",
	} {
		assert.Equal(t, want, preferredType([]string{accept}), accept)
	}
	assert.Equal(t, "application/json", preferredType([]string{"image/png", "application/json"}))
}

// Errors are written in the media type that the client prefers, and escaped.
func TestWriteUnavailable(t *testing.T) {
	for accept, want := range map[string]struct{ contentType, body string }{
		"": {"text/plain; charset=utf-8", "the functions do not build\n\na.go:1: <b>\n"},
		"application/json": {
			"application/json", `{"message":"the functions do not build","error":"a.go:1: \u003cb\u003e"}` + "\n",
		},
		"text/html": {"text/html; charset=utf-8", "<pre>a.go:1: &lt;b&gt;</pre>"},
	} {
		r := httptest.NewRequest(http.MethodGet, "http://localhost/", nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		(&server{}).writeUnavailable(w, r, &brokenError{title: "the functions do not build", detail: "a.go:1: <b>"})
		assert.Equal(t, http.StatusInternalServerError, w.Code)
		assert.Equal(t, want.contentType, w.Header().Get("Content-Type"))
		assert.Contains(t, w.Body.String(), want.body)
	}
	w := httptest.NewRecorder()
	(&server{}).writeUnavailable(w, httptest.NewRequest(http.MethodGet, "/", nil), errStillBuilding)
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Equal(t, "1", w.Header().Get("Retry-After"))
}

// Only commands on this machine can read deliveries: they contain customers'
// data.
func TestServeInfo(t *testing.T) {
	s := &server{Options: Options{Project: "/project"}, deliveries: delivery.NewLog(1, 1), page: devpage.New(devpage.Options{})}
	for _, test := range []struct {
		name       string
		remoteAddr string
		host       string
		header     string // the name of a header to set
		want       int
	}{
		{name: "IPv4", want: 200},
		{name: "localhost", host: "localhost:8911", want: 200},
		{name: "localhost without a port", host: "localhost", want: 200},
		{name: "IPv6", remoteAddr: "[::1]:1", host: "[::1]:8911", want: 200},
		{name: "IPv4 in IPv6", remoteAddr: "[::ffff:127.0.0.1]:1", want: 200},
		{name: "remote client", remoteAddr: "192.0.2.1:1", want: 403},
		{name: "remote client by IPv6", remoteAddr: "[2001:db8::1]:1", want: 403},
		{name: "DNS rebinding", host: "evil.example:8911", want: 403},
		{name: "localhost as a prefix", host: "localhost.evil.example", want: 403},
		{name: "no host", host: "-", want: 403},
		{name: "unspecified address", host: "0.0.0.0:8911", want: 403},
		{name: "cross-origin request", header: "Origin", want: 403},
		{name: "same-origin request", header: "Sec-Fetch-Site", want: 403},
		{name: "tunnel", header: "X-Forwarded-For", want: 403},
		{name: "tunnel with a host", header: "X-Forwarded-Host", want: 403},
		{name: "proxy", header: "Via", want: 403},
		{name: "proxy by RFC 7239", header: "Forwarded", want: 403},
	} {
		for path, ok := range map[string]int{"/.fngen/dev": 200, "/.fngen/deliveries": 200, "/.fngen/x": 404} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.RemoteAddr, r.Host = "127.0.0.1:1", "127.0.0.1:8911"
			if test.remoteAddr != "" {
				r.RemoteAddr = test.remoteAddr
			}
			if test.host != "" {
				r.Host = strings.TrimPrefix(test.host, "-")
			}
			if test.header != "" {
				r.Header.Set(test.header, "x")
			}
			want := test.want
			if want == 200 {
				want = ok
			}
			w := httptest.NewRecorder()
			s.serveFunctions(w, r)
			assert.Equal(t, want, w.Code, "%s, %s", test.name, path)
		}
	}
}

// A body is recorded up to its limit, even while it is still being read.
func TestBodyRecorder(t *testing.T) {
	small := &bodyRecorder{limit: 10, ReadCloser: io.NopCloser(iotest.OneByteReader(strings.NewReader("small")))}
	_, err := io.ReadAll(small)
	require.NoError(t, err)
	data, omitted := small.recorded()
	assert.Equal(t, "small", string(data))
	assert.Zero(t, omitted)

	large := &bodyRecorder{limit: deliveryBytes, ReadCloser: io.NopCloser(strings.NewReader(strings.Repeat("x", deliveryBytes+1)))}
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(io.Discard, struct{ io.Reader }{large}) })
	large.recorded() // concurrently
	reading.Wait()
	data, omitted = large.recorded()
	assert.Empty(t, data)
	assert.Equal(t, deliveryBytes+1, omitted)
}

// A request is forwarded unchanged, and a client cannot set the peer header.
func TestForward(t *testing.T) {
	var got *http.Request
	program := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		w.Header().Set(noteHeader, "too-slow,unknown")
		w.WriteHeader(http.StatusTeapot)
	}))
	defer program.Close()
	var out strings.Builder
	var notes []string
	note := func(message, _ string) { notes = append(notes, message) }
	s := &server{
		Options:    Options{APIURL: "/api", AllowedHosts: []string{"example.com"}, Stdout: &out, Note: note},
		deliveries: delivery.NewLog(1, 1),
		watcher:    new(watch.Watcher),
		page:       devpage.New(devpage.Options{}),
	}
	target := newTarget(&instance.Instance{Addr: strings.TrimPrefix(program.URL, "http://")}, Program{}, nil)
	defer target.transport.CloseIdleConnections()
	s.gate.finishBuild(target, nil)

	for _, uri := range []string{
		"/f", "//f//", "/f/a%2Fb", "/f/%41?", "/f?a=1;b=2&c=%zz&&d", "/f/..%2f..", "/f/%0a%1b[31m",
	} {
		for prefix, handler := range map[string]http.Handler{"": http.HandlerFunc(s.serveFunctions), "/api": s.webHandler()} {
			r := httptest.NewRequest(http.MethodPut, prefix+uri, strings.NewReader("body"))
			r.Host = "example.com:8911"
			r.RemoteAddr = "192.0.2.1:1"
			r.Header = http.Header{
				peerHeader: {"127.0.0.1"}, "X-Forwarded-For": {"1", "2"}, "Forwarded": {"for=x"}, "Connection": {"Fngen-Peer"},
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			require.Equal(t, http.StatusTeapot, w.Code, uri)
			assert.Empty(t, w.Header().Values(noteHeader))
			assert.Equal(t, uri, got.RequestURI)
			assert.Equal(t, "example.com:8911", got.Host)
			assert.Equal(t, []string{"192.0.2.1"}, got.Header.Values(peerHeader))
			assert.Equal(t, []string{"1"}, got.Header.Values(publicHeader))
			assert.Equal(t, []string{"1", "2"}, got.Header.Values("X-Forwarded-For"))
			assert.Equal(t, []string{"for=x"}, got.Header.Values("Forwarded"))
			assert.NotContains(t, got.Header, "User-Agent")
			assert.NotContains(t, got.Header, "Accept-Encoding")
		}
	}
	proxy := httptest.NewServer(http.HandlerFunc(s.serveFunctions))
	defer proxy.Close()
	conn, err := net.Dial("tcp", proxy.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET /f HTTP/1.0\r\n\r\n")
	require.NoError(t, err)
	_, err = io.ReadAll(conn)
	require.NoError(t, err)
	assert.Equal(t, proxy.Listener.Addr().String(), got.Host, "the program's own address is not exposed")

	assert.Equal(t, []string{noteText("too-slow")}, notes)
	assert.Contains(t, out.String(), "PUT    /f/%0a%1b[31m  418  ", "control characters are escaped")
	assert.NotContains(t, out.String(), "?", "a query may contain secrets")
	assert.Zero(t, target.requests)

	program.Close()
	w := httptest.NewRecorder()
	s.serveFunctions(w, httptest.NewRequest(http.MethodGet, "http://localhost:8911/f", nil))
	assert.Equal(t, http.StatusBadGateway, w.Code)
	assert.Contains(t, w.Body.String(), "the functions' process exited during the request")
}

// Requests outside the functions' path are forwarded to the web side.
func TestWebHandler(t *testing.T) {
	var got string
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Host + r.RequestURI
	}))
	defer web.Close()
	address, err := url.Parse(web.URL)
	require.NoError(t, err)
	s := &server{Options: Options{APIURL: "/api", WebTarget: address, Stdout: io.Discard, Stderr: io.Discard}}
	handler := s.webHandler()
	for _, uri := range []string{"/", "/api", "/apiary/f", "/a%2Fb?import&raw", "/x?a;b=%zz", "/.fngen/", "/.fngen/events"} {
		r := httptest.NewRequest(http.MethodGet, uri, nil)
		r.Host = "localhost:8910"
		handler.ServeHTTP(httptest.NewRecorder(), r)
		assert.Equal(t, "localhost:8910"+uri, got)
	}
	web.Close()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Equal(t, http.StatusBadGateway, w.Code)
	assert.Contains(t, w.Body.String(), "cannot reach the web side")
}
