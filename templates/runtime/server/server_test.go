package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/lib/ipallow"
	"github.com/fngen/fngen/templates/runtime/gateway"
)

type (
	request  = events.APIGatewayProxyRequest
	response = events.APIGatewayProxyResponse
)

func ok(body string) response { return response{StatusCode: 200, Body: body} }

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

// A testServer is a server under test.
type testServer struct {
	t       *testing.T
	address string
	stderr  *syncBuffer
	signals chan os.Signal
	exited  chan struct{}
	code    int // once exited is closed
}

// start runs a server on a free port until the test ends.
func start(t *testing.T, functions []Function, args ...string) *testServer {
	t.Helper()
	return startWithEnv(t, nil, functions, args...)
}

// startWithEnv is like start, with environment variables.
func startWithEnv(t *testing.T, env map[string]string, functions []Function, args ...string) *testServer {
	t.Helper()
	r := launch(t, env, functions, args...)
	require.Eventually(t, func() bool {
		_, after, ok := strings.Cut(r.stderr.String(), "listening on http://")
		r.address, _, _ = strings.Cut(after, "\n")
		return ok && strings.Contains(after, "\n")
	}, 10*time.Second, time.Millisecond, r.stderr)
	return r
}

// launch is like startWithEnv, but does not wait until the server listens.
func launch(t *testing.T, env map[string]string, functions []Function, args ...string) *testServer {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &testServer{t: t, stderr: new(syncBuffer), signals: make(chan os.Signal, 2), exited: make(chan struct{})}
	s := system{
		args:      append([]string{"-port", "0"}, args...),
		lookupEnv: lookup(env),
		unsetEnv:  func(name string) error { delete(env, name); return nil },
		stderr:    r.stderr,
		signals:   r.signals,
	}
	go func() {
		defer close(r.exited)
		r.code = s.run(ctx, functions)
	}()
	t.Cleanup(func() {
		cancel()
		r.wait()
	})
	return r
}

func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { value, ok := env[name]; return value, ok }
}

// wait waits until the server exits and returns its exit status.
func (r *testServer) wait() int {
	r.t.Helper()
	select {
	case <-r.exited:
	case <-time.After(20 * time.Second):
		require.Fail(r.t, "the server does not exit")
	}
	return r.code
}

func (r *testServer) dial() net.Conn {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.address)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { conn.Close() })
	require.NoError(r.t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	return conn
}

// send sends a raw request on a new connection and returns the response.
func (r *testServer) send(raw string) (*http.Response, string) {
	r.t.Helper()
	conn := r.dial()
	_, err := io.WriteString(conn, raw)
	require.NoError(r.t, err)
	method, _, _ := strings.Cut(raw, " ")
	return r.read(bufio.NewReader(conn), method)
}

func (r *testServer) read(from *bufio.Reader, method string) (*http.Response, string) {
	r.t.Helper()
	resp, err := http.ReadResponse(from, &http.Request{Method: method})
	require.NoError(r.t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(r.t, err)
	return resp, string(body)
}

func (r *testServer) get(target string) (*http.Response, string) {
	r.t.Helper()
	return r.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
}

// logged redirects slog's default logger to a buffer until the test ends. Tests
// that call it cannot run in parallel.
func logged(t *testing.T) *syncBuffer {
	t.Helper()
	before, buffer := slog.Default(), new(syncBuffer)
	slog.SetDefault(slog.New(slog.NewTextHandler(buffer, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	return buffer
}

// echo is a function that responds with its event.
func echo(_ context.Context, e request) (response, error) {
	body, err := json.Marshal(e)
	return ok(string(body)), err
}

func decodeEvent(t *testing.T, body string) (e request) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(body), &e), body)
	return e
}

// TestVectors sends the requests that other implementations were tested with,
// and checks that the same ones reach a function.
func TestVectors(t *testing.T) {
	boom := func(context.Context, request) (response, error) { return response{}, errors.New("boom") }
	logged(t)
	r := start(t, []Function{{Name: "echo", Handler: echo}, {Name: "boom", Handler: boom}})
	for _, file := range []string{"http-apigw-v1.jsonl", "http-redwood.jsonl"} {
		data, err := os.ReadFile("../../../testdata/vectors/" + file)
		require.NoError(t, err)
		for _, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
			var v struct {
				Name    string
				Request struct {
					Method, Target string
					Headers        map[string]string
					Body           []byte `json:"body_base64"`
				}
				Event    *request
				Response struct{ Status int }
			}
			if err := json.Unmarshal(line, &v); !assert.Condition(t, func() bool {
				// Redwood's events have arrays and objects in queries.
				var typeErr *json.UnmarshalTypeError
				return err == nil || file == "http-redwood.jsonl" && errors.As(err, &typeErr)
			}, "%v", err) {
				continue
			}
			t.Run(file+"/"+v.Name, func(t *testing.T) {
				raw := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: 127.0.0.1:18930\r\n", v.Request.Method, v.Request.Target)
				for name, value := range v.Request.Headers {
					raw += name + ": " + value + "\r\n"
				}
				if len(v.Request.Body) > 0 {
					raw += fmt.Sprintf("Content-Length: %d\r\n", len(v.Request.Body))
				}
				resp, body := r.send(raw + "\r\n" + string(v.Request.Body))
				status := v.Response.Status
				switch {
				case v.Name == "throws":
					status = 500 // as Redwood responds
				case v.Name == "options", status == 415:
					status = 200 // the emulator lacks OPTIONS, Redwood some media types
				}
				require.Equal(t, status, resp.StatusCode, body)
				if status == 500 {
					assert.Equal(t, `{"message":"Internal server error"}`, body)
				}
				if status != 200 || v.Request.Method == "HEAD" {
					return
				}
				e := decodeEvent(t, body)
				assert.Equal(t, v.Request.Method, e.HTTPMethod)
				if v.Event != nil && file == "http-apigw-v1.jsonl" {
					if v.Name == "trailing slash" { // the emulator drops the slash, API Gateway does not
						v.Event.Path += "/"
					}
					e.RequestContext, v.Event.RequestContext = events.APIGatewayProxyRequestContext{},
						events.APIGatewayProxyRequestContext{}
					assert.Equal(t, *v.Event, e)
				}
			})
		}
	}
}

func TestRoutes(t *testing.T) {
	r := start(t, []Function{{Name: "divide", Handler: echo}, {Name: "healthz2", Handler: echo}})
	for target, want := range map[string]int{
		"/divide": 200, "/divide/": 200, "/divide/extra?x=1": 200, "/divide?": 200, "http://other.test/divide": 200,
		"/": 404, "/Divide": 404, "/divide2": 404, "/divid": 404, "/divide%2Fextra": 404, "//divide": 404,
		"/x/../divide": 404, "/healthz": 404,
		"/toString": 404, "/__proto__": 404, "/2015-03-31/functions/divide/invocations": 404,
	} {
		resp, body := r.get(target)
		assert.Equal(t, want, resp.StatusCode, target)
		if want == 404 {
			assert.Equal(t, `{"message":"Not Found"}`, body)
			assert.Equal(t, "application/json", resp.Header.Get("Content-Type"))
		}
	}
	resp, _ := r.send("HEAD /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
	assert.Equal(t, 404, resp.StatusCode)
}

// TestDeclaredRoutes checks what reaches a function that declares its routes.
// Package route tests the rest.
func TestDeclaredRoutes(t *testing.T) {
	r := start(t, []Function{
		{Name: "users", Handler: echo, Routes: []string{"GET /users/{id}", "DELETE /users/{id}", "GET /{$}"}},
		{Name: "posts", Handler: echo, Routes: []string{"PUT /posts/{path...}"}, CORS: true},
		{Name: "open", Handler: echo},
	})
	const preflight = "Origin: https://app.example\r\nAccess-Control-Request-Method: PUT\r\n"
	for _, test := range []struct {
		line, header     string
		status           int
		resource, params string
		allow            string
	}{
		{"GET /users/a%2Fb", "", 200, "/users/{id}", "map[id:a/b]", ""},
		{"DELETE /users/7?x=1", "", 200, "/users/{id}", "map[id:7]", ""},
		{"GET /", "", 200, "/", "map[]", ""},
		{"GET /users", "", 404, "", "", ""},
		{"PUT /users/7", "", 405, "", "", "DELETE, GET, HEAD, OPTIONS"},
		{"OPTIONS /users/7", "", 204, "", "", "DELETE, GET, HEAD, OPTIONS"},
		{"OPTIONS /users/7", preflight, 204, "", "", "DELETE, GET, HEAD, OPTIONS"},
		{"OPTIONS /posts/a/b", preflight, 200, "/posts/{path+}", "map[path:a/b]", ""},
		{"OPTIONS /open", "", 200, "/open", "map[]", ""},
		{"OPTIONS /open", "Origin: https://app.example\r\n", 200, "/open", "map[]", ""},
		{"OPTIONS /open/x", preflight, 204, "", "", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"},
	} {
		resp, body := r.send(test.line + " HTTP/1.1\r\nHost: x\r\n" + test.header + "\r\n")
		assert.Equal(t, test.status, resp.StatusCode, test.line)
		assert.Equal(t, test.allow, resp.Header.Get("Allow"), test.line)
		assert.Empty(t, resp.Header.Get("Access-Control-Allow-Origin"))
		switch test.status {
		case 200:
			e := decodeEvent(t, body)
			assert.Equal(t, test.resource, e.Resource)
			assert.Equal(t, test.resource, e.RequestContext.ResourcePath)
			assert.Equal(t, test.params, fmt.Sprint(e.PathParameters))
		case 405:
			assert.Equal(t, `{"message":"Method Not Allowed"}`, body)
			assert.Equal(t, "application/json", resp.Header.Get("Content-Type"))
		default:
			assert.NotContains(t, body, "event")
		}
	}
	resp, body := r.send("HEAD /users/7 HTTP/1.1\r\nHost: x\r\n\r\n")
	assert.Equal(t, 200, resp.StatusCode)
	assert.Empty(t, body)
}

func TestGroupRoutes(t *testing.T) {
	r := start(t, []Function{
		{Name: "slack/events", Handler: echo}, {Name: "stripe/events", Handler: echo},
		{Name: "flat", Handler: echo}, {Name: "flat/events", Handler: echo},
	})
	for target, want := range map[string]struct{ resource, proxy string }{
		"/slack/events":       {"/slack/events", ""},
		"/slack/events/":      {"/slack/events", ""},
		"/slack/events/a%2Fb": {"/slack/events/{proxy+}", "a/b"},
		"/slack/events/x/y":   {"/slack/events/{proxy+}", "x/y"},
		"/%73lack/events":     {"/slack/events", ""},
		"/stripe/events":      {"/stripe/events", ""},
		"/flat":               {"/flat", ""},
		"/flat/other":         {"/flat/{proxy+}", "other"},
		"/flat/events":        {"/flat/events", ""},
		"/flat/events/x":      {"/flat/events/{proxy+}", "x"},
		"/flat/eventsx":       {"/flat/{proxy+}", "eventsx"},
		"/slack":              {},
		"/slack/":             {},
		"/slack/other":        {},
		"/slack%2Fevents":     {},
		"/slack//events":      {},
		"/events":             {},
	} {
		resp, body := r.get(target)
		if want.resource == "" {
			assert.Equal(t, 404, resp.StatusCode, target)
			continue
		}
		require.Equal(t, 200, resp.StatusCode, target)
		event := decodeEvent(t, body)
		assert.Equal(t, want.resource, event.Resource, target)
		assert.Equal(t, want.proxy, event.PathParameters["proxy"], target)
	}
}

func TestUsage(t *testing.T) {
	one := []Function{{Name: "divide", Handler: echo}}
	for name, test := range map[string]struct {
		args      []string
		env       map[string]string
		functions []Function
		code      int
		stderr    string
	}{
		"unknown flag":        {[]string{"-colour"}, nil, one, 2, "fngen: flag provided but not defined: -colour\n"},
		"unexpected argument": {[]string{"divide"}, nil, one, 2, "fngen: unexpected argument \"divide\"\n"},
		"bad PORT": {nil, map[string]string{"PORT": "http"}, one, 2,
			"fngen: invalid value \"http\" for PORT: must be between 0 and 65535\n"},
		"PORT too large": {nil, map[string]string{"PORT": "65536"}, one, 2,
			"fngen: invalid value \"65536\" for PORT: must be between 0 and 65535\n"},
		"port too large": {[]string{"--port", "65536"}, nil, one, 2,
			"fngen: invalid value 65536 for -port: must be between 0 and 65535\n"},
		"no host": {[]string{"-host", ""}, nil, one, 2,
			"fngen: -host must not be empty; use 0.0.0.0 for all interfaces\n"},
		"bad timeout": {[]string{"-timeout", "30"}, nil, one, 2,
			"fngen: invalid value \"30\" for flag -timeout: parse error\n"},
		"negative": {[]string{"-drain", "-1s"}, nil, one, 2,
			"fngen: invalid value -1s for -drain: must not be negative\n"},
		"bad size": {[]string{"-body-limit", "10XB"}, nil, one, 2,
			"fngen: invalid value \"10XB\" for flag -body-limit: must be a size such as 10MB, 512KB or 1000\n"},
		"no header": {[]string{"-header-limit", "0"}, nil, one, 2,
			"fngen: invalid value 0 for -header-limit: must be between 1 and 2GB\n"},
		"bad proxy": {[]string{"-trusted-proxy", "10.0.0.0/8,x"}, nil, one, 2,
			"fngen: invalid value \"10.0.0.0/8,x\" for flag -trusted-proxy: \"x\" is not a CIDR, such as 10.0.0.0/8 or 2001:db8::/32\n"},
		"proxy's mask": {[]string{"-trusted-proxy", "10.1.0.0/8"}, nil, one, 2,
			"fngen: invalid value \"10.1.0.0/8\" for flag -trusted-proxy: \"10.1.0.0/8\" has host bits set: use 10.0.0.0/8\n"},
		"public URL": {[]string{"-public-url", "example.com"}, nil, one, 2,
			"fngen: invalid value \"example.com\" for -public-url: must start with https:// or http:// and a host\n"},
		"public query": {[]string{"-public-url", "https://example.com?a"}, nil, one, 2,
			"fngen: invalid value \"https://example.com\" for -public-url: must not have a user, a query or a fragment\n"},
		"public password": {[]string{"-public-url", "https://u:hunter2@example.com?hunter2"}, nil, one, 2,
			"fngen: invalid value \"https://example.com\" for -public-url: must not have a user, a query or a fragment\n"},
		"malformed public password": {[]string{"-public-url", "u:hunter2@example.com:x"}, nil, one, 2,
			"fngen: invalid value \"example.com:x\" for -public-url: must start with https:// or http:// and a host\n"},
		"dev alone": {[]string{"-dev"}, nil, one, 2, "fngen: -dev requires -report\n"},
		"report elsewhere": {[]string{"-report", "192.0.2.1:80"}, map[string]string{"FNGEN_REPORT_TOKEN": "t"},
			one, 2, "fngen: invalid value \"192.0.2.1:80\" for -report: must be a loopback address and a port, such as 127.0.0.1:4000\n"},
		"report without token": {[]string{"-report", "127.0.0.1:80"}, nil, one, 2,
			"fngen: -report requires a token without spaces in FNGEN_REPORT_TOKEN\n"},
		"healthz": {[]string{"-healthz"}, nil, []Function{{Name: "healthz", Handler: echo}}, 2,
			"fngen: -healthz conflicts with the function healthz\n"},
		"healthz as a route": {[]string{"-healthz"}, nil,
			[]Function{{Name: "health", Handler: echo, Routes: []string{"GET /x", "GET /healthz"}}}, 2,
			"fngen: -healthz conflicts with the function health\n"},
		"nil handler": {nil, nil, []Function{{Name: "divide"}}, 1, "fngen: function divide: handler is nil\n"},
		"duplicate":   {nil, nil, append(one, one...), 1, "fngen: duplicate function divide\n"},
		"bad name": {nil, nil, []Function{{Name: "a/b/c", Handler: echo}}, 1,
			"fngen: function \"a/b/c\": invalid name\n"},
		"bad host": {[]string{"-host", "256.0.0.1.invalid", "-port", "0"}, nil, one, 1,
			"fngen: listening on 256.0.0.1.invalid:0: "},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			s := system{args: test.args, lookupEnv: lookup(test.env), unsetEnv: func(string) error { return nil },
				stderr: &stderr}
			assert.Equal(t, test.code, s.run(context.Background(), test.functions))
			assert.True(t, strings.HasPrefix(stderr.String(), test.stderr), stderr.String())
			assert.Equal(t, 1, strings.Count(stderr.String(), "\n"))
		})
	}
	var stderr bytes.Buffer
	s := system{args: []string{"--help"}, lookupEnv: lookup(nil), stderr: &stderr}
	assert.Zero(t, s.run(context.Background(), nil))
	for _, name := range []string{
		"host", "port", "timeout", "body-limit", "bodies-limit", "header-limit", "read-timeout",
		"idle-timeout", "drain", "healthz", "trusted-proxy", "public-url", "aws-limits",
	} {
		assert.Contains(t, stderr.String(), "  -"+name)
	}
	assert.NotRegexp(t, "-(report|dev)\\b", stderr.String(), "only fngen uses these")
}

func TestOptions(t *testing.T) {
	for name, test := range map[string]struct {
		args string
		env  map[string]string
		want func(*options)
	}{
		"defaults": {"", nil, func(*options) {}},
		"PORT": {"", map[string]string{"PORT": "80"},
			func(o *options) { o.port, o.loopbackByDefault = 80, true }},
		"PORT and HOST": {"", map[string]string{"PORT": "80", "HOST": "0.0.0.0"},
			func(o *options) { o.port, o.host = 80, "0.0.0.0" }},
		"PORT and host": {"--host 127.0.0.1", map[string]string{"PORT": "80"}, func(o *options) { o.port = 80 }},
		"bodies":        {"-bodies-limit 1GB", nil, func(o *options) { o.bodiesLimit = 1 << 30 }},
		"flags win": {"-port 90 -host ::1", map[string]string{"PORT": "80", "HOST": "0.0.0.0"},
			func(o *options) { o.port, o.host = 90, "::1" }},
		"empty variables": {"", map[string]string{"PORT": "", "HOST": ""}, func(*options) {}},
		"times": {"-timeout 1s -read-timeout=2s --idle-timeout 3s -drain 4s", nil,
			func(o *options) { o.timeout, o.readTimeout, o.idleTimeout, o.drain = 1e9, 2e9, 3e9, 4e9 }},
		"sizes": {"-body-limit 512KB -header-limit 1mib", nil,
			func(o *options) { o.bodyLimit, o.headerLimit = 512<<10, 1<<20 }},
		"bytes": {"-body-limit 1000 -header-limit 9B", nil,
			func(o *options) { o.bodyLimit, o.headerLimit = 1000, 9 }},
		"switches": {"-healthz -aws-limits", nil, func(o *options) { o.healthz, o.awsLimits = true, true }},
		"proxies": {"-trusted-proxy 10.0.0.0/8,192.0.2.1 -trusted-proxy ::ffff:172.16.0.0/108", nil, func(o *options) {
			require.NoError(t, o.trustedProxies.Set("10.0.0.0/8"))
			require.NoError(t, o.trustedProxies.Set("192.0.2.1/32"))
			require.NoError(t, o.trustedProxies.Set("172.16.0.0/12"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			want := options{host: "127.0.0.1", port: 8911, timeout: 30 * time.Second, bodyLimit: 10 << 20,
				bodiesLimit: 32 << 20,
				headerLimit: 64 << 10, readTimeout: 30 * time.Second, idleTimeout: 2 * time.Minute,
				streamTimeout: 15 * time.Minute, drain: 30 * time.Second, jobs: noJobs{}}
			test.want(&want)
			got, err := parse(strings.Fields(test.args), lookup(test.env), io.Discard, nil)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		})
	}
	for text, want := range map[size]string{10 << 20: "10MB", 64 << 10: "64KB", 1000: "1000", 0: "0"} {
		assert.Equal(t, want, text.String())
	}
	for _, bad := range []string{"", "MB", "-1", "1.5MB", "1TB", "99999999999GB", "0x10"} {
		assert.Error(t, new(size).Set(bad), bad)
	}
}

// TestGatewayOptions checks that the flags take effect on the gateway and the
// HTTP server.
func TestGatewayOptions(t *testing.T) {
	parsed := func(args ...string) *gateway.Gateway {
		o, err := parse(args, lookup(map[string]string{tokenEnv: "t"}), io.Discard, nil)
		require.NoError(t, err)
		return o.gateway()
	}
	g := parsed()
	assert.Equal(t, gateway.Limits{}, g.AWS)
	assert.Equal(t, int64(10<<20), g.BodyLimit)
	assert.Equal(t, 30*time.Second, g.TimeLimit())
	assert.Zero(t, g.WriteTimeout, "the server's timeout suffices")
	assert.False(t, g.ExposeErrors)
	assert.Equal(t, gateway.AWSLimits(true), parsed("-aws-limits").AWS)
	assert.Equal(t, 29*time.Second, parsed("-aws-limits").TimeLimit())
	assert.Equal(t, time.Minute, parsed("-timeout", "0").WriteTimeout)

	dev := parsed("-dev", "-report", "127.0.0.1:1")
	assert.Equal(t, gateway.AWSLimits(false), dev.AWS)
	assert.Equal(t, "dev", dev.Stage)
	assert.Equal(t, "Fngen-Peer", dev.PeerHeader)
	assert.True(t, dev.ExposeErrors)
	assert.Equal(t, gateway.AWSLimits(true), parsed("-dev", "-aws-limits", "-report", "127.0.0.1:1").AWS)

	o, err := parse([]string{"-timeout", "5s", "-read-timeout", "7s", "-header-limit", "1KB", "-idle-timeout", "9s"},
		lookup(nil), io.Discard, nil)
	require.NoError(t, err)
	s := newServer(o, nil).http
	assert.Equal(t, 12*time.Second+responseTimeout, s.WriteTimeout, "longer than the function's timeout")
	assert.Equal(t, 7*time.Second, s.ReadHeaderTimeout)
	assert.Equal(t, 9*time.Second, s.IdleTimeout)
	assert.Equal(t, 1024, s.MaxHeaderBytes)
}

func TestPortInUse(t *testing.T) {
	other := start(t, nil)
	_, port, err := net.SplitHostPort(other.address)
	require.NoError(t, err)
	var stderr bytes.Buffer
	s := system{args: []string{"-port", port}, lookupEnv: lookup(nil), stderr: &stderr}
	assert.Equal(t, 1, s.run(context.Background(), nil))
	assert.Contains(t, stderr.String(), "fngen: address 127.0.0.1:"+port+" is in use\nhint: ")
	assert.Contains(t, stderr.String(), "--port")
}

func TestLoopbackNotice(t *testing.T) {
	for _, env := range []map[string]string{{"PORT": "0"}, {"PORT": "0", "HOST": "127.0.0.1"}, {}} {
		r := startWithEnv(t, env, nil)
		assert.Equal(t, len(env) == 1, strings.Contains(r.stderr.String(), "-host 0.0.0.0"), r.stderr.String())
	}
}

func TestHealthz(t *testing.T) {
	r := start(t, []Function{{Name: "divide", Handler: echo}}, "-healthz")
	resp, body := r.get("/healthz")
	assert.Equal(t, 200, resp.StatusCode)
	assert.Equal(t, "ok", body)
	for raw, want := range map[string]int{
		"HEAD /healthz": 200, "POST /healthz": 404, "GET /healthz/x": 404, "GET /divide": 200,
	} {
		resp, _ := r.send(raw + " HTTP/1.1\r\nHost: x\r\n\r\n")
		assert.Equal(t, want, resp.StatusCode, raw)
	}
}

// TestHealthzDraining checks that a client on an open connection learns that
// the server drains while another request is active.
func TestHealthzDraining(t *testing.T) {
	reached, release := make(chan bool), make(chan bool)
	wait := func(context.Context, request) (response, error) { reached <- true; <-release; return ok("done"), nil }
	r := start(t, []Function{{Name: "wait", Handler: wait}}, "-healthz")
	early, conn := r.dial(), r.dial()
	_, err := io.WriteString(conn, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	<-reached
	_, err = io.WriteString(early, "GET /healthz HTTP/1.1\r\nHost: x\r\n") // incomplete
	require.NoError(t, err)
	r.signals <- syscall.SIGTERM
	require.Eventually(t, func() bool {
		probe, err := net.Dial("tcp", r.address)
		if err == nil {
			probe.Close()
		}
		return err != nil
	}, 5*time.Second, time.Millisecond, "new connections are refused")
	_, err = io.WriteString(early, "\r\n")
	require.NoError(t, err)
	resp, body := r.read(bufio.NewReader(early), "GET")
	assert.Equal(t, 503, resp.StatusCode)
	assert.Equal(t, "draining", body)
	assert.True(t, resp.Close)

	close(release)
	resp, body = r.read(bufio.NewReader(conn), "GET")
	assert.Equal(t, "done", body)
	assert.True(t, resp.Close)
	assert.Zero(t, r.wait())
}

func TestBinaryAndCookies(t *testing.T) {
	r := start(t, []Function{{Name: "mirror", Handler: func(_ context.Context, e request) (response, error) {
		return response{StatusCode: 200, Body: e.Body, IsBase64Encoded: e.IsBase64Encoded,
			Headers:           map[string]string{"Content-Type": e.Headers["Content-Type"]},
			MultiValueHeaders: map[string][]string{"Set-Cookie": {"a=1; Path=/", "b=2"}}}, nil
	}}})
	large := strings.Repeat("\x00\xff\x89PNG", 10<<20/6) // just below 10 MB
	for _, body := range []string{"\x89PNG\xff", "", large} {
		resp, got := r.send("POST /mirror HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: " +
			strconv.Itoa(len(body)) + "\r\n\r\n" + body)
		assert.Equal(t, 200, resp.StatusCode)
		assert.True(t, body == got, "%d bytes, got %d", len(body), len(got))
		assert.Equal(t, int64(len(body)), resp.ContentLength)
		assert.Equal(t, []string{"a=1; Path=/", "b=2"}, resp.Header["Set-Cookie"])
		assert.Equal(t, "image/png", resp.Header.Get("Content-Type"))
	}
	text := strings.Repeat("ü", 100_000)
	resp, got := r.send("POST /mirror HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: " +
		strconv.Itoa(len(text)) + "\r\n\r\n" + text)
	assert.Equal(t, 200, resp.StatusCode)
	assert.True(t, text == got)
}

func TestBodyLimit(t *testing.T) {
	r := start(t, []Function{{Name: "echo", Handler: echo}}, "-body-limit", "1KB")
	for raw, want := range map[string]int{
		"Content-Length: 1024\r\n\r\n" + strings.Repeat("x", 1024): 200,
		// The length is announced, but nothing is sent.
		"Content-Length: 1025\r\n\r\n":                                                            413,
		"Content-Length: 10000000000\r\nExpect: 100-continue\r\n\r\n":                             413,
		"Transfer-Encoding: chunked\r\n\r\n400\r\n" + strings.Repeat("x", 1024) + "\r\n0\r\n\r\n": 200,
		"Transfer-Encoding: chunked\r\n\r\n401\r\n" + strings.Repeat("x", 1025) + "\r\n0\r\n\r\n": 413,
		"Transfer-Encoding: chunked\r\n\r\nzz\r\n":                                                400,
	} {
		resp, body := r.send("POST /echo HTTP/1.1\r\nHost: x\r\n" + raw)
		assert.Equal(t, want, resp.StatusCode, body)
		assert.Equal(t, want != 200, resp.Close)
		if want == 413 {
			assert.Equal(t, `{"message":"Request Too Long"}`, body)
		}
	}
}

func TestHeaderLimit(t *testing.T) {
	r := start(t, []Function{{Name: "echo", Handler: echo}}, "-header-limit", "2KB")
	resp, _ := r.send("GET /echo HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 1000) + "\r\n\r\n")
	assert.Equal(t, 200, resp.StatusCode)
	// net/http allows 4096 more bytes.
	resp, _ = r.send("GET /echo HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 2048+4096) + "\r\n\r\n")
	assert.Equal(t, 431, resp.StatusCode)
}

func TestTimeouts(t *testing.T) {
	logged(t)
	release := make(chan bool)
	r := start(t, []Function{
		{Name: "heeds",
			Handler: func(ctx context.Context, _ request) (response, error) {
				<-ctx.Done()
				return response{}, ctx.Err()
			}},
		{Name: "ignores",
			Handler: func(context.Context, request) (response, error) { <-release; return ok("late"), nil }},
		{Name: "fast", Handler: echo},
	}, "-timeout", "100ms")
	for _, path := range []string{"/heeds", "/ignores"} {
		resp, body := r.get(path)
		assert.Equal(t, 504, resp.StatusCode)
		assert.Equal(t, `{"message":"Endpoint request timed out"}`, body)
	}
	resp, _ := r.get("/fast")
	assert.Equal(t, 200, resp.StatusCode)
	close(release)
}

// TestSlowClients checks that each kind of slow client is disconnected, while
// others are served.
func TestSlowClients(t *testing.T) {
	var reached atomic.Int32
	block := strings.Repeat("x", 8<<20)
	r := start(t, []Function{
		{Name: "echo",
			Handler: func(_ context.Context, e request) (response, error) { reached.Add(1); return ok(""), nil }},
		{Name: "large", Handler: func(context.Context, request) (response, error) { return ok(block), nil }},
	}, "-read-timeout", "150ms", "-idle-timeout", "150ms")

	drip := func(start, rest string) net.Conn {
		conn := r.dial()
		_, err := io.WriteString(conn, start)
		require.NoError(t, err)
		go func() {
			ticks := time.NewTicker(20 * time.Millisecond)
			defer ticks.Stop()
			for range ticks.C {
				if _, err := io.WriteString(conn, rest); err != nil {
					return
				}
			}
		}()
		return conn
	}
	header, body := drip("GET /echo HTTP/1.1\r\n", "X: y\r\n"),
		drip("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n", "x")
	idle := r.dial()
	_, err := io.WriteString(idle, "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)

	began := time.Now()
	resp, text := r.read(bufio.NewReader(body), "POST")
	assert.Equal(t, 408, resp.StatusCode)
	assert.Equal(t, `{"message":"Request Timeout"}`, text)
	_, _ = io.Copy(io.Discard, header) // until the server closes or resets it
	from := bufio.NewReader(idle)
	r.read(from, "GET")
	_, err = from.ReadByte()
	assert.ErrorIs(t, err, io.EOF)
	assert.Less(t, time.Since(began), 10*time.Second)
	assert.Equal(t, int32(1), reached.Load(), "only the complete request reaches the function")
}

// TestSlowReader checks that the server gives up on a response that the client
// does not read.
func TestSlowReader(t *testing.T) {
	o, err := parse(nil, lookup(nil), io.Discard, nil)
	require.NoError(t, err)
	block := strings.Repeat("x", 32<<20)
	ended := make(chan time.Duration, 1)
	for name, configure := range map[string]func(*server){
		"server timeout": func(s *server) { s.http.WriteTimeout = 100 * time.Millisecond },
		"gateway timeout": func(s *server) {
			s.http.WriteTimeout, s.router.gateway.WriteTimeout = 0, 100*time.Millisecond
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(o,
				[]Function{{Name: "large",
					Handler: func(context.Context, request) (response, error) { return ok(block), nil }}})
			configure(s)
			handler := s.http.Handler
			s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				began := time.Now()
				handler.ServeHTTP(w, r)
				ended <- time.Since(began)
			})
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			go func() { _ = s.http.Serve(listener) }()
			defer s.http.Close()
			conn, err := net.Dial("tcp", listener.Addr().String())
			require.NoError(t, err)
			defer conn.Close()
			_, err = io.WriteString(conn, "GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
			require.NoError(t, err)
			select {
			case took := <-ended:
				assert.GreaterOrEqual(t, took, 100*time.Millisecond)
			case <-time.After(10 * time.Second):
				require.Fail(t, "the server waits for the client")
			}
		})
	}
}

// TestReadTimeoutExcludesFunction checks that a function may run longer than
// the timeout for its request's body.
func TestReadTimeoutExcludesFunction(t *testing.T) {
	r := start(t, []Function{{Name: "slow", Handler: func(ctx context.Context, _ request) (response, error) {
		select {
		case <-ctx.Done():
			return response{}, ctx.Err()
		case <-time.After(150 * time.Millisecond):
			return ok("done"), nil
		}
	}}}, "-read-timeout", "50ms")
	resp, body := r.send("POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
	assert.Equal(t, 200, resp.StatusCode)
	assert.Equal(t, "done", body)
	resp, body = r.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
	assert.Equal(t, 200, resp.StatusCode)
	assert.Equal(t, "done", body)
}

// TestBodyThatDoesNotArrive checks that every connection whose request body does
// not arrive is closed after the timeout, whatever the response.
func TestBodyThatDoesNotArrive(t *testing.T) {
	logged(t)
	r := start(t, []Function{
		{Name: "echo", Handler: echo},
		{Name: "get", Handler: echo, Routes: []string{"GET /get"}},
	}, "-read-timeout", "150ms", "-idle-timeout", "1h", "-body-limit", "1KB", "-healthz")
	for _, test := range []struct {
		name, request string
		status        int
	}{
		{"function", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na", 408},
		{"chunked", "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na", 408},
		{"too large", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2000\r\n\r\na", 413},
		{"not found", "POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na", 404},
		{"method", "POST /get HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na", 405},
		{"health", "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na", 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn := r.dial()
			require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
			_, err := io.WriteString(conn, test.request)
			require.NoError(t, err)
			from := bufio.NewReader(conn)
			resp, _ := r.read(from, "POST")
			assert.Equal(t, test.status, resp.StatusCode)
			began := time.Now()
			_, err = from.ReadByte()
			assert.Error(t, err)
			assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
			assert.Less(t, time.Since(began), 30*time.Second)
		})
	}
}

func TestClientDisconnects(t *testing.T) {
	reached, ended := make(chan bool), make(chan error)
	r := start(t, []Function{{Name: "wait", Handler: func(ctx context.Context, _ request) (response, error) {
		reached <- true
		<-ctx.Done()
		ended <- ctx.Err()
		return response{}, ctx.Err()
	}}})
	conn := r.dial()
	_, err := io.WriteString(conn, "POST /wait HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
	require.NoError(t, err)
	<-reached
	conn.Close()
	assert.ErrorIs(t, <-ended, context.Canceled)
}

func TestConcurrentPanics(t *testing.T) {
	log := logged(t)
	r := start(t, []Function{
		{Name: "panic", Handler: func(_ context.Context, e request) (response, error) {
			e.StageVariables["a"] = e.Path
			return ok(""), nil
		}},
		{Name: "echo", Handler: echo},
	})
	var clients sync.WaitGroup
	for range 50 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			client := &http.Client{Transport: new(http.Transport)}
			defer client.CloseIdleConnections()
			for path, want := range map[string]int{"/panic": 500, "/echo": 200, "/panic?again": 500} {
				resp, err := client.Get("http://" + r.address + path)
				if !assert.NoError(t, err) {
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				assert.Equal(t, want, resp.StatusCode)
			}
		}()
	}
	clients.Wait()
	assert.Equal(t, 100, strings.Count(log.String(), "assignment to entry in nil map"))
}

func TestTrustedProxy(t *testing.T) {
	source := func(args ...string) string {
		r := start(t, []Function{{Name: "echo", Handler: echo}}, args...)
		_, body := r.send("GET /echo HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.7, 198.51.100.7, 10.0.0.1\r\nX-Forwarded-Host: api.test\r\n\r\n")
		e := decodeEvent(t, body)
		return e.RequestContext.Identity.SourceIP + " " + e.RequestContext.DomainName
	}
	assert.Equal(t, "127.0.0.1 x", source())
	assert.Equal(t, "127.0.0.1 x", source("-trusted-proxy", "10.0.0.0/8"))
	assert.Equal(t, "10.0.0.1 api.test", source("-trusted-proxy", "127.0.0.0/8"))
	assert.Equal(t, "198.51.100.7 api.test", source("-trusted-proxy", "127.0.0.1,10.0.0.0/8"))
	assert.Equal(t, "203.0.113.7 api.test",
		source("-trusted-proxy", "127.0.0.1", "-trusted-proxy", "10.0.0.0/8,198.51.100.0/24"))
}

// TestTrustedProxyWithoutClient checks that a request of a proxy that does not
// report its client has no source IP, so that a function that allows the
// proxy's network does not let it in.
func TestTrustedProxyWithoutClient(t *testing.T) {
	guarded := fn.Chain(echo, ipallow.Require("127.0.0.0/8", "10.0.0.0/8", "203.0.113.7"))
	r := start(t, []Function{{Name: "echo", Handler: echo}, {Name: "guarded", Handler: guarded}},
		"-trusted-proxy", "127.0.0.0/8,10.0.0.0/8")
	for header, want := range map[string]string{
		"X-Forwarded-For: 203.0.113.7\r\n":                    "203.0.113.7",
		"X-Forwarded-For: 203.0.113.7, 10.0.0.1\r\n":          "203.0.113.7",
		"X-Forwarded-For: unknown, 203.0.113.7, 10.0.0.1\r\n": "203.0.113.7",
		"":                             "",
		"X-Forwarded-For:\r\n":         "",
		"X-Forwarded-For: unknown\r\n": "",
		"X-Forwarded-For: 203.0.113.7, unknown, 10.0.0.1\r\n":  "",
		"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-For:\r\n": "",
		"Forwarded: for=203.0.113.7\r\n":                       "",
	} {
		_, body := r.send("GET /echo HTTP/1.1\r\nHost: x\r\n" + header + "\r\n")
		assert.Equal(t, want, decodeEvent(t, body).RequestContext.Identity.SourceIP, header)
		status := http.StatusOK
		if want == "" {
			status = http.StatusUnauthorized
		}
		resp, _ := r.send("GET /guarded HTTP/1.1\r\nHost: x\r\n" + header + "\r\n")
		assert.Equal(t, status, resp.StatusCode, header)
	}
}

func TestPublicURL(t *testing.T) {
	r := start(t, []Function{{Name: "echo", Handler: echo}}, "-public-url", "https://hooks.example.com:8443/api/")
	_, body := r.get("/echo/sms")
	e := decodeEvent(t, body)
	assert.Equal(t, "https://hooks.example.com:8443/api/echo/sms",
		"https://"+e.RequestContext.DomainName+e.RequestContext.Path)
	assert.Equal(t, "/echo/sms", e.Path)
}

// TestPeerHeaderWithoutParent checks that the header is an ordinary one if
// there is no parent process.
func TestPeerHeaderWithoutParent(t *testing.T) {
	r := start(t, []Function{{Name: "echo", Handler: echo}})
	_, body := r.send("GET /echo HTTP/1.1\r\nHost: x\r\nFngen-Peer: 203.0.113.9\r\n\r\n")
	e := decodeEvent(t, body)
	assert.Equal(t, "127.0.0.1", e.RequestContext.Identity.SourceIP)
	assert.Equal(t, "203.0.113.9", e.Headers["Fngen-Peer"])
}

func TestProtocols(t *testing.T) {
	r := start(t, []Function{{Name: "echo", Handler: echo}})
	resp, body := r.send("GET /echo HTTP/1.0\r\n\r\n")
	assert.Equal(t, 200, resp.StatusCode)
	assert.True(t, resp.Close)
	e := decodeEvent(t, body)
	assert.Equal(t, "HTTP/1.0", e.RequestContext.Protocol)
	assert.Empty(t, e.Headers)

	conn := r.dial()
	_, err := io.WriteString(conn,
		"GET /echo?n=1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /echo?n=2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}HEAD /echo HTTP/1.1\r\nHost: x\r\n\r\nGET /echo?n=4 HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	from := bufio.NewReader(conn)
	for i, method := range []string{"GET", "POST", "HEAD", "GET"} {
		resp, body := r.read(from, method)
		assert.Equal(t, 200, resp.StatusCode)
		if method != "HEAD" {
			assert.Equal(t, strconv.Itoa(i+1), decodeEvent(t, body).QueryStringParameters["n"])
		}
	}
	for _, raw := range []string{
		"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET / HTTP/9.9\r\n\r\n", "GET /echo HTTP/1.1\r\n\r\n", "nonsense\r\n\r\n",
	} {
		_, _ = r.send(raw) // any response will do
	}
	resp, _ = r.send("PURGE /echo HTTP/1.1\r\nHost: x\r\n\r\n")
	assert.Equal(t, 200, resp.StatusCode, "the function decides about methods")
}

// TestHopByHopHeaders checks that headers of a function do not affect the
// connection.
func TestHopByHopHeaders(t *testing.T) {
	wrong := func(context.Context, request) (response, error) {
		return response{StatusCode: 200, Body: "right",
			Headers: map[string]string{"Content-Length": "3", "transfer-encoding": "chunked", "Connection": "close",
				"Upgrade": "h2c"}}, nil
	}
	r := start(t, []Function{{Name: "wrong", Handler: wrong}})
	conn := r.dial()
	from := bufio.NewReader(conn)
	for range 3 {
		_, err := io.WriteString(conn, "GET /wrong HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		resp, body := r.read(from, "GET")
		assert.Equal(t, "right", body)
		assert.False(t, resp.Close)
	}
}

// TestDrainUnderLoad shuts down a busy server. Every request on a connection
// that the server has accepted gets a response, including requests that are in
// flight when the signal arrives.
func TestDrainUnderLoad(t *testing.T) {
	log := logged(t)
	var hook, active atomic.Int32
	r := start(t, []Function{{
		Name: "work",
		Handler: func(context.Context, request) (response, error) {
			active.Add(1)
			defer active.Add(-1)
			time.Sleep(time.Millisecond) // so that some requests are active
			return ok("done"), nil
		},
		Shutdown: func(context.Context) error {
			hook.Add(1)
			assert.Zero(t, active.Load())
			return nil
		},
	}})
	var clients sync.WaitGroup
	var answered, closed atomic.Int32
	ask := func(conn net.Conn, from *bufio.Reader) (*http.Response, error) {
		if _, err := io.WriteString(conn, "GET /work HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return nil, err
		}
		resp, err := http.ReadResponse(from, nil)
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(resp.Body)
		if string(body) != "done" {
			return nil, errors.Join(err, fmt.Errorf("unexpected response %q", body))
		}
		answered.Add(1)
		return resp, nil
	}
	for range 20 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for {
				conn, err := net.Dial("tcp", r.address)
				if err != nil {
					return // the listener is closed
				}
				from := bufio.NewReader(conn)
				resp, err := ask(conn, from)
				if err != nil {
					conn.Close()
					return // in the backlog of the listener when it was closed
				}
				for n := 0; n < 50 && !resp.Close; n++ {
					if resp, err = ask(conn, from); !assert.NoError(t, err) {
						break
					}
				}
				if resp != nil && resp.Close {
					closed.Add(1)
				}
				conn.Close()
			}
		}()
	}
	require.Eventually(t, func() bool { return answered.Load() > 500 }, 10*time.Second, time.Millisecond)
	r.signals <- syscall.SIGTERM
	assert.Zero(t, r.wait())
	clients.Wait()
	assert.NotZero(t, closed.Load(), "clients got Connection: close")
	assert.Equal(t, int32(1), hook.Load())
	assert.Empty(t, log.String())
}

// TestDrainKeepsActiveRequests checks that requests that are active when the
// server shuts down get a response.
func TestDrainKeepsActiveRequests(t *testing.T) {
	const clients = 30
	reached, release := make(chan bool, clients), make(chan bool)
	r := start(t,
		[]Function{{Name: "wait",
			Handler: func(context.Context, request) (response, error) {
				reached <- true
				<-release
				return ok("done"), nil
			}}})
	idle := r.dial()
	_, err := io.WriteString(idle, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	idleReader := bufio.NewReader(idle)
	r.read(idleReader, "GET")
	unused, late := r.dial(), r.dial()
	var conns []net.Conn
	for range clients {
		conn := r.dial()
		_, err := io.WriteString(conn, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
		require.NoError(t, err)
		conns = append(conns, conn)
	}
	for range clients {
		<-reached
	}
	r.signals <- os.Interrupt
	_, err = idleReader.ReadByte()
	assert.ErrorIs(t, err, io.EOF, "idle connections close at once")
	_, err = io.WriteString(late, "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	resp, _ := r.read(bufio.NewReader(late), "GET")
	assert.True(t, resp.Close, "a first request is answered")
	began := time.Now()
	_, _ = unused.Read(make([]byte, 1))
	assert.Less(t, time.Since(began), 4*time.Second, "connections without a request close soon")
	close(release)
	for _, conn := range conns {
		resp, body := r.read(bufio.NewReader(conn), "GET")
		assert.Equal(t, "done", body)
		assert.True(t, resp.Close)
	}
	assert.Zero(t, r.wait())
}

func TestDrainTimeout(t *testing.T) {
	log := logged(t)
	reached, release := make(chan bool, 1), make(chan bool)
	t.Cleanup(func() { close(release) })
	r := start(t,
		[]Function{{Name: "wait",
			Handler: func(context.Context, request) (response, error) {
				reached <- true
				<-release
				return ok(""), nil
			}}}, "-drain", "50ms")
	conn := r.dial()
	_, err := io.WriteString(conn, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	<-reached
	r.signals <- syscall.SIGTERM
	assert.Zero(t, r.wait())
	assert.Contains(t, log.String(), "drain timeout exceeded, connections closed")
}

func TestSecondSignal(t *testing.T) {
	reached, release := make(chan bool, 1), make(chan bool)
	t.Cleanup(func() { close(release) })
	r := start(t,
		[]Function{{Name: "wait",
			Handler: func(context.Context, request) (response, error) { reached <- true; <-release; return ok(""), nil }}})
	conn := r.dial()
	_, err := io.WriteString(conn, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	<-reached
	r.signals <- syscall.SIGTERM
	r.signals <- syscall.SIGTERM
	assert.Equal(t, 1, r.wait())
}

func TestShutdownHooks(t *testing.T) {
	log := logged(t)
	var called atomic.Int32
	forever := make(chan bool)
	t.Cleanup(func() { close(forever) })
	shutdown(hooks([]Function{
		{Name: "none"},
		{Name: "fine", Shutdown: func(ctx context.Context) error {
			_, bounded := ctx.Deadline()
			assert.True(t, bounded)
			called.Add(1)
			return nil
		}},
		{Name: "failing", Shutdown: func(context.Context) error { called.Add(1); return errors.New("no flush") }},
		{Name: "panicking", Shutdown: func(context.Context) error { called.Add(1); panic("no pool") }},
		{Name: "endless", Shutdown: func(context.Context) error { called.Add(1); <-forever; return nil }},
	}, noJobs{}), 100*time.Millisecond)
	assert.Equal(t, int32(4), called.Load())
	for _, want := range []string{
		"function=failing error=\"no flush\"", "function=panicking error=\"panic: no pool\"",
		"function=endless",
	} {
		assert.Contains(t, log.String(), want)
	}
	assert.NotContains(t, log.String(), "function=fine")
}

// A parent is a process to which a server reports its port.
type parent struct {
	listener net.Listener
	conn     net.Conn
	line     string
}

func newParent(t *testing.T) *parent {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	return &parent{listener: listener}
}

// child starts a server and waits for its report.
func (p *parent) child(t *testing.T, functions []Function, args ...string) *testServer {
	t.Helper()
	reported := make(chan error, 1)
	go func() {
		var err error
		if p.conn, err = p.listener.Accept(); err == nil {
			p.line, err = bufio.NewReader(p.conn).ReadString('\n')
		}
		reported <- err
	}()
	env := map[string]string{tokenEnv: "word"}
	r := launch(t, env, functions, append([]string{"-report", p.listener.Addr().String()}, args...)...)
	require.NoError(t, <-reported)
	_, port, _ := strings.Cut(strings.TrimSpace(p.line), " ")
	r.address = "127.0.0.1:" + port
	t.Cleanup(func() { p.conn.Close() })
	assert.NotContains(t, env, tokenEnv, "functions do not see the token")
	return r
}

func TestParent(t *testing.T) {
	p := newParent(t)
	r := p.child(t, []Function{{Name: "echo", Handler: echo}})
	_, port, err := net.SplitHostPort(r.address)
	require.NoError(t, err)
	assert.Equal(t, "word "+port+"\n", p.line)
	assert.Eventually(t, func() bool { return r.stderr.String() == "fngen: listening on http://"+r.address+"\n" },
		10*time.Second, time.Millisecond)
	resp, _ := r.get("/echo")
	assert.Equal(t, 200, resp.StatusCode)
	p.conn.Close()
	assert.Equal(t, 1, r.wait(), "the server exits with its parent")
	_, err = net.Dial("tcp", r.address)
	assert.Error(t, err)
}

func TestParentUnreachable(t *testing.T) {
	p := newParent(t)
	p.listener.Close()
	var stderr bytes.Buffer
	s := system{args: []string{"-port", "0", "-report", p.listener.Addr().String()},
		lookupEnv: lookup(map[string]string{tokenEnv: "t"}), unsetEnv: func(string) error { return nil }, stderr: &stderr}
	assert.Equal(t, 1, s.run(context.Background(), nil))
	assert.Contains(t, stderr.String(), "fngen: reporting port to "+p.listener.Addr().String())
}

func TestParentDrains(t *testing.T) {
	p := newParent(t)
	reached, release := make(chan bool, 1), make(chan bool)
	r := p.child(t,
		[]Function{{Name: "wait",
			Handler: func(context.Context, request) (response, error) {
				reached <- true
				<-release
				return ok("done"), nil
			}}})
	conn := r.dial()
	_, err := io.WriteString(conn, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	<-reached
	_, err = io.WriteString(p.conn, "something else\ndrain\ndrain\n")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		probe, err := net.Dial("tcp", r.address)
		if err == nil {
			probe.Close()
		}
		return err != nil
	}, 5*time.Second, time.Millisecond)
	close(release)
	_, body := r.read(bufio.NewReader(conn), "GET")
	assert.Equal(t, "done", body)
	assert.Zero(t, r.wait())
}

// TestParentExitsWhileDraining checks that the server exits even if requests
// are active.
func TestParentExitsWhileDraining(t *testing.T) {
	p := newParent(t)
	reached, release := make(chan bool, 1), make(chan bool)
	t.Cleanup(func() { close(release) })
	r := p.child(t,
		[]Function{{Name: "wait",
			Handler: func(context.Context, request) (response, error) { reached <- true; <-release; return ok(""), nil }}})
	conn := r.dial()
	_, err := io.WriteString(conn, "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	<-reached
	_, err = io.WriteString(p.conn, "drain\n")
	require.NoError(t, err)
	p.conn.Close()
	assert.Equal(t, 1, r.wait())
}

func TestDev(t *testing.T) {
	logged(t)
	r := newParent(t).child(t, []Function{
		{Name: "echo", Handler: echo},
		{Name: "boom",
			Handler: func(context.Context, request) (response, error) { return response{}, errors.New("secret") }},
		{Name: "users", Handler: echo, Routes: []string{"GET /users", "GET /users/{id}", "/any"}},
	}, "-dev")
	_, body := r.send("GET /echo HTTP/1.1\r\nHost: x\r\nFngen-Peer: 203.0.113.9\r\n\r\n")
	e := decodeEvent(t, body)
	assert.Equal(t, "203.0.113.9", e.RequestContext.Identity.SourceIP)
	assert.Equal(t, "dev", e.RequestContext.Stage)
	assert.NotContains(t, e.Headers, "Fngen-Peer")
	resp, body := r.get("/boom")
	assert.Equal(t, 500, resp.StatusCode)
	assert.JSONEq(t, `{"message":"Internal server error","error":"secret"}`, body)

	// Requests from outside get no details.
	_, body = r.send("GET /echo HTTP/1.1\r\nHost: x\r\nFngen-Public: 1\r\n\r\n")
	assert.NotContains(t, decodeEvent(t, body).Headers, "Fngen-Public")
	resp, body = r.send("GET /boom HTTP/1.1\r\nHost: x\r\nFngen-Public: 1\r\n\r\n")
	assert.Equal(t, 500, resp.StatusCode)
	assert.JSONEq(t, `{"message":"Internal server error"}`, body)
	_, body = r.send("GET /x HTTP/1.1\r\nHost: x\r\nFngen-Public: 1\r\n\r\n")
	assert.JSONEq(t, `{"message":"Not Found"}`, body)

	for accept, want := range map[string]string{
		"*/*":        `{"message":"Not Found","functions":["/any","/boom","/echo","GET /users","GET /users/{id}"]}`,
		"text/plain": "No function serves /<b>. The functions are:\n/any\n/boom\n/echo\nGET /users\nGET /users/{id}\n",
		"text/html,application/json": "<!doctype html>\n<title>Not Found</title>\n<h1>Not Found</h1>\n<p>No function serves /&lt;b&gt;. The functions are:</p>\n<ul>\n" +
			"<li><a href=\"/any\">/any</a></li>\n<li><a href=\"/boom\">/boom</a></li>\n<li><a href=\"/echo\">/echo</a></li>\n" +
			"<li><a href=\"/users\">GET /users</a></li>\n<li>GET /users/{id}</li>\n</ul>\n",
	} {
		resp, body := r.send("GET /%3Cb%3E HTTP/1.1\r\nHost: x\r\nAccept: " + accept + "\r\n\r\n")
		assert.Equal(t, 404, resp.StatusCode)
		assert.Equal(t, want, body)
	}
}

// TestDevNotes checks that in development, calls that exceed Lambda's limits
// succeed and are noted.
func TestDevNotes(t *testing.T) {
	large := strings.Repeat("x", 6_291_556)
	functions := []Function{{Name: "large",
		Handler: func(context.Context, request) (response, error) { return ok(large), nil }}}
	post := "POST /large HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: " +
		strconv.Itoa(len(large)) + "\r\n\r\n" + large
	resp, body := newParent(t).child(t, functions, "-dev").send(post)
	assert.Equal(t, 200, resp.StatusCode)
	assert.Len(t, body, len(large))
	assert.Equal(t, "body-too-large,response-too-large", resp.Header.Get("Fngen-Note"))

	logged(t)
	resp, _ = newParent(t).child(t, functions, "-dev", "-aws-limits").send(post)
	assert.Equal(t, 413, resp.StatusCode)
	assert.Empty(t, resp.Header.Get("Fngen-Note"))
	resp, _ = start(t, functions, "-aws-limits").get("/large")
	assert.Equal(t, 502, resp.StatusCode)
	resp, body = start(t, functions).get("/large")
	assert.Equal(t, 200, resp.StatusCode)
	assert.Empty(t, resp.Header.Get("Fngen-Note"))
	assert.Len(t, body, len(large))
}

type typedError struct{}

func (typedError) Error() string { return "typed <&>" }

func TestInvoke(t *testing.T) {
	logged(t)
	r := newParent(t).child(t, []Function{
		{Name: "divide", Handler: func(_ context.Context, e request) (response, error) {
			return response{StatusCode: 201, Body: e.QueryStringParameters["dividend"] + "<" + e.Body,
				MultiValueHeaders: map[string][]string{"Set-Cookie": {"a", "b"}}}, nil
		}},
		{Name: "url", Handler: func(ctx context.Context, _ request) (response, error) {
			lc, _ := lambdacontext.FromContext(ctx)
			return ok(lc.ClientContext.Custom["rawPath"] + "?" + lc.ClientContext.Custom["rawQueryString"]), nil
		}},
		{Name: "malformed",
			Handler: func(context.Context, request) (response, error) { return response{StatusCode: 99}, nil }},
		{Name: "error",
			Handler: func(context.Context, request) (response, error) { return response{}, errors.New("boom") }},
		{Name: "typed", Handler: func(context.Context, request) (response, error) { return response{}, typedError{} }},
		{Name: "panic", Handler: func(context.Context, request) (response, error) { panic("boom") }},
		{Name: "slow",
			Handler: func(ctx context.Context, _ request) (response, error) { <-ctx.Done(); return ok("late"), nil }},
	}, "-dev", "-timeout", "100ms")
	for name, test := range map[string]struct {
		function, event string
		status          int
		failed          bool
		want            string
	}{
		"success": {"divide",
			`{"httpMethod":"GET","path":"/x","queryStringParameters":{"dividend":"20"},"body":"x","unknown":1}`, 200, false,
			`{"statusCode":201,"headers":{"Content-Type":"application/json"},` +
				`"multiValueHeaders":{"Set-Cookie":["a","b"]},"body":"20<x"}`},
		"2.0": {"divide",
			`{"version":"2.0","rawPath":"/divide","rawQueryString":"dividend=20","requestContext":{"http":{"method":"GET"}}}`, 200, false, `{"statusCode":201,"headers":{"Content-Type":"application/json"},"cookies":["a","b"],"body":"20<","isBase64Encoded":false}`},
		"URL as sent": {"url",
			`{"version":"2.0","rawPath":"/url/","rawQueryString":"b=1&a=%c3%ab","requestContext":{"http":{"method":"GET"}}}`,
			200, false, `{"statusCode":200,"headers":{"Content-Type":"application/json"},"body":"/url/?b=1&a=%c3%ab","isBase64Encoded":false}`},
		"malformed": {"malformed", `{"httpMethod":"GET","path":"/x"}`, 200, false,
			`{"statusCode":502,"headers":{"Content-Type":"application/json"},`},
		"error": {"error", `{"httpMethod":"GET","path":"/x"}`, 200, true, `{"errorMessage":"boom","errorType":"errorString"}`},
		"typed": {"typed", `{"httpMethod":"GET","path":"/x"}`, 200, true,
			`{"errorMessage":"typed <&>","errorType":"typedError"}`},
		"panic": {"panic", `{"httpMethod":"GET","path":"/x"}`, 200, true,
			`{"errorMessage":"boom","errorType":"string","stackTrace":[`},
		"slow": {"slow", `{"httpMethod":"GET","path":"/x"}`, 200, true,
			`{"errorMessage":"Task timed out after 0.10 seconds","errorType":"Sandbox.Timedout"}`},
		"not HTTP": {"divide", `{"Records":[{"eventSource":"aws:sqs"}]}`, 200, true, `{"errorMessage":"fngen: `},
		"unknown":  {"nothing", `{}`, 404, false, `{"Message":"Function not found: nothing","Type":"User"}`},
		"not JSON": {"divide", `{`, 400, false, `{"Type":"User","message":"event is not JSON"}`},
		"empty":    {"divide", ``, 400, false, `{"Type":"User","message":"event is not JSON"}`},
	} {
		t.Run(name, func(t *testing.T) {
			resp, body := r.send("POST /2015-03-31/functions/" + test.function +
				"/invocations HTTP/1.1\r\nHost: x\r\nContent-Length: " + strconv.Itoa(len(test.event)) + "\r\n\r\n" +
				test.event)
			assert.Equal(t, test.status, resp.StatusCode)
			assert.True(t, strings.HasPrefix(body, test.want), body)
			assert.Equal(t, test.failed, resp.Header.Get("X-Amz-Function-Error") == "Unhandled")
		})
	}
	for _, raw := range []string{"GET /2015-03-31/functions/divide/invocations", "POST /2015-03-31/functions/divide"} {
		resp, _ := r.send(raw + " HTTP/1.1\r\nHost: x\r\n\r\n")
		assert.Equal(t, 404, resp.StatusCode, raw)
	}
}

// FuzzRequest sends arbitrary bytes to a server, which must respond or close
// the connection without a panic. The events that reach the function are
// consistent.
func FuzzRequest(f *testing.F) {
	f.Add([]byte("GET /echo?a=1&a=2 HTTP/1.1\r\nHost: x\r\n\r\n"))
	f.Add([]byte("POST /echo/a%2Fb HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\nContent-Length: 3\r\n\r\n\xff\xfe\xfd"))
	f.Add([]byte("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\nGET /nothing HTTP/1.0\r\n\r\n"))
	f.Add([]byte("GET http://h:1/%65cho/?=&;%zz HTTP/1.1\r\nHost: [::1]:80\r\nX-Forwarded-For: a,,1.2.3.4:5\r\nX-Forwarded-Host: ,\r\n\r\n"))
	o, err := parse([]string{"-trusted-proxy", "127.0.0.1", "-body-limit", "1KB"}, lookup(nil), io.Discard, nil)
	require.NoError(f, err)
	problems := make(chan string, 100)
	s := newServer(o, []Function{{Name: "echo", Handler: func(_ context.Context, e request) (response, error) {
		if problem := inconsistent(e); problem != "" {
			problems <- problem
		}
		return ok(""), nil
	}}})
	handler := s.http.Handler
	s.http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if value := recover(); value != nil {
				problems <- fmt.Sprint("panic: ", value)
			}
		}()
		handler.ServeHTTP(w, r)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(f, err)
	go func() { _ = s.http.Serve(listener) }()
	f.Cleanup(func() { s.http.Close() })
	f.Fuzz(func(t *testing.T, raw []byte) {
		conn, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(10*time.Second)))
		if _, err := conn.Write(raw); err == nil {
			_ = conn.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, conn)
		}
		select {
		case problem := <-problems:
			t.Fatal(problem)
		default:
		}
	})
}

// inconsistent describes what is wrong with an event. It returns an empty
// string if nothing is.
func inconsistent(e request) string {
	for name, values := range e.MultiValueQueryStringParameters {
		if e.QueryStringParameters[name] != values[len(values)-1] {
			return "query " + name
		}
	}
	for name, values := range e.MultiValueHeaders {
		if e.Headers[name] != values[len(values)-1] {
			return "header " + name
		}
	}
	if len(e.QueryStringParameters) != len(e.MultiValueQueryStringParameters) ||
		len(e.Headers) < len(e.MultiValueHeaders) {
		return "names"
	}
	if !strings.HasPrefix(e.Path, "/") || !strings.HasPrefix(e.Resource, "/echo") {
		return "path " + e.Path + " " + e.Resource
	}
	if _, err := base64.StdEncoding.DecodeString(e.Body); e.IsBase64Encoded && err != nil {
		return err.Error()
	}
	return ""
}
