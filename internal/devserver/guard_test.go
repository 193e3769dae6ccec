package devserver

import (
	"cmp"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/fngen/fngen/internal/delivery"
	"github.com/fngen/fngen/internal/instance"
	"github.com/fngen/fngen/internal/watch"
)

// newForwarder returns a server whose program responds with 200 to everything,
// and the last request that the program received.
func newForwarder(t *testing.T, options Options) (s *server, last func() *http.Request) {
	var got *http.Request
	program := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r }))
	t.Cleanup(program.Close)
	options.APIURL, options.Stdout = "/api", &strings.Builder{}
	s = &server{Options: options, deliveries: delivery.NewLog(1, 1), watcher: new(watch.Watcher)}
	s.page = s.newPage()
	target := newTarget(&instance.Instance{Addr: strings.TrimPrefix(program.URL, "http://")}, Program{}, nil)
	t.Cleanup(target.transport.CloseIdleConnections)
	s.gate.finishBuild(target, nil)
	return s, func() *http.Request { return got }
}

// handlers are the handlers of both ports, with the path of the functions.
func handlers(s *server) map[string]http.Handler {
	return map[string]http.Handler{"": http.HandlerFunc(s.serveFunctions), s.APIURL: s.webHandler()}
}

// Functions respond only if the request is for a host that the server has, so
// that pages of other hosts cannot read responses through DNS rebinding.
func TestKnownHosts(t *testing.T) {
	s, last := newForwarder(t, Options{
		Host: "dev.internal", AllowedHosts: []string{"tunnel.example", ".example.org"},
	})
	tests := []struct {
		host   string
		status int
	}{
		{"localhost:8911", http.StatusOK},
		{"LOCALHOST", http.StatusOK},
		{"localhost.:8911", http.StatusOK},
		{"shop.localhost:8911", http.StatusOK},
		{"127.0.0.1:8911", http.StatusOK},
		{"[::1]:8911", http.StatusOK},
		{"192.0.2.7:8911", http.StatusOK},
		{"dev.internal:8911", http.StatusOK},
		{"tunnel.example", http.StatusOK},
		{"Tunnel.Example:443", http.StatusOK},
		{"example.org", http.StatusOK},
		{"a.b.example.org", http.StatusOK},
		{"", http.StatusOK},

		{"evil.example:8911", http.StatusForbidden},
		{"sub.tunnel.example", http.StatusForbidden},
		{"badexample.org", http.StatusForbidden},
		{"localhost.evil.example", http.StatusForbidden},
		{"notlocalhost", http.StatusForbidden},
		{"127.0.0.1.evil.example", http.StatusForbidden},
	}
	for _, test := range tests {
		for prefix, handler := range handlers(s) {
			r := httptest.NewRequest(http.MethodGet, prefix+"/f", nil)
			r.Host = test.host
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			assert.Equal(t, test.status, w.Code, "%q %s", test.host, prefix)
			if test.status == http.StatusForbidden {
				assert.Contains(t, w.Body.String(), "allowedHosts", test.host)
				assert.Contains(t, w.Body.String(), "--public-url", test.host)
			}
		}
	}
	assert.NotNil(t, last())
}

// The list of the functions is guarded like the functions.
func TestKnownHostsOfList(t *testing.T) {
	s, _ := newForwarder(t, Options{})
	for host, status := range map[string]int{"localhost": http.StatusOK, "evil.example": http.StatusForbidden} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = host
		w := httptest.NewRecorder()
		s.webHandler().ServeHTTP(w, r)
		assert.Equal(t, status, w.Code, host)
	}
}

// Only a command on this machine may send events: they contain what API Gateway
// vouches for, such as the client's address and the authorizer's claims.
func TestInvocations(t *testing.T) {
	s, last := newForwarder(t, Options{AllowedHosts: []string{"tunnel.example"}})
	tests := []struct {
		name       string
		remoteAddr string
		host       string
		header     string // the name of a header to set
		path       string
		status     int
	}{
		{name: "command", status: http.StatusOK},
		{name: "command by IPv6", remoteAddr: "[::1]:1", host: "[::1]:8911", status: http.StatusOK},
		{name: "page", header: "Origin", status: http.StatusForbidden},
		{name: "page of the same site", header: "Sec-Fetch-Site", status: http.StatusForbidden},
		{name: "tunnel", header: "X-Forwarded-For", status: http.StatusForbidden},
		{name: "tunnel with its host", host: "tunnel.example", status: http.StatusForbidden},
		{name: "proxy", header: "Forwarded", status: http.StatusForbidden},
		{name: "other machine", remoteAddr: "192.0.2.1:1", status: http.StatusForbidden},
		{name: "address of an interface", host: "192.0.2.7:8911", status: http.StatusForbidden},
		{name: "unknown host", host: "evil.example", status: http.StatusForbidden},
		{name: "no host", host: "-", status: http.StatusForbidden},
		{name: "escaped path", path: "/%32015-03-31/functions/f/invocations", header: "Origin", status: http.StatusForbidden},
		{name: "two slashes", path: "//2015-03-31/functions/f/invocations", header: "Origin", status: http.StatusForbidden},
	}
	for _, test := range tests {
		for prefix, handler := range handlers(s) {
			path := "/2015-03-31/functions/f/invocations"
			if test.path != "" {
				path = test.path
			}
			r := httptest.NewRequest(http.MethodPost, prefix+path, strings.NewReader("{}"))
			r.Host, r.RemoteAddr = "localhost:8911", "127.0.0.1:1"
			if test.host != "" {
				r.Host = strings.TrimPrefix(test.host, "-")
			}
			if test.remoteAddr != "" {
				r.RemoteAddr = test.remoteAddr
			}
			if test.header != "" {
				r.Header.Set(test.header, "x")
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			assert.Equal(t, test.status, w.Code, "%s %s", test.name, prefix)
		}
	}
	assert.NotNil(t, last())
}

// Callers from outside get no details of errors, from the server or from the
// program.
func TestErrorDetails(t *testing.T) {
	s, last := newForwarder(t, Options{AllowedHosts: []string{"tunnel.example"}})
	tests := []struct {
		name, host, header string
		public             bool
	}{
		{name: "localhost", host: "localhost:8911"},
		{name: "address", host: "192.0.2.7:8911"},
		{name: "client that sets the header", host: "localhost", header: publicHeader},
		{name: "tunnel", host: "localhost", header: "X-Forwarded-For", public: true},
		{name: "tunnel with its host", host: "tunnel.example", public: true},
	}
	for _, test := range tests {
		r := httptest.NewRequest(http.MethodGet, "/f", nil)
		r.Host = test.host
		if test.header != "" {
			r.Header.Set(test.header, "x")
		}
		s.serveFunctions(httptest.NewRecorder(), r.Clone(t.Context()))
		assert.Equal(t, test.public, last().Header.Get(publicHeader) == "1", test.name)
		assert.NotEqual(t, "x", last().Header.Get(publicHeader), test.name)

		w := httptest.NewRecorder()
		s.writeUnavailable(w, r, &brokenError{title: "build failed", detail: "/home/me/shop/f.go:1: broken"})
		assert.Equal(t, http.StatusInternalServerError, w.Code)
		assert.Contains(t, w.Body.String(), "build failed", test.name)
		assert.Equal(t, test.public, !strings.Contains(w.Body.String(), "/home/me"), test.name)
	}
}

// Only the developer's own browser may use the page: not a page of another
// origin, a host name of somebody else's, a tunnel or another machine.
func TestIsDeveloper(t *testing.T) {
	s, _ := newForwarder(t, Options{Host: "dev.internal", AllowedHosts: []string{"tunnel.example"}})
	const host, rebound = "localhost:8911", "evil.example:8911"
	const allowed, refused = http.StatusOK, http.StatusForbidden
	tests := []struct {
		name       string
		remoteAddr string
		host       string
		header     []string // names and values
		status     int
	}{
		{name: "command", status: allowed},
		{name: "visit", header: []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate"}, status: allowed},
		{name: "script", header: []string{"Sec-Fetch-Site", "same-origin"}, status: allowed},
		{name: "script that posts", header: []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://" + host}, status: allowed},
		{name: "other origin", header: []string{"Origin", "https://evil.example"}, status: refused},
		{name: "other port", header: []string{"Origin", "http://localhost:8910"}, status: refused},
		{name: "opaque origin", header: []string{"Origin", "null"}, status: refused},
		{name: "https", header: []string{"Origin", "https://" + host}, status: refused},
		{name: "image of another site", header: []string{"Sec-Fetch-Site", "cross-site"}, status: refused},
		{name: "link of another port", header: []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "navigate"}, status: refused},
		{name: "no visit", header: []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "cors"}, status: refused},
		{name: "DNS rebinding", host: rebound, header: []string{"Origin", "http://" + rebound}, status: refused},
		{name: "host of --host", host: "dev.internal:8911", status: refused},
		{name: "tunnel", host: "tunnel.example", status: refused},
		{name: "tunnel that rewrites the host", header: []string{"X-Forwarded-For", "192.0.2.1"}, status: refused},
		{name: "proxy", header: []string{"Via", "1.1 x"}, status: refused},
		{name: "other machine", remoteAddr: "192.0.2.1:1", status: refused},
	}
	ports := map[string]http.Handler{"api": http.HandlerFunc(s.serveFunctions), "web": s.webHandler()}
	paths := []string{"/.fngen/", "/.fngen/events", "/.fngen/requests/1", "/.fngen/page.js", "/.fngen/send"}
	for _, test := range tests {
		for _, path := range paths {
			for port, handler := range ports {
				ctx, cancel := context.WithCancel(t.Context())
				cancel() // the events end
				r := httptest.NewRequest(http.MethodGet, path, nil).WithContext(ctx)
				r.RemoteAddr, r.Host = cmp.Or(test.remoteAddr, "127.0.0.1:1"), cmp.Or(test.host, host)
				for i := 0; i < len(test.header); i += 2 {
					r.Header.Set(test.header[i], test.header[i+1])
				}
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				assert.Equal(t, test.status == refused, w.Code == refused, "%s %s %s", test.name, port, path)
			}
		}
	}
	r := httptest.NewRequest(http.MethodGet, "http://"+host+"/.fngen/deliveries", nil)
	r.RemoteAddr = "127.0.0.1:1"
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	w := httptest.NewRecorder()
	s.serveFunctions(w, r)
	assert.Equal(t, http.StatusForbidden, w.Code, "deliveries with their secrets are for commands only")
}
