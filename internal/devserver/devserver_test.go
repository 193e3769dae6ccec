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
	"github.com/fngen/fngen/internal/instance"
)

// waits tells whether a request has to wait at a gate.
func waits(g *gate) bool {
	t, err := g.acquire(context.Background(), 0)
	if t != nil {
		t.release()
	}
	return errors.Is(err, errStillBuilding)
}

// The gate is open when nothing is built and nothing has stirred that no build has answered.
func TestGate(t *testing.T) {
	g, first := &gate{}, newTarget(nil, Plan{}, nil)
	g.begin(0)
	assert.True(t, waits(g), "nothing is built yet")
	assert.Nil(t, g.finish(first, nil))
	assert.False(t, waits(g))

	g.stir(true)
	assert.True(t, waits(g), "a file has stirred")
	g.stir(false)
	assert.False(t, waits(g), "there was nothing to it")

	g.stir(true)
	g.begin(1)
	g.stir(true) // while it is built
	second := newTarget(nil, Plan{}, nil)
	assert.Same(t, first, g.finish(second, nil))
	assert.True(t, waits(g), "the program is older than the files")
	g.begin(1)
	broken := &brokenError{"the functions do not build", "x", nil}
	assert.Same(t, second, g.finish(second, broken))
	_, err := g.acquire(context.Background(), 0)
	assert.Same(t, broken, err)

	g.begin(0)
	assert.Same(t, second, g.finish(second, nil))
	got, err := g.acquire(context.Background(), 0)
	require.NoError(t, err)
	assert.Same(t, second, got)
}

// Who waits goes on when the gate opens, and no longer than is bearable, and not when the client has left.
func TestGateWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, program := &gate{}, newTarget(nil, Plan{}, nil)
		g.begin(0)
		start := time.Now()
		_, err := g.acquire(t.Context(), time.Minute)
		assert.ErrorIs(t, err, errStillBuilding)
		assert.Equal(t, time.Minute, time.Since(start))

		left, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		_, err = g.acquire(left, time.Minute)
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
		g.stir(true)
		g.finish(program, nil)
		synctest.Wait()
		assert.Zero(t, program.requests, "a file has stirred")
		g.stir(false)
		waiting.Wait()
		assert.Equal(t, 10, program.requests)
	})
}

// A request to a program is one until it is released, and the last one of a program that was replaced says so.
func TestTargetRelease(t *testing.T) {
	idle := func(program *target) bool {
		select {
		case <-program.idle:
			return true
		default:
			return false
		}
	}
	g, program := &gate{}, newTarget(nil, Plan{}, nil)
	g.finish(program, nil)
	for range 2 {
		_, err := g.acquire(t.Context(), 0)
		require.NoError(t, err)
	}
	program.release()
	program.release()
	assert.False(t, idle(program), "it may get more")
	_, err := g.acquire(t.Context(), 0)
	require.NoError(t, err)
	program.replace()
	assert.False(t, idle(program), "it has a request")
	program.release()
	assert.True(t, idle(program))

	program = newTarget(nil, Plan{}, nil)
	program.replace()
	assert.True(t, idle(program), "it has none")
}

// What a client would rather have is what it accepts most.
func TestPreferred(t *testing.T) {
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
		assert.Equal(t, want, preferred([]string{accept}), accept)
	}
	assert.Equal(t, "application/json", preferred([]string{"image/png", "application/json"}))
}

// What is wrong is told in the client's way, and nothing of it is taken for markup.
func TestAnswer(t *testing.T) {
	for accept, want := range map[string]struct{ contentType, body string }{
		"": {"text/plain; charset=utf-8", "the functions do not build\n\na.go:1: <b>\n"},
		"application/json": {
			"application/json", `{"error":"a.go:1: \u003cb\u003e","message":"the functions do not build"}` + "\n",
		},
		"text/html": {"text/html; charset=utf-8", "<pre>a.go:1: &lt;b&gt;</pre>"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		(&server{}).refuse(w, r, &brokenError{"the functions do not build", "a.go:1: <b>", nil})
		assert.Equal(t, http.StatusInternalServerError, w.Code)
		assert.Equal(t, want.contentType, w.Header().Get("Content-Type"))
		assert.Contains(t, w.Body.String(), want.body)
	}
	w := httptest.NewRecorder()
	(&server{}).refuse(w, httptest.NewRequest(http.MethodGet, "/", nil), errStillBuilding)
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.Equal(t, "1", w.Header().Get("Retry-After"))
}

// What fngen's commands ask, nobody else may: deliveries have what customers sent.
func TestAbout(t *testing.T) {
	s := &server{Options: Options{Project: "/project"}, deliveries: delivery.NewLog(1, 1)}
	for name, test := range map[string]struct {
		peer, host string
		header     string // its name
		want       int
	}{
		"a command":              {want: 200},
		"by name":                {host: "localhost:8911", want: 200},
		"by name, any port":      {host: "localhost", want: 200},
		"by IPv6":                {peer: "[::1]:1", host: "[::1]:8911", want: 200},
		"IPv4 in IPv6":           {peer: "[::ffff:127.0.0.1]:1", want: 200},
		"from elsewhere":         {peer: "192.0.2.1:1", want: 403},
		"from elsewhere by IPv6": {peer: "[2001:db8::1]:1", want: 403},
		"another name for here":  {host: "evil.example:8911", want: 403},
		"localhost as a prefix":  {host: "localhost.evil.example", want: 403},
		"no name":                {host: "-", want: 403},
		"all addresses":          {host: "0.0.0.0:8911", want: 403},
		"a page":                 {header: "Origin", want: 403},
		"a page's script":        {header: "Sec-Fetch-Site", want: 403},
		"a tunnel":               {header: "X-Forwarded-For", want: 403},
		"a tunnel's host":        {header: "X-Forwarded-Host", want: 403},
		"a proxy":                {header: "Via", want: 403},
		"a proxy by RFC 7239":    {header: "Forwarded", want: 403},
	} {
		for path, ok := range map[string]int{"/.fngen/dev": 200, "/.fngen/deliveries": 200, "/.fngen/x": 404} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.RemoteAddr, r.Host = "127.0.0.1:1", "127.0.0.1:8911"
			if test.peer != "" {
				r.RemoteAddr = test.peer
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
			assert.Equal(t, want, w.Code, "%s, %s", name, path)
		}
	}
}

// A program that answers before it has read all may still be sent the rest.
func TestKept(t *testing.T) {
	small := &kept{ReadCloser: io.NopCloser(iotest.OneByteReader(strings.NewReader("small")))}
	_, err := io.ReadAll(small)
	require.NoError(t, err)
	data, omitted := small.sum()
	assert.Equal(t, "small", string(data))
	assert.Zero(t, omitted)

	large := &kept{ReadCloser: io.NopCloser(strings.NewReader(strings.Repeat("x", deliveryBytes+1)))}
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(io.Discard, struct{ io.Reader }{large}) })
	large.sum() // beside
	reading.Wait()
	data, omitted = large.sum()
	assert.Empty(t, data)
	assert.Equal(t, deliveryBytes+1, omitted)
}

// Nothing of a request is another when it is passed on, and the peer is nobody's to choose.
func TestProxy(t *testing.T) {
	var got *http.Request
	program := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		w.Header().Set(noteHeader, "too-slow,unheard-of")
		w.WriteHeader(http.StatusTeapot)
	}))
	defer program.Close()
	var out, notes strings.Builder
	s := &server{Options: Options{APIURL: "/api", Stdout: &out, Stderr: &notes}, deliveries: delivery.NewLog(1, 1)}
	target := newTarget(&instance.Instance{Addr: strings.TrimPrefix(program.URL, "http://")}, Plan{}, nil)
	defer target.transport.CloseIdleConnections()
	s.gate.finish(target, nil)

	for _, uri := range []string{"/f", "//f//", "/f/a%2Fb", "/f/%41?", "/f?a=1;b=2&c=%zz&&d", "/f/..%2f..", "/f/%0a%1b[31m"} {
		for prefix, handler := range map[string]http.Handler{"": http.HandlerFunc(s.serveFunctions), "/api": s.webSide()} {
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
			assert.Equal(t, []string{"1", "2"}, got.Header.Values("X-Forwarded-For"))
			assert.Equal(t, []string{"for=x"}, got.Header.Values("Forwarded"))
			assert.NotContains(t, got.Header, "User-Agent")
			assert.NotContains(t, got.Header, "Accept-Encoding")
		}
	}
	door := httptest.NewServer(http.HandlerFunc(s.serveFunctions))
	defer door.Close()
	conn, err := net.Dial("tcp", door.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, "GET /f HTTP/1.0\r\n\r\n")
	require.NoError(t, err)
	_, err = io.ReadAll(conn)
	require.NoError(t, err)
	assert.Equal(t, door.Listener.Addr().String(), got.Host, "the program's own address is nobody's business")

	assert.Equal(t, 1, strings.Count(notes.String(), "\n"), "a note is noted once: %s", notes.String())
	assert.Contains(t, notes.String(), "longer than the 29 s")
	assert.Contains(t, out.String(), "PUT    /f/%0a%1b[31m  418  ", "what goes to a terminal is escaped")
	assert.NotContains(t, out.String(), "?", "a query may have secrets")
	assert.Zero(t, target.requests)

	program.Close()
	w := httptest.NewRecorder()
	s.serveFunctions(w, httptest.NewRequest(http.MethodGet, "/f", nil))
	assert.Equal(t, http.StatusBadGateway, w.Code)
	assert.Contains(t, w.Body.String(), "the functions ended while they were asked")
}

// The web side gets what is not below the functions' path, as it came.
func TestWebSide(t *testing.T) {
	var got string
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { got = r.Host + r.RequestURI }))
	defer web.Close()
	address, err := url.Parse(web.URL)
	require.NoError(t, err)
	s := &server{Options: Options{APIURL: "/api", WebTarget: address, Stdout: io.Discard, Stderr: io.Discard}}
	handler := s.webSide()
	for _, uri := range []string{"/", "/api", "/apiary/f", "/a%2Fb?import&raw", "/x?a;b=%zz"} {
		r := httptest.NewRequest(http.MethodGet, uri, nil)
		r.Host = "localhost:8910"
		handler.ServeHTTP(httptest.NewRecorder(), r)
		assert.Equal(t, "localhost:8910"+uri, got)
	}
	web.Close()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Equal(t, http.StatusBadGateway, w.Code)
	assert.Contains(t, w.Body.String(), "the web side does not answer")
}
