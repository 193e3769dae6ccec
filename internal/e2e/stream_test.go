//go:build linux

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/lambdaruntime"
)

// clock sends an event, waits for the file release in a directory, and then
// sends another or fails, as the query says. It leaves the files canceled and
// ended in the directory.
const clock = `package clock

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/app/api/src/lib/fn"
)

var Handler = fn.ChainStream(handle)

func handle(ctx context.Context, e events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error) {
	fail := func(when string) error {
		switch e.QueryStringParameters["mode"] {
		case when + "-panic":
			panic(when)
		case when + "-error":
			return errors.New(when)
		}
		return nil
	}
	if err := fail("handler"); err != nil {
		return nil, err
	}
	dir := e.QueryStringParameters["dir"]
	response, err := fn.Stream("text/event-stream", func(w io.Writer) error {
		defer os.WriteFile(filepath.Join(dir, "ended"), nil, 0o666)
		if err := fail("first"); err != nil {
			return err
		}
		if err := fn.SendEvent(w, "one"); err != nil {
			return err
		}
		for {
			if _, err := os.Stat(filepath.Join(dir, "release")); err == nil {
				break
			}
			select {
			case <-ctx.Done():
				os.WriteFile(filepath.Join(dir, "canceled"), nil, 0o666)
				return ctx.Err()
			case <-time.After(5 * time.Millisecond):
			}
		}
		if err := fail("second"); err != nil {
			return err
		}
		return fn.SendEvent(w, "two")
	})
	if e.QueryStringParameters["mode"] == "malformed" {
		response.StatusCode = 99
	}
	response.Cookies = []string{"a=1", "b=2"}
	return response, err
}
`

const first, second = "data: \"one\"\n\n", "data: \"two\"\n\n"

// newClock creates a project with the function clock.
func newClock(t *testing.T) string {
	t.Helper()
	dir := newModule(t)
	do(t, dir, "function", "clock", "--stream", "--no-tests")
	writeFile(t, dir, functions+"/clock/clock.go", clock)
	return dir
}

// open calls clock and returns its response.
func open(t *testing.T, base, dir, mode string) *http.Response {
	t.Helper()
	query := url.Values{"dir": {dir}, "mode": {mode}}
	response, err := http.Get(base + "/clock?" + query.Encode())
	require.NoError(t, err)
	t.Cleanup(func() { response.Body.Close() })
	return response
}

// next reads an event.
func next(t *testing.T, body io.Reader, want string) {
	t.Helper()
	event := make([]byte, len(want))
	_, err := io.ReadFull(body, event)
	require.NoError(t, err)
	assert.Equal(t, want, string(event))
}

// left waits for a file that clock leaves.
func left(t *testing.T, dir, name string) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	}, 10*time.Second, time.Millisecond, "want the file %s", name)
}

// checkStream checks a server of the function clock.
func checkStream(t *testing.T, base string) {
	t.Helper()
	t.Run("events arrive before the handler ends", func(t *testing.T) {
		dir := t.TempDir()
		response := open(t, base, dir, "")
		assert.Equal(t, http.StatusOK, response.StatusCode)
		assert.Equal(t, "text/event-stream", response.Header.Get("Content-Type"))
		assert.Equal(t, []string{"a=1", "b=2"}, response.Header["Set-Cookie"])
		next(t, response.Body, first)
		assert.NoFileExists(t, filepath.Join(dir, "ended"))
		writeFile(t, dir, "release", "")
		rest, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		assert.Equal(t, second, string(rest))
		left(t, dir, "ended")
	})
	for _, mode := range []string{"handler-error", "handler-panic", "first-error", "first-panic", "malformed"} {
		t.Run(mode, func(t *testing.T) {
			response := open(t, base, t.TempDir(), mode)
			want := http.StatusInternalServerError
			if mode == "malformed" {
				want = http.StatusBadGateway
			}
			assert.Equal(t, want, response.StatusCode)
			assert.Equal(t, "application/json", response.Header.Get("Content-Type"))
			body, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			assert.Contains(t, string(body), `"message"`)
			assert.Empty(t, response.Header["Set-Cookie"])
		})
	}
	for _, mode := range []string{"second-error", "second-panic"} {
		t.Run(mode, func(t *testing.T) {
			dir := t.TempDir()
			response := open(t, base, dir, mode)
			next(t, response.Body, first)
			writeFile(t, dir, "release", "")
			rest, err := io.ReadAll(response.Body)
			assert.ErrorIs(t, err, io.ErrUnexpectedEOF, "the client must be able to tell")
			assert.Empty(t, rest)
		})
	}
	t.Run("the client disconnects", func(t *testing.T) {
		dir := t.TempDir()
		response := open(t, base, dir, "")
		next(t, response.Body, first)
		response.Body.Close()
		left(t, dir, "canceled")
		left(t, dir, "ended")
	})
}

// TestStreamDev checks streams through the reverse proxy of fngen dev, and that
// they outlive a reload.
func TestStreamDev(t *testing.T) {
	d := startDevIn(t, newClock(t))
	checkStream(t, d.url)
	checkStream(t, d.web+"/.redwood/functions")

	dir := t.TempDir()
	response := open(t, d.url, dir, "")
	next(t, response.Body, first)
	d.save(t, functions+"/clock/clock.go", strings.Replace(clock, `"one"`, `"uno"`, 1))
	newer := open(t, d.url, t.TempDir(), "")
	next(t, newer.Body, strings.Replace(first, "one", "uno", 1))
	newer.Body.Close()
	writeFile(t, dir, "release", "")
	next(t, response.Body, second)

	t.Run("fngen invoke", func(t *testing.T) {
		dir := t.TempDir()
		_, port, _ := strings.Cut(strings.TrimPrefix(d.url, "http://"), ":")
		p, _ := goProcess(d.dir, "invoke", "clock", "--port", port, "--query", "dir="+dir)
		reader, writer := io.Pipe()
		p.Stdout, p.Stderr = writer, &p.stderr
		require.NoError(t, p.Start())
		ended := make(chan int, 1)
		go func() { ended <- p.wait(); writer.Close() }()
		next(t, reader, strings.Replace(first, "one", "uno", 1))
		assert.NoFileExists(t, filepath.Join(dir, "ended"))
		writeFile(t, dir, "release", "")
		rest, err := io.ReadAll(reader)
		require.NoError(t, err)
		assert.Equal(t, second, string(rest))
		assert.Zero(t, <-ended, p.stderr.String())
	})

	// A stream does not keep fngen dev from exiting.
	next(t, open(t, d.url, t.TempDir(), "").Body, strings.Replace(first, "one", "uno", 1))
	begin := time.Now()
	require.NoError(t, d.Process.Signal(os.Interrupt))
	assert.Zero(t, <-d.ended)
	assert.Less(t, time.Since(begin), 10*time.Second)
}

// TestStreamServe checks that a stream gets the drain time of fngen serve, and is
// ended after it.
func TestStreamServe(t *testing.T) {
	project := newClock(t)
	binary := filepath.Join(t.TempDir(), "server")
	p, _ := goProcess(project, "serve", "--build-only", "-o", binary)
	p.Stdout, p.Stderr = &p.stdout, &p.stderr
	require.Zero(t, p.run(t), p.stderr.String())

	start := func(args ...string) (server *process, base string, ended chan int) {
		server, screen := goProcess(project)
		server.Path, server.Args = binary, append([]string{binary, "-port", "0"}, args...)
		require.NoError(t, server.Start())
		ended = make(chan int, 1)
		go func() { ended <- server.wait() }()
		t.Cleanup(func() { _ = server.Process.Kill() })
		screen.wait(t, "listening on http")
		return server, listening.FindStringSubmatch(screen.all())[1], ended
	}

	server, base, ended := start()
	checkStream(t, base)
	dir := t.TempDir()
	response := open(t, base, dir, "")
	next(t, response.Body, first)
	require.NoError(t, server.Process.Signal(syscall.SIGTERM))
	time.Sleep(time.Second) // the grace period for new requests is over
	writeFile(t, dir, "release", "")
	rest, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	assert.Equal(t, second, string(rest))
	assert.Zero(t, <-ended)

	server, base, ended = start("-drain", "500ms")
	dir = t.TempDir()
	response = open(t, base, dir, "")
	next(t, response.Body, first)
	require.NoError(t, server.Process.Signal(syscall.SIGTERM))
	_, err = io.ReadAll(response.Body)
	assert.Error(t, err)
	assert.Zero(t, <-ended)

	// The time limit of a call and the limits of net/http are for the first
	// byte. Only the time limit for streams ends a stream.
	_, base, _ = start("-timeout", "100ms", "-read-timeout", "100ms", "-aws-limits", "-stream-timeout", "1500ms")
	dir = t.TempDir()
	begin := time.Now()
	response = open(t, base, dir, "")
	next(t, response.Body, first)
	_, err = io.ReadAll(response.Body)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.Greater(t, time.Since(begin), 1400*time.Millisecond)
	left(t, dir, "canceled")
}

// TestStreamLambda checks the program that is built for Lambda against the
// Runtime API.
func TestStreamLambda(t *testing.T) {
	needLinux(t)
	t.Parallel()
	project := newClock(t)
	code, out := fngenBuild(t, project)
	require.Equal(t, 1, code)
	assert.Contains(t, out, "clock.go:16: the function clock streams its response, which an HTTP API cannot")
	assert.Contains(t, out, "hint: write url = true under [functions.clock] in fngen.toml")
	writeFile(t, project, "fngen.toml", "[functions.clock]\nurl = true\n")
	code, out = fngenBuild(t, project)
	require.Zero(t, code, out)
	template, err := os.ReadFile(filepath.Join(project, "dist", "template.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(template), "InvokeMode: RESPONSE_STREAM")

	log := &screen{}
	r, err := lambdaruntime.Start(lambdaruntime.Function{
		Command: []string{unzip(t, filepath.Join(project, "dist", "clock.zip"))}, Log: log,
	})
	require.NoError(t, err)
	defer r.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	event := func(kind, dir, mode string) []byte {
		query := map[string]string{"dir": dir, "mode": mode}
		context := map[string]any{
			"domainName": "id.lambda-url.eu-west-1.on.aws", "http": map[string]string{"method": "GET", "path": "/clock"},
		}
		all := map[string]any{
			"httpMethod": "GET", "path": "/clock", "queryStringParameters": query, "requestContext": map[string]string{},
		}
		switch kind {
		case "HTTP API":
			context["domainName"] = "id.execute-api.eu-west-1.amazonaws.com"
			fallthrough
		case "function URL":
			all = map[string]any{
				"version": "2.0", "rawPath": "/clock", "queryStringParameters": query, "requestContext": context,
				"rawQueryString": url.Values{"dir": {dir}, "mode": {mode}}.Encode(),
			}
		}
		data, err := json.Marshal(all)
		require.NoError(t, err)
		return data
	}

	for kind, head := range map[string]string{
		"REST API": `{"statusCode":200,"headers":{"Content-Type":"text/event-stream"},` +
			`"multiValueHeaders":{"Set-Cookie":["a=1","b=2"]}}`,
		"function URL": `{"statusCode":200,"headers":{"Content-Type":"text/event-stream"},"cookies":["a=1","b=2"]}`,
	} {
		dir := t.TempDir()
		stream, err := r.InvokeStream(ctx, event(kind, dir, ""))
		require.NoError(t, err, log.all())
		assert.Equal(t, "application/vnd.awslambda.http-integration-response", stream.ContentType)
		body := bufio.NewReader(stream.Body)
		got, err := body.ReadString(0)
		require.NoError(t, err)
		assert.Equal(t, head+"\x00", got)
		next(t, body, "\x00\x00\x00\x00\x00\x00\x00"+first)
		assert.NoFileExists(t, filepath.Join(dir, "ended"))
		writeFile(t, dir, "release", "")
		rest, err := io.ReadAll(body)
		require.NoError(t, err)
		assert.Equal(t, second, string(rest))
	}

	for _, mode := range []string{"handler-error", "handler-panic", "first-error", "first-panic"} {
		_, err := r.InvokeStream(ctx, event("REST API", t.TempDir(), mode))
		var failed *lambdaruntime.FunctionError
		require.ErrorAs(t, err, &failed, mode)
		when, _, _ := strings.Cut(mode, "-")
		assert.Contains(t, failed.Message, when)
	}
	stream, err := r.InvokeStream(ctx, event("REST API", t.TempDir(), "malformed"))
	require.NoError(t, err)
	body, err := io.ReadAll(stream.Body)
	require.NoError(t, err)
	assert.Contains(t, string(body), `{"statusCode":502,`)

	for _, mode := range []string{"second-error", "second-panic"} {
		dir := t.TempDir()
		writeFile(t, dir, "release", "")
		stream, err := r.InvokeStream(ctx, event("REST API", dir, mode))
		require.NoError(t, err)
		body, err := io.ReadAll(stream.Body)
		var failed *lambdaruntime.FunctionError
		require.ErrorAs(t, err, &failed, mode)
		assert.Contains(t, failed.Message, "second")
		assert.True(t, strings.HasSuffix(string(body), first))
	}

	// An HTTP API gets the whole response.
	dir := t.TempDir()
	writeFile(t, dir, "release", "")
	whole, err := r.Invoke(ctx, event("HTTP API", dir, ""))
	require.NoError(t, err)
	var response struct {
		StatusCode int
		Body       string
		Cookies    []string
	}
	require.NoError(t, json.Unmarshal(whole, &response))
	assert.Equal(t, first+second, response.Body)
	assert.Equal(t, 200, response.StatusCode)
	assert.Equal(t, []string{"a=1", "b=2"}, response.Cookies)
	assert.Contains(t, log.all(), "stream failed")
}
