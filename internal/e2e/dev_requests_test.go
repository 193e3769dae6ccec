//go:build linux

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/runtime/gateway"
)

// echoing is a function that responds with its event.
const echoing = `package echo

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-lambda-go/events"
)

func Handler(_ context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	body, err := json.Marshal(event)
	return events.APIGatewayProxyResponse{
		StatusCode:        200,
		MultiValueHeaders: map[string][]string{"Set-Cookie": {"a=1", "b=2"}},
		Body:              string(body),
	}, err
}
`

// A vector is a request from testdata/vectors/http-*.jsonl.
type vector struct {
	Name    string
	Request struct {
		Method, Target string
		Headers        map[string]string
		Body           []byte `json:"body_base64"`
	}
}

func vectors(t *testing.T) []vector {
	t.Helper()
	var all []vector
	for _, name := range []string{"http-apigw-v1.jsonl", "http-redwood.jsonl"} {
		file, err := os.Open(filepath.Join("..", "..", "testdata", "vectors", name))
		require.NoError(t, err)
		defer file.Close()
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var v vector
			require.NoError(t, json.Unmarshal(lines.Bytes(), &v))
			all = append(all, v)
		}
	}
	require.Len(t, all, 54)
	return all
}

// raw returns the request in wire format.
func (v vector) raw(host string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", v.Request.Method, v.Request.Target, host)
	for name, value := range v.Request.Headers {
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
	}
	if len(v.Request.Body) > 0 {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(v.Request.Body))
	}
	return b.String() + "\r\n" + string(v.Request.Body)
}

// send sends a request in wire format and returns the response.
func send(t *testing.T, url, raw, method string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = io.WriteString(conn, raw)
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	require.NoError(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(body)
}

// TestDevRequests checks that requests reach functions unchanged through fngen
// dev, and that Lambda's limits, webhooks and the web port behave as
// documented.
func TestDevRequests(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "the web side's %s at %s", r.URL, r.Host)
	}))
	defer web.Close()
	d := startDev(t, map[string]string{
		functions + "/echo/echo.go": echoing,
		functions + "/large/large.go": strings.NewReplacer("package count", "package large", `"context"`,
			"\"context\"\n\t\"strings\"", `"0"`, `strings.Repeat("x", 10<<20)`,
			"StatusCode", "IsBase64Encoded: false, StatusCode").Replace(numbered(0)),
		functions + "/boom/boom.go": strings.NewReplacer("package count", "package boom", "return events",
			"panic(\"boom\")\n\treturn events").Replace(numbered(0)),
		".env":       "STRIPE_WEBHOOK_SECRET=whsec_canary\n",
		"fngen.toml": "[web]\ntarget = \"" + web.URL + "\"\n",
	}, "--public-url", "https://public.example.com/api")

	checkVectors(t, d)
	checkLimits(t, d)

	// A panic results in a 500 that includes the error.
	status, body := get(t, d.url+"/boom")
	assert.Equal(t, http.StatusInternalServerError, status)
	assert.Contains(t, body, `"error":"panic: boom"`)

	// Requests for other paths go to the web server.
	_, body = get(t, d.web+"/page?q=1")
	assert.Equal(t, "the web side's /page?q=1 at "+strings.TrimPrefix(d.web, "http://"), body)
	status, _ = get(t, d.web+"/.redwood/functions/divide")
	assert.Equal(t, http.StatusOK, status)

	checkDeliveries(t, d)
	checkPages(t, d)
	git(t, d.dir, "checkout", "-q", ".")
	git(t, d.dir, "clean", "-qfd")
	d.interrupt(t)
}

// checkVectors sends the requests in testdata/vectors to the function echo.
func checkVectors(t *testing.T, d *dev) {
	host := strings.TrimPrefix(d.url, "http://")
	for _, v := range vectors(t) {
		raw := v.raw(host)
		response, body := send(t, d.url, raw, v.Request.Method)
		request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(raw)))
		require.NoError(t, err)
		want, err := gateway.EventFromRequest(request)
		require.NoError(t, err)
		if want.Resource != "/echo" {
			assert.Contains(t, []int{404, 500}, response.StatusCode, v.Name)
			continue
		}
		assert.Equal(t, 200, response.StatusCode, v.Name)
		assert.Equal(t, []string{"a=1", "b=2"}, response.Header.Values("Set-Cookie"), v.Name)
		if v.Request.Method == http.MethodHead {
			assert.Empty(t, body)
			continue
		}
		var got events.APIGatewayProxyRequest
		require.NoError(t, json.Unmarshal([]byte(body), &got), "%s: %s", v.Name, body)
		assert.Equal(t, "127.0.0.1", got.RequestContext.Identity.SourceIP)
		assert.Equal(t, "public.example.com", got.RequestContext.DomainName)
		assert.Equal(t, "/api/echo", strings.TrimSuffix(got.RequestContext.Path, "/"))
		got.RequestContext, want.RequestContext = events.APIGatewayProxyRequestContext{},
			events.APIGatewayProxyRequestContext{}
		wantJSON, err := json.Marshal(want)
		require.NoError(t, err)
		gotJSON, err := json.Marshal(got)
		require.NoError(t, err)
		assert.JSONEq(t, string(wantJSON), string(gotJSON), v.Name)
	}
}

// checkLimits sends bodies that are larger than Lambda's limit.
func checkLimits(t *testing.T, d *dev) {
	// A body of 10 MB, which Lambda would reject, is served and noted once.
	for range 2 {
		response, err := http.Post(d.url+"/large", "application/octet-stream", bytes.NewReader(make([]byte, 10<<20)))
		require.NoError(t, err)
		n, err := io.Copy(io.Discard, response.Body)
		require.NoError(t, err)
		response.Body.Close()
		assert.Equal(t, int64(10<<20), n)
	}
	assert.Equal(t, 1, strings.Count(d.err.all(), "a request is larger than AWS Lambda's limit of 6 MB"))
	assert.Equal(t, 1, strings.Count(d.err.all(), "a response is larger than AWS Lambda's limit of 6 MB"))
	response, err := http.Post(d.url+"/large", "application/octet-stream", bytes.NewReader(make([]byte, 10<<20+1)))
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusRequestEntityTooLarge, response.StatusCode)
}

// checkDeliveries checks that fngen invoke finds fngen dev, signs requests, and
// replays deliveries.
func checkDeliveries(t *testing.T, d *dev) {
	p := command(d.dir, "function", "billing", "--webhook=stripe", "--no-tests")
	require.Zero(t, p.run(t), p.stderr.String())
	assert.Contains(t, p.stderr.String(), "fngen: note: git does not ignore .env\n")
	port := d.url[strings.LastIndexByte(d.url, ':')+1:]
	invoke := func(args ...string) string {
		t.Helper()
		p, _ := goProcess(d.dir, append(append([]string{"invoke"}, args...), "--port", port)...)
		p.Stdout, p.Stderr = &p.stdout, &p.stderr
		require.Zero(t, p.run(t), "fngen invoke %v: %s", args, p.stderr.String())
		return p.stdout.String()
	}
	assert.Equal(t, `{"data":"billing function"}`,
		invoke("billing", "--sample", "invoice.paid", "--set", "data.object.amount_paid=4200"))
	assert.Equal(t, `{"data":"billing function"}`, invoke("--replay", "1"))
	var deliveries []struct {
		N, Status int
		Function  string
		Body      []byte
	}
	require.NoError(t, json.Unmarshal([]byte(invoke("--deliveries", "--json")), &deliveries))
	require.Len(t, deliveries, 2)
	for i, delivered := range deliveries {
		assert.Equal(t, i+1, delivered.N)
		assert.Equal(t, "billing", delivered.Function)
		assert.Equal(t, http.StatusOK, delivered.Status)
		assert.Contains(t, string(delivered.Body), `"amount_paid":4200`)
	}
	assert.NotContains(t, d.out.all()+d.err.all(), "whsec_canary")
}

// checkPages checks that web pages cannot use the API for fngen's commands, send
// events, or call functions through DNS rebinding.
func checkPages(t *testing.T, d *dev) {
	for _, test := range []struct{ header, value, method, path string }{
		{"Origin", "http://evil.example", http.MethodGet, "/.fngen/deliveries"},
		{"Host", "evil.example", http.MethodGet, "/.fngen/deliveries"},
		{"Origin", "http://evil.example", http.MethodPost, "/2015-03-31/functions/billing/invocations"},
		{"Host", "evil.example", http.MethodPost, "/2015-03-31/functions/billing/invocations"},
		{"Host", "evil.example", http.MethodGet, "/billing"},
	} {
		request, err := http.NewRequest(test.method, d.url+test.path, strings.NewReader("{}"))
		require.NoError(t, err)
		request.Header.Set(test.header, test.value)
		if test.header == "Host" {
			request.Host = test.value
		}
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		response.Body.Close()
		assert.Equal(t, http.StatusForbidden, response.StatusCode, test)
	}
}

// TestInvokeWithoutDev checks that fngen invoke runs the function itself if
// fngen dev is not running, and leaves no files.
func TestInvokeWithoutDev(t *testing.T) {
	dir := newModule(t)
	do(t, dir, "function", "divide", "--no-tests")
	writeFile(t, dir, functions+"/broken/broken.go", "package broken\n\nfunc Handler() {}\n")
	before := treeOf(t, dir)
	l, err := net.Listen("tcp", "127.0.0.1:0") // finds a port on which nothing listens
	require.NoError(t, err)
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	require.NoError(t, l.Close())
	p, _ := goProcess(dir, "invoke", "divide", "--port", port)
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	require.Zero(t, p.run(t), p.stderr.String())
	assert.Equal(t, `{"data":"divide function"}`, p.stdout.String(), "other functions need not compile")
	assert.Equal(t, before, treeOf(t, dir))

	p, _ = goProcess(dir, "invoke", "broken", "--port", port)
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	assert.Equal(t, 1, p.run(t))
	assert.Contains(t, p.stderr.String(),
		"api/src/functions/broken/broken.go:3: Handler has type func(), want func(context.Context, ")
	assert.Contains(t, p.stderr.String(), "\nfngen: build failed\n")
}
