package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/runtime/gateway"
	"github.com/fngen/fngen/templates/runtime/route"
)

type (
	request  = events.APIGatewayProxyRequest
	response = events.APIGatewayProxyResponse
)

// A syncBuffer is a buffer that is safe for concurrent use.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func logTo(b io.Writer) *slog.Logger { return slog.New(slog.NewJSONHandler(b, nil)) }

func serve(t *testing.T, g *gateway.Gateway, fn gateway.Function) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(g.Handler(fn))
	t.Cleanup(server.Close)
	return server
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	response, err := http.Get(url)
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(body)
}

func ok(body string) response { return response{StatusCode: 200, Body: body} }

func TestPaths(t *testing.T) {
	for target, want := range map[string]struct{ path, resource, proxy string }{
		"/divide":               {"/divide", "/divide", ""},
		"/divide/":              {"/divide/", "/divide", ""},
		"/divide//":             {"/divide//", "/divide", ""},
		"/divide/extra":         {"/divide/extra", "/divide/{proxy+}", "extra"},
		"/divide/extra/":        {"/divide/extra/", "/divide/{proxy+}", "extra/"},
		"/divide/a/b":           {"/divide/a/b", "/divide/{proxy+}", "a/b"},
		"/divide//a":            {"/divide//a", "/divide/{proxy+}", "/a"},
		"/divide/a%2Fb%20c":     {"/divide/a%2Fb%20c", "/divide/{proxy+}", "a/b c"},
		"/%64ivide":             {"/%64ivide", "/divide", ""},
		"/":                     {"/", "/", ""},
		"http://x.test/divide/": {"/divide/", "/divide", ""},
	} {
		t.Run(target, func(t *testing.T) {
			event, err := gateway.EventFromRequest(httptest.NewRequest("GET", target, nil))
			require.NoError(t, err)
			assert.Equal(t, want.path, event.Path)
			assert.Equal(t, want.path, event.RequestContext.Path)
			assert.Equal(t, want.resource, event.Resource)
			assert.Equal(t, want.resource, event.RequestContext.ResourcePath)
			assert.Equal(t, want.proxy, event.PathParameters["proxy"])
		})
	}
}

func TestQuery(t *testing.T) {
	for query, want := range map[string]map[string][]string{
		"":                nil,
		"&&":              nil,
		"a":               {"a": {""}},
		"a=1&a=2&b=3":     {"a": {"1", "2"}, "b": {"3"}},
		"b=1&a=1&b=2&b=3": {"a": {"1"}, "b": {"1", "2", "3"}},
		"a=1=2":           {"a": {"1=2"}},
		"=x":              {"": {"x"}},
		"a%5B%5D=1+2%2B3": {"a[]": {"1 2+3"}},
		"a=%zz%4":         {"a": {"%zz%4"}},
		"a=%25%32%35":     {"a": {"%25"}}, // decoded once
		"a=%ff":           {"a": {"\uFFFD"}},
		"a=%C3%a9":        {"a": {"é"}},
		"a;b=1":           {"a;b": {"1"}},
	} {
		event, err := gateway.EventFromRequest(&http.Request{Method: "GET",
			URL: &url.URL{Path: "/divide", RawQuery: query}})
		require.NoError(t, err)
		assert.Equal(t, want, event.MultiValueQueryStringParameters, query)
		assert.Len(t, event.QueryStringParameters, len(want))
		for name, values := range want {
			assert.Equal(t, values[len(values)-1], event.QueryStringParameters[name], query)
		}
		assert.Equal(t, want == nil, event.QueryStringParameters == nil)
	}
}

func TestBodies(t *testing.T) {
	for name, test := range map[string]struct {
		contentType, encoding, body string
		encoded                     bool
	}{
		"json":           {"application/json; charset=utf-8", "", "{}", false},
		"upper case":     {"Application/JSON", "", "{}", false},
		"text":           {"text/csv", "", "a,ü", false},
		"svg":            {"image/svg+xml", "", "<svg/>", false},
		"no type":        {"", "", "abc", false},
		"no type, bytes": {"", "", "\xff\xfe", true},
		"not UTF-8":      {"text/plain", "", "\xfcber", true},
		"png":            {"image/png", "", "\x89PNG", true},
		"octets":         {"application/octet-stream", "", "abc", true},
		"multipart":      {"multipart/form-data; boundary=B", "", "--B--", true},
		"compressed":     {"application/json", "gzip", "{}", true},
		"identity":       {"application/json", "Identity", "{}", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/upload", strings.NewReader(test.body))
			if test.contentType != "" {
				r.Header.Set("Content-Type", test.contentType)
			}
			if test.encoding != "" {
				r.Header.Set("Content-Encoding", test.encoding)
			}
			event, err := gateway.EventFromRequest(r)
			require.NoError(t, err)
			assert.Equal(t, test.encoded, event.IsBase64Encoded)
			if !test.encoded {
				assert.Equal(t, test.body, event.Body)
			}
		})
	}
}

func TestHeaders(t *testing.T) {
	r := httptest.NewRequest("GET", "/divide", nil)
	r.Header.Add("x-twice", "1")
	r.Header.Add("X-Twice", "2")
	r.Header.Set("Fngen-Peer", "203.0.113.9")
	event, err := gateway.EventFromRequest(r)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"Host": "example.com", "X-Twice": "2", "Fngen-Peer": "203.0.113.9"},
		event.Headers)
	assert.Equal(t, map[string][]string{
		"Host": {"example.com"}, "X-Twice": {"1", "2"}, "Fngen-Peer": {"203.0.113.9"},
	}, event.MultiValueHeaders)
	event.MultiValueHeaders["X-Twice"][0] = "changed"
	assert.Equal(t, "1", r.Header["X-Twice"][0], "the event has a copy of the headers")
}

func TestRequestContext(t *testing.T) {
	g, seen := new(gateway.Gateway), map[string]bool{}
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for range 80 { // more ids than fit in the generator's buffer
		before := time.Now().Truncate(time.Second)
		r := httptest.NewRequest("GET", "/divide", nil)
		r.Header.Set("User-Agent", "curl/8")
		var c events.APIGatewayProxyRequestContext
		g.Serve(httptest.NewRecorder(), r, route.Match{},
			func(_ context.Context, e request) (response, error) { c = e.RequestContext; return ok(""), nil })
		assert.Regexp(t, uuid, c.RequestID)
		assert.Len(t, c.ExtendedRequestID, 16)
		assert.False(t, seen[c.RequestID] || seen[c.ExtendedRequestID])
		seen[c.RequestID], seen[c.ExtendedRequestID] = true, true
		at, err := time.Parse("02/Jan/2006:15:04:05 -0700", c.RequestTime)
		require.NoError(t, err)
		assert.WithinRange(t, at, before, time.Now())
		assert.WithinRange(t, time.UnixMilli(c.RequestTimeEpoch), before, time.Now())
		assert.Equal(t, at.Unix(), c.RequestTimeEpoch/1000)
		assert.Equal(t, "prod", c.Stage)
		assert.Equal(t, "HTTP/1.1", c.Protocol)
		assert.Equal(t, "192.0.2.1", c.Identity.SourceIP)
		assert.Equal(t, "curl/8", c.Identity.UserAgent)
	}
	id := g.RequestID()
	assert.Regexp(t, uuid, id)
	assert.False(t, seen[id])
}

func TestDomain(t *testing.T) {
	for name, test := range map[string]struct {
		host, public                string
		proxies, forwarded          string
		domain, prefix, publicRoute string
	}{
		"host":    {host: "api.example.com", domain: "api.example.com", prefix: "api"},
		"port":    {host: "api.example.com:8911", domain: "api.example.com", prefix: "api"},
		"address": {host: "127.0.0.1:8911", domain: "127.0.0.1", prefix: "127.0.0.1"},
		"IPv6":    {host: "[::1]:8911", domain: "[::1]", prefix: "[::1]"},
		"public URL": {host: "x", public: "https://hooks.example.com", domain: "hooks.example.com",
			prefix: "hooks"},
		"public port": {host: "x", public: "https://hooks.example.com:8443/", domain: "hooks.example.com:8443",
			prefix: "hooks"},
		"public path": {host: "x", public: "https://example.com/a%20b/", domain: "example.com", prefix: "example",
			publicRoute: "/a%20b"},
		"forwarded": {host: "x", forwarded: "evil.test, api.example.com:443", proxies: "192.0.2.0/24",
			domain: "api.example.com", prefix: "api"},
		"not a proxy": {host: "x", forwarded: "evil.test", proxies: "198.51.100.0/24", domain: "x", prefix: "x"},
		"public URL wins": {host: "x", forwarded: "evil.test", proxies: "192.0.2.0/24", public: "https://a.test",
			domain: "a.test", prefix: "a"},
	} {
		t.Run(name, func(t *testing.T) {
			g := new(gateway.Gateway)
			if test.public != "" {
				public, err := url.Parse(test.public)
				require.NoError(t, err)
				g.PublicURL = public
			}
			if test.proxies != "" {
				g.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(test.proxies)}
			}
			r := httptest.NewRequest("GET", "/divide/x%2F", nil)
			r.Host = test.host
			if test.forwarded != "" {
				r.Header.Set("X-Forwarded-Host", test.forwarded)
			}
			var event request
			g.Serve(httptest.NewRecorder(), r, route.Match{},
				func(_ context.Context, e request) (response, error) { event = e; return ok(""), nil })
			assert.Equal(t, test.domain, event.RequestContext.DomainName)
			assert.Equal(t, test.prefix, event.RequestContext.DomainPrefix)
			assert.Equal(t, test.publicRoute+"/divide/x%2F", event.RequestContext.Path)
			assert.Equal(t, "/divide/x%2F", event.Path)
		})
	}
}

func TestSourceIP(t *testing.T) {
	for name, test := range map[string]struct {
		remote, proxies, forwarded, peer, want string
	}{
		"connection":       {remote: "198.51.100.7:4000", want: "198.51.100.7"},
		"IPv6":             {remote: "[2001:db8::1]:4000", want: "2001:db8::1"},
		"IPv4-mapped":      {remote: "[::ffff:198.51.100.7]:4000", want: "198.51.100.7"},
		"zone":             {remote: "[fe80::1%eth0]:4000", want: "fe80::1"},
		"no trusted proxy": {remote: "10.0.0.1:1", forwarded: "203.0.113.7", want: "10.0.0.1"},
		"a proxy": {remote: "10.0.0.1:1", proxies: "10.0.0.0/8", forwarded: "203.0.113.7",
			want: "203.0.113.7"},
		"not from a proxy": {remote: "198.51.100.7:1", proxies: "10.0.0.0/8", forwarded: "203.0.113.7",
			want: "198.51.100.7"},
		"spoofed": {remote: "10.0.0.1:1", proxies: "10.0.0.0/8",
			forwarded: "203.0.113.7, 198.51.100.7", want: "198.51.100.7"},
		"two proxies": {remote: "10.0.0.1:1", proxies: "10.0.0.0/8",
			forwarded: "203.0.113.7, 198.51.100.7, 10.2.3.4", want: "198.51.100.7"},
		"only proxies": {remote: "10.0.0.1:1", proxies: "10.0.0.0/8", forwarded: "10.9.9.9, 10.2.3.4",
			want: "10.9.9.9"},
		"first of several": {remote: "10.0.0.1:1", proxies: "10.0.0.0/8",
			forwarded: "unknown, 203.0.113.7, 10.2.3.4", want: "203.0.113.7"},

		// The client is unknown. It must not have a proxy's address.
		"invalid entry": {remote: "10.0.0.1:1", proxies: "10.0.0.0/8",
			forwarded: "203.0.113.7, unknown, 10.2.3.4", want: ""},
		"only an invalid entry": {remote: "10.0.0.1:1", proxies: "10.0.0.0/8", forwarded: "unknown", want: ""},
		"last entry invalid": {remote: "10.0.0.1:1", proxies: "10.0.0.0/8",
			forwarded: "203.0.113.7, unknown", want: ""},
		"first entry invalid": {remote: "10.0.0.1:1", proxies: "10.0.0.0/8",
			forwarded: "unknown, 10.2.3.4", want: ""},
		"missing":           {remote: "10.0.0.1:1", proxies: "10.0.0.0/8", want: ""},
		"empty":             {remote: "10.0.0.1:1", proxies: "10.0.0.0/8", forwarded: " ", want: ""},
		"empty entry":       {remote: "10.0.0.1:1", proxies: "10.0.0.0/8", forwarded: "203.0.113.7,", want: ""},
		"obfuscated":        {remote: "10.0.0.1:1", proxies: "10.0.0.0/8", forwarded: "_hidden", want: ""},
		"name":              {remote: "10.0.0.1:1", proxies: "10.0.0.0/8", forwarded: "localhost", want: ""},
		"number":            {remote: "10.0.0.1:1", proxies: "10.0.0.0/8", forwarded: "167772161", want: ""},
		"octal":             {remote: "10.0.0.1:1", proxies: "10.0.0.0/8", forwarded: "010.0.0.1", want: ""},
		"CIDR":              {remote: "10.0.0.1:1", proxies: "10.0.0.0/8", forwarded: "10.0.0.0/8", want: ""},
		"port missing":      {remote: "10.0.0.1:1", proxies: "10.0.0.0/8", forwarded: "203.0.113.7:", want: ""},
		"port invalid":      {remote: "10.0.0.1:1", proxies: "10.0.0.0/8", forwarded: "203.0.113.7:x", want: ""},
		"bracket open":      {remote: "10.0.0.1:1", proxies: "10.0.0.0/8", forwarded: "[2001:db8::7", want: ""},
		"quoted":            {remote: "10.0.0.1:1", proxies: "10.0.0.0/8", forwarded: `"203.0.113.7"`, want: ""},
		"parent, no header": {remote: "127.0.0.1:1", peer: "10.0.0.1", proxies: "10.0.0.0/8", want: ""},

		"with a port": {remote: "10.0.0.1:1", proxies: "10.0.0.0/8", forwarded: "203.0.113.7:5555",
			want: "203.0.113.7"},
		"IPv6 with a port": {remote: "10.0.0.1:1", proxies: "10.0.0.0/8", forwarded: "[2001:db8::7]:5555",
			want: "2001:db8::7"},
		"IPv4-mapped via a proxy": {remote: "[::ffff:10.0.0.1]:1", proxies: "10.0.0.0/8",
			forwarded: "::ffff:203.0.113.7", want: "203.0.113.7"},
		"parent":              {remote: "127.0.0.1:1", peer: "203.0.113.9", want: "203.0.113.9"},
		"parent, IPv4-mapped": {remote: "127.0.0.1:1", peer: "::ffff:203.0.113.9", want: "203.0.113.9"},
		"parent behind a proxy": {remote: "127.0.0.1:1", peer: "10.0.0.1", proxies: "10.0.0.0/8",
			forwarded: "203.0.113.7", want: "203.0.113.7"},
		"parent, invalid": {remote: "127.0.0.1:1", peer: "-", want: "127.0.0.1"},
		"no connection":   {remote: "", want: ""},
		"Unix socket":     {remote: "@", proxies: "10.0.0.0/8", forwarded: "203.0.113.7", want: "@"},
	} {
		t.Run(name, func(t *testing.T) {
			g := new(gateway.Gateway)
			if test.proxies != "" {
				g.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(test.proxies)}
			}
			r := httptest.NewRequest("GET", "/divide", nil)
			r.RemoteAddr = test.remote
			if test.forwarded != "" {
				r.Header.Set("X-Forwarded-For", test.forwarded)
			}
			if test.peer != "" {
				g.PeerHeader = "Fngen-Peer"
				r.Header.Set("Fngen-Peer", test.peer)
			}
			var event request
			g.Serve(httptest.NewRecorder(), r, route.Match{},
				func(_ context.Context, e request) (response, error) { event = e; return ok(""), nil })
			assert.Equal(t, test.want, event.RequestContext.Identity.SourceIP)
			assert.NotContains(t, event.Headers, "Fngen-Peer")
			assert.NotContains(t, event.MultiValueHeaders, "Fngen-Peer")
		})
	}
}

func TestRepeatedForwardedFor(t *testing.T) {
	g := &gateway.Gateway{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	r := httptest.NewRequest("GET", "/divide", nil)
	r.Header["X-Forwarded-For"] = []string{"203.0.113.7", "198.51.100.7"}
	g.Serve(httptest.NewRecorder(), r, route.Match{}, func(_ context.Context, e request) (response, error) {
		assert.Equal(t, "198.51.100.7", e.RequestContext.Identity.SourceIP)
		return ok(""), nil
	})
}

func TestContext(t *testing.T) {
	g := &gateway.Gateway{Timeout: time.Hour}
	waiting := make(chan error, 1)
	server := serve(t, g, func(ctx context.Context, event request) (response, error) {
		lambda, ok := lambdacontext.FromContext(ctx)
		if !ok || lambda.AwsRequestID != event.RequestContext.RequestID {
			return response{}, errors.New("no request id")
		}
		deadline, ok := ctx.Deadline()
		if left := time.Until(deadline); !ok || left < 59*time.Minute || left > time.Hour {
			return response{}, fmt.Errorf("deadline in %s", left)
		}
		if event.Path == "/wait" {
			waiting <- nil
			<-ctx.Done()
			waiting <- ctx.Err()
		}
		return response{StatusCode: 200}, ctx.Err()
	})
	resp, body := get(t, server.URL+"/divide")
	assert.Equal(t, 200, resp.StatusCode, body)

	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, "POST", server.URL+"/wait", strings.NewReader("{}"))
	require.NoError(t, err)
	go func() {
		<-waiting
		cancel()
	}()
	_, err = http.DefaultClient.Do(r)
	require.ErrorIs(t, err, context.Canceled)
	assert.ErrorIs(t, <-waiting, context.Canceled, "the client disconnected")
}

type nilPointerError struct{ text *string }

func (e *nilPointerError) Error() string { return *e.text }

func TestFailures(t *testing.T) {
	for name, test := range map[string]struct {
		fn    gateway.Function
		error string
		stack bool
	}{
		"error": {func(context.Context, request) (response, error) {
			return ok("not this"), errors.New("secret")
		}, "secret", false},
		"nil pointer": {func(context.Context, request) (response, error) { return ok(""), (*nilPointerError)(nil) },
			"<nil>", false},
		"panic": {func(context.Context, request) (response, error) { panic("secret") }, "panic: secret", true},
		"panic, error": {func(context.Context, request) (response, error) { panic(io.ErrUnexpectedEOF) },
			"panic: unexpected EOF", true},
		"panic, any": {func(context.Context, request) (response, error) { panic(struct{ a int }{7}) }, "panic: {7}",
			true},
		"panic, nil": {func(context.Context, request) (response, error) { panic(nil) },
			"panic called with nil argument", true},
		"panic, abort": {func(context.Context, request) (response, error) { panic(http.ErrAbortHandler) },
			"abort Handler", true},
		"nil map": {func(_ context.Context, e request) (response, error) {
			e.QueryStringParameters["a"] = "b"
			return ok(""), nil
		}, "assignment to entry in nil map", true},
		"out of range": {func(_ context.Context, e request) (response, error) {
			return ok(e.Path[len(e.Path):][1:]), nil
		}, "out of range", true},
		"goexit": {func(context.Context, request) (response, error) { runtime.Goexit(); return ok(""), nil },
			"runtime.Goexit", false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, expose := range []bool{false, true} {
				var log syncBuffer
				server := serve(t, &gateway.Gateway{Logger: logTo(&log), ExposeErrors: expose, Timeout: time.Hour},
					test.fn)
				resp, body := get(t, server.URL+"/divide")
				assert.Equal(t, 500, resp.StatusCode)
				assert.Equal(t, "application/json", resp.Header.Get("Content-Type"))
				assert.Equal(t, int64(len(body)), resp.ContentLength)

				require.Eventually(t, func() bool { return strings.Contains(log.String(), "\n") }, 5*time.Second,
					time.Millisecond)
				var line struct {
					Level, Msg, Path, RequestID, Error string
					Stack                              []string
				}
				require.NoError(t, json.Unmarshal([]byte(log.String()), &line))
				assert.Equal(t, "ERROR", line.Level)
				assert.Equal(t, "/divide", line.Path)
				assert.Len(t, line.RequestID, 36)
				assert.Contains(t, line.Error, test.error)
				if !expose {
					assert.Equal(t, `{"message":"Internal server error"}`, body)
					continue
				}
				var got struct {
					Message, Error string
					Stack          []string
				}
				require.NoError(t, json.Unmarshal([]byte(body), &got))
				assert.Equal(t, "Internal server error", got.Message)
				assert.Equal(t, line.Error, got.Error)
				assert.Equal(t, line.Stack, got.Stack)
				if test.stack {
					require.Len(t, got.Stack, 1, "only the function's frames")
					assert.Regexp(t, `gateway_test\.TestFailures\.func\d+ \S+gateway_test\.go:\d+$`, got.Stack[0])
				}
			}
		})
	}
}

// TestClientDisconnects checks that nothing is logged if a function returns
// early because its client has disconnected.
func TestClientDisconnects(t *testing.T) {
	var log syncBuffer
	started, ended := make(chan bool, 1), make(chan bool, 1)
	g := &gateway.Gateway{Logger: logTo(&log)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.Serve(w, r, route.Match{}, func(ctx context.Context, _ request) (response, error) {
			started <- true
			<-ctx.Done()
			return response{}, fmt.Errorf("query: %w", ctx.Err())
		})
		ended <- true
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	require.NoError(t, err)
	go func() {
		<-started
		cancel()
	}()
	_, err = http.DefaultClient.Do(r)
	require.ErrorIs(t, err, context.Canceled)
	<-ended
	assert.Empty(t, log.String())
}

func TestTimeout(t *testing.T) {
	for name, fn := range map[string]func(release <-chan bool) gateway.Function{
		"returns ctx.Err": func(<-chan bool) gateway.Function {
			return func(ctx context.Context, _ request) (response, error) { <-ctx.Done(); return response{}, ctx.Err() }
		},
		"responds after the deadline": func(<-chan bool) gateway.Function {
			return func(ctx context.Context, _ request) (response, error) { <-ctx.Done(); return ok("late"), nil }
		},
		"ignores ctx": func(release <-chan bool) gateway.Function {
			return func(context.Context, request) (response, error) { <-release; return ok("late"), nil }
		},
		"ignores ctx and panics": func(release <-chan bool) gateway.Function {
			return func(context.Context, request) (response, error) { <-release; panic("late") }
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log syncBuffer
			release := make(chan bool)
			server := serve(t, &gateway.Gateway{Logger: logTo(&log), Timeout: 30 * time.Millisecond}, fn(release))
			start := time.Now()
			resp, body := get(t, server.URL+"/divide") // the function may still be running
			assert.Less(t, time.Since(start), 10*time.Second)
			assert.Equal(t, 504, resp.StatusCode)
			assert.Equal(t, `{"message":"Endpoint request timed out"}`, body)
			assert.Equal(t, int64(len(body)), resp.ContentLength)
			assert.True(t, resp.Close, "the connection is busy until the function returns")
			assert.GreaterOrEqual(t, time.Since(start), 30*time.Millisecond)
			require.Eventually(t, func() bool { return strings.Contains(log.String(), "timed out") }, 5*time.Second,
				time.Millisecond)
			close(release)
			server.Close() // waits for the function
			assert.Equal(t, 1, strings.Count(log.String(), "\n"), log.String())
		})
	}
}

// TestTimerReuse checks that each of several calls that share a timer has the
// full time limit, and not more.
func TestTimerReuse(t *testing.T) {
	const limit = 200 * time.Millisecond
	g := &gateway.Gateway{Timeout: limit, Logger: logTo(io.Discard)}
	run := func(d time.Duration) int {
		w := httptest.NewRecorder()
		g.Serve(w, httptest.NewRequest("GET", "/divide", nil), route.Match{},
			func(ctx context.Context, _ request) (response, error) {
				select {
				case <-ctx.Done():
				case <-time.After(d):
				}
				return ok(""), nil
			})
		return w.Code
	}
	assert.Equal(t, 200, run(limit*6/10))
	assert.Equal(t, 200, run(limit*6/10), "the timer was started by the previous call")
	assert.Equal(t, 504, run(10*time.Second))
	assert.Equal(t, 504, run(10*time.Second), "and is restarted")
}

// TestTimeoutRace runs functions that return just as they time out. The client
// gets one complete response, and the next request is not affected.
func TestTimeoutRace(t *testing.T) {
	const limit = 2 * time.Millisecond
	server := serve(t, &gateway.Gateway{Logger: logTo(io.Discard), Timeout: limit},
		func(_ context.Context, e request) (response, error) {
			for start := time.Now(); e.Path == "/slow" && time.Since(start) < limit-100*time.Microsecond; {
				runtime.Gosched()
			}
			return ok(e.QueryStringParameters["n"]), nil
		})
	var clients sync.WaitGroup
	for i := range 8 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for j := range 50 {
				n := fmt.Sprint(i, "-", j)
				path := [2]string{"/slow", "/fast"}[j%2]
				resp, body := get(t, server.URL+path+"?n="+n)
				if resp.StatusCode == 200 {
					assert.Equal(t, n, body)
				} else {
					assert.Equal(t, 504, resp.StatusCode)
					assert.Equal(t, `{"message":"Endpoint request timed out"}`, body)
				}
			}
		}()
	}
	clients.Wait()
}

// A panicLog is a slog.Handler that panics.
type panicLog struct{ slog.Handler }

func (panicLog) Handle(context.Context, slog.Record) error { panic("log") }

func TestTimeoutWithPanickingLogger(t *testing.T) {
	g := &gateway.Gateway{Logger: slog.New(panicLog{slog.Default().Handler()}), Timeout: time.Millisecond}
	release := make(chan bool)
	server := serve(t, g, func(context.Context, request) (response, error) { <-release; return ok(""), nil })
	resp, _ := get(t, server.URL)
	assert.Equal(t, 504, resp.StatusCode) // and the process does not crash
	close(release)
}

func TestBodyLimit(t *testing.T) {
	reached := 0
	server := serve(t, &gateway.Gateway{BodyLimit: 1000}, func(_ context.Context, e request) (response, error) {
		reached++
		return ok(fmt.Sprint(len(e.Body))), nil
	})
	for _, chunked := range []bool{false, true} {
		for size, want := range map[int]int{0: 200, 999: 200, 1000: 200, 1001: 413, 300_000: 413} {
			var body io.Reader = strings.NewReader(strings.Repeat("x", size))
			if chunked {
				body = io.MultiReader(body) // hides the length
			}
			reached = 0
			resp, err := http.Post(server.URL, "text/plain", body)
			require.NoError(t, err)
			text, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			resp.Body.Close()
			assert.Equal(t, want, resp.StatusCode, size)
			if want == 413 {
				assert.Equal(t, `{"message":"Request Too Long"}`, string(text))
				assert.True(t, resp.Close)
				assert.Zero(t, reached)
			} else {
				assert.Equal(t, fmt.Sprint(size), string(text))
			}
		}
	}
}

// A countingReader is an infinite body that counts the bytes read from it.
type countingReader struct{ read int64 }

func (r *countingReader) Read(p []byte) (int, error) { r.read += int64(len(p)); return len(p), nil }

func TestBodyLimitStopsReading(t *testing.T) {
	for _, length := range []int64{-1, 5000} {
		body := new(countingReader)
		r := httptest.NewRequest("POST", "/upload", body)
		r.ContentLength = length
		w := httptest.NewRecorder()
		(&gateway.Gateway{BodyLimit: 1000}).Serve(w, r, route.Match{},
			func(context.Context, request) (response, error) { return ok(""), nil })
		assert.Equal(t, 413, w.Code)
		assert.LessOrEqual(t, body.read, int64(1001))
	}
}

// TestTruncatedBody checks that a function is not called if the request body is
// incomplete.
func TestTruncatedBody(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest("POST", "/upload",
		io.MultiReader(strings.NewReader("abc"), errReader{io.ErrUnexpectedEOF}))
	gateway.Handler(func(context.Context, request) (response, error) { panic("reached") }).ServeHTTP(w, r)
	assert.Equal(t, 400, w.Code)

	w = httptest.NewRecorder()
	r = httptest.NewRequest("POST", "/upload", errReader{os.ErrDeadlineExceeded})
	gateway.Handler(func(context.Context, request) (response, error) { panic("reached") }).ServeHTTP(w, r)
	assert.Equal(t, 408, w.Code)

	_, err := gateway.EventFromRequest(httptest.NewRequest("POST", "/upload", errReader{io.ErrUnexpectedEOF}))
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

type errReader struct{ error }

func (r errReader) Read([]byte) (int, error) { return 0, r.error }

func TestLimits(t *testing.T) {
	large := strings.Repeat(`"`, 300<<10) // twice as long in JSON
	for name, test := range map[string]struct {
		limits    gateway.Limits
		body      string
		fn        gateway.Function
		status    int
		note, log string
	}{
		"below": {gateway.Limits{Payload: 1 << 20, Time: time.Hour}, large,
			func(context.Context, request) (response, error) { return ok(large), nil }, 200, "", ""},
		"no limits": {gateway.Limits{}, large,
			func(context.Context, request) (response, error) { return ok(large), nil }, 200, "", ""},
		"request noted": {gateway.Limits{Payload: 600 << 10}, large,
			func(context.Context, request) (response, error) { return ok(""), nil }, 200, "body-too-large", ""},
		"request refused": {gateway.Limits{Payload: 600 << 10, Refuse: true}, large,
			func(context.Context, request) (response, error) { panic("reached") }, 413, "", ""},
		"response noted": {gateway.Limits{Payload: 600 << 10}, "",
			func(context.Context, request) (response, error) { return ok(large), nil }, 200, "response-too-large", ""},
		"response refused": {gateway.Limits{Payload: 600 << 10, Refuse: true}, "",
			func(context.Context, request) (response, error) { return ok(large), nil }, 502, "", "exceeds"},
		"slow noted": {gateway.Limits{Time: time.Nanosecond}, "",
			func(context.Context, request) (response, error) { return ok(""), nil }, 200, "too-slow", ""},
		"slow error noted": {gateway.Limits{Time: time.Nanosecond}, "",
			func(context.Context, request) (response, error) { return ok(""), io.EOF }, 500, "too-slow", "failed"},
		"several noted": {gateway.Limits{Payload: 600 << 10, Time: time.Nanosecond}, large,
			func(context.Context, request) (response, error) { return ok(large), nil }, 200,
			"body-too-large,response-too-large,too-slow", ""},
		"slow refused": {gateway.Limits{Time: time.Millisecond, Refuse: true}, "",
			func(ctx context.Context, _ request) (response, error) { <-ctx.Done(); return ok(""), nil }, 504, "",
			"timed out"},
		"control character": {gateway.Limits{Payload: 6 * 300 << 10, Refuse: true}, "",
			func(context.Context, request) (response, error) { return ok(strings.Repeat("\x01", 300<<10)), nil }, 502,
			"", "exceeds"},
	} {
		t.Run(name, func(t *testing.T) {
			var logged syncBuffer
			server := serve(t, &gateway.Gateway{AWS: test.limits, Logger: logTo(&logged)}, test.fn)
			resp, err := http.Post(server.URL, "text/plain", strings.NewReader(test.body))
			require.NoError(t, err)
			resp.Body.Close()
			assert.Equal(t, test.status, resp.StatusCode)
			assert.Equal(t, test.note, resp.Header.Get(gateway.NoteHeader))
			require.Eventually(t, func() bool { return strings.Contains(logged.String(), test.log) }, 5*time.Second,
				time.Millisecond)
		})
	}
	assert.Equal(t, gateway.Limits{Payload: 6_291_556, Time: 29 * time.Second, Refuse: true}, gateway.AWSLimits(true))
	assert.Equal(t, 29*time.Second, (&gateway.Gateway{Timeout: time.Hour, AWS: gateway.AWSLimits(true)}).TimeLimit())
	assert.Equal(t, time.Second, (&gateway.Gateway{Timeout: time.Second, AWS: gateway.AWSLimits(true)}).TimeLimit())
	assert.Equal(t, time.Hour, (&gateway.Gateway{Timeout: time.Hour, AWS: gateway.AWSLimits(false)}).TimeLimit())
}
