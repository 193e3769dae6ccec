package lambdaentry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/lambdaruntime"
	"github.com/fngen/fngen/templates/runtime/lambdaentry"
	"github.com/fngen/fngen/templates/runtime/lambdastart"
)

// TestMain lets the test binary serve as a bootstrap, so that -race covers it.
func TestMain(m *testing.M) {
	switch os.Getenv("LAMBDAENTRY_TEST") {
	case "concurrent":
		lambdaentry.Start(lambdaentry.Function{Name: "orders", Handler: rendezvous(8)})
	case "routes":
		lambdaentry.Start(lambdaentry.Function{
			Name: "orders", Handler: showRoute, Routes: []string{"GET /orders/{id}", "/orders/{id}/files/{path...}"},
		})
	case "stream":
		lambdaentry.StartStream(lambdaentry.StreamFunction{Name: "orders", Handler: count, Routes: []string{"GET /orders"}},
			hook("first", nil))
	case "shutdown":
		lambdaentry.Start(lambdaentry.Function{Name: "orders", Handler: echo}, hook("first", nil), hook("second", nil))
	case "failing":
		lambdaentry.Start(lambdaentry.Function{Name: "orders", Handler: echo},
			hook("first", errors.New("flush failed")), hook("second", nil))
	case "stuck":
		lambdaentry.Start(lambdaentry.Function{Name: "orders", Handler: echo},
			func(context.Context) error { select {} }, hook("second", nil))
	}
	os.Exit(m.Run())
}

func echo(_ context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	return events.APIGatewayProxyResponse{StatusCode: 200, Body: event.Body}, nil
}

// showRoute responds with what the handler knows about the route.
func showRoute(_ context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	return events.APIGatewayProxyResponse{
		StatusCode: 200, Body: fmt.Sprint(event.Resource, " ", event.RequestContext.ResourcePath, " ", event.PathParameters),
	}, nil
}

// rendezvous returns a handler that blocks until n invocations run
// concurrently, and responds with the request id.
func rendezvous(n int) func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	var mu sync.Mutex
	waiting, complete := 0, make(chan struct{})
	return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		mu.Lock()
		if waiting++; waiting == n {
			close(complete)
		}
		mu.Unlock()
		select {
		case <-complete:
		case <-ctx.Done():
			return events.APIGatewayProxyResponse{}, ctx.Err()
		}
		if event.Path == "/panic" {
			panic("one of several")
		}
		lc, _ := lambdacontext.FromContext(ctx)
		return events.APIGatewayProxyResponse{
			StatusCode: 200,
			Headers:    map[string]string{"X-Id": lc.AwsRequestID},
			Body:       event.Body,
		}, nil
	}
}

// hook returns a shutdown function that reports whether its context has a
// deadline within the grace period, and returns err.
func hook(name string, err error) func(context.Context) error {
	return func(ctx context.Context) error {
		deadline, ok := ctx.Deadline()
		fmt.Fprintln(os.Stderr, "closing", name, ok && time.Until(deadline) <= lambdastart.Grace)
		return err
	}
}

// build builds one of the programs in testdata with the flags of fngen build.
func build(tb testing.TB, name string) string {
	tb.Helper()
	out := filepath.Join(tb.TempDir(), "bootstrap")
	if runtime.GOOS == "windows" {
		out += ".exe"
	}
	cmd := exec.Command("go", "build", "-tags", "lambda.norpc", "-trimpath", "-buildvcs=false", "-ldflags=-s -w",
		"-o", out, "./testdata/"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	output, err := cmd.CombinedOutput()
	require.NoError(tb, err, "%s", output)
	return out
}

// A log collects the output of a bootstrap. It is safe for concurrent use.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// waitFor waits until the log contains text, which may be written after the
// response.
func (l *log) waitFor(t *testing.T, text string) {
	t.Helper()
	found := func() bool { return strings.Contains(l.String(), text) }
	assert.Eventually(t, found, 10*time.Second, time.Millisecond, "log does not contain %s", text)
}

func start(tb testing.TB, f lambdaruntime.Function) (*lambdaruntime.Runtime, *log) {
	tb.Helper()
	output := &log{}
	f.Log = output
	r, err := lambdaruntime.Start(f)
	require.NoError(tb, err)
	tb.Cleanup(func() { assert.NoError(tb, r.Close()) })
	_, err = r.Ready(testContext(tb))
	require.NoError(tb, err, "%s", output)
	return r, output
}

func testContext(tb testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	tb.Cleanup(cancel)
	return ctx
}

const httpEvent = `{"version":"2.0","routeKey":"$default","rawPath":"%s","rawQueryString":"","headers":{"content-type":"text/plain"},` +
	`"requestContext":{"stage":"$default","http":{"method":"POST","path":"%[1]s","sourceIp":"203.0.113.9"}},"body":%s,"isBase64Encoded":%t}`

func TestStart(t *testing.T) {
	const timeout = 200 * time.Millisecond // only /deadline waits for it
	r, output := start(t, lambdaruntime.Function{Command: []string{build(t, "entry")}, Timeout: timeout})
	ctx := testContext(t)
	post := func(t *testing.T, path string) (string, error) {
		t.Helper()
		out, err := r.Invoke(ctx, fmt.Appendf(nil, httpEvent, path, `"Hello"`, false))
		return string(out), err
	}

	for name, test := range map[string]struct{ event, want string }{
		"1.0": {
			`{"version":"1.0","httpMethod":"PUT","path":"/x","headers":{},"body":"Hello"}`,
			`{"statusCode":200,"headers":{"Content-Type":"application/json","X-Method":"PUT"},"multiValueHeaders":{"Set-Cookie":["a=1","b=2"]},"body":"Hello"}`,
		},
		"2.0": {
			fmt.Sprintf(httpEvent, "/x", `"AAE="`, true),
			`{"statusCode":200,"headers":{"Content-Type":"application/json","X-Method":"POST"},"cookies":["a=1","b=2"],"body":"AAE=","isBase64Encoded":true}`,
		},
		"ALB": {
			`{"httpMethod":"GET","path":"/x","headers":{"host":"h"},"requestContext":{"elb":{}},"body":""}`,
			`{"statusCode":200,"statusDescription":"200 OK","headers":{"Content-Type":"application/json","X-Method":"GET","Set-Cookie":"a=1","set-Cookie":"b=2"},"body":"","isBase64Encoded":false}`,
		},
		"ALB, multi-value": {
			`{"httpMethod":"GET","path":"/x","multiValueHeaders":{"host":["h"]},"requestContext":{"elb":{}},"body":""}`,
			`{"statusCode":200,"statusDescription":"200 OK","multiValueHeaders":{"Content-Type":["application/json"],"X-Method":["GET"],"Set-Cookie":["a=1","b=2"]},"body":"","isBase64Encoded":false}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			out, err := r.Invoke(ctx, []byte(test.event))
			require.NoError(t, err)
			var got struct{ Headers, MultiValueHeaders map[string]any }
			require.NoError(t, json.Unmarshal(out, &got))
			id := got.Headers["X-Request-Id"]
			if id == nil {
				id = got.MultiValueHeaders["X-Request-Id"].([]any)[0]
			}
			assert.Contains(t, id, "00000000-0000-4000-8000-", "the request id comes from Lambda")
			var decoded, want map[string]any
			require.NoError(t, json.Unmarshal(out, &decoded))
			require.NoError(t, json.Unmarshal([]byte(test.want), &want))
			for _, headers := range []string{"headers", "multiValueHeaders"} {
				if values, ok := decoded[headers].(map[string]any); ok {
					delete(values, "X-Request-Id")
				}
			}
			assert.Equal(t, want, decoded)
		})
	}

	t.Run("URL as sent", func(t *testing.T) {
		out, err := r.Invoke(ctx, []byte(`{"version":"2.0","rawPath":"/url/","rawQueryString":"b=1&a=%c3%ab+x",`+
			`"requestContext":{"stage":"$default","http":{"method":"POST"}}}`))
		require.NoError(t, err)
		assert.Contains(t, string(out), `"body":"/url/?b=1&a=%c3%ab+x"`)
	})

	t.Run("error", func(t *testing.T) {
		_, err := post(t, "/error")
		var failed *lambdaruntime.FunctionError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, lambdaruntime.FunctionError{Type: "errorString", Message: "payment failed"}, *failed)
		output.waitFor(t, `"errorMessage":"payment failed"`)
	})

	t.Run("panic", func(t *testing.T) {
		for range 3 {
			_, err := post(t, "/panic")
			var failed *lambdaruntime.FunctionError
			require.ErrorAs(t, err, &failed)
			assert.Equal(t, "runtime error: slice bounds out of range [:100] with length 6", failed.Message)
			assert.Equal(t, "boundsError", failed.Type)
			require.NotEmpty(t, failed.StackTrace)
			assert.Contains(t, failed.StackTrace[0].Label, "function.Handler", "the first frame is the function's")
			assert.Contains(t, failed.StackTrace[0].Path, "function.go")
			output.waitFor(t, `"label":"`+failed.StackTrace[0].Label)
			out, err := post(t, "/x") // the same process still serves requests
			require.NoError(t, err)
			assert.Contains(t, out, `"statusCode":200`)
		}
	})

	t.Run("malformed", func(t *testing.T) {
		out, err := post(t, "/malformed")
		require.NoError(t, err)
		assert.JSONEq(t,
			`{"statusCode":502,"headers":{"Content-Type":"application/json"},"body":"{\"message\":\"Internal server error\"}","isBase64Encoded":false}`, out)
		output.waitFor(t,
			`ERROR malformed function response error="malformed response: status 0" requestId=00000000-0000-4000-8000-`)
	})

	t.Run("unsupported event", func(t *testing.T) {
		_, err := r.Invoke(ctx, []byte(`{"Records":[{"eventSource":"aws:sqs","body":"x"}]}`))
		var failed *lambdaruntime.FunctionError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, "UnsupportedEventError", failed.Type)
		assert.Equal(t, "fngen: the function handles HTTP requests, but the event is from Amazon SQS (aws:sqs)",
			failed.Message)
	})

	t.Run("deadline", func(t *testing.T) {
		started := time.Now()
		out, err := post(t, "/deadline")
		require.NoError(t, err)
		assert.Contains(t, out, `"body":"context deadline exceeded"`)
		assert.Greater(t, time.Since(started), timeout-2*time.Millisecond) // deadlines are in milliseconds
	})

	t.Run("6 MB", func(t *testing.T) {
		frame := len(fmt.Sprintf(httpEvent, "/x", `""`, false))
		body := strings.Repeat("x", lambdaruntime.MaxPayload-frame)
		out, err := r.Invoke(ctx, fmt.Appendf(nil, httpEvent, "/x", `"`+body+`"`, false))
		require.NoError(t, err)
		var decoded events.APIGatewayV2HTTPResponse
		require.NoError(t, json.Unmarshal(out, &decoded))
		assert.True(t, decoded.Body == body)
	})

	t.Run("many invocations", func(t *testing.T) {
		for i := range 500 {
			body := fmt.Sprint(i)
			out, err := r.Invoke(ctx, fmt.Appendf(nil, httpEvent, "/x", `"`+body+`"`, false))
			require.NoError(t, err)
			assert.Contains(t, string(out), `"body":"`+body+`"`)
		}
	})
}

// TestStartConcurrent runs as many invocations concurrently as Lambda allows.
// Each has its own context, and a panic does not affect the others.
// TestRoutes checks that a function gets the same routes from every service.
func TestRoutes(t *testing.T) {
	r, _ := start(t, lambdaruntime.Function{Command: []string{self(t)}, Env: []string{"LAMBDAENTRY_TEST=routes"}})
	ctx := testContext(t)
	events := map[string]string{
		"REST API": `{"httpMethod":"%s","path":"%s","resource":"/{proxy+}","pathParameters":{"proxy":"x"},"headers":%s}`,
		"function URL": `{"version":"2.0","routeKey":"$default","rawPath":"%[2]s","headers":%[3]s,"requestContext":` +
			`{"domainName":"x.lambda-url.eu-west-1.on.aws","http":{"method":"%[1]s","path":"%[2]s"}}}`,
		"load balancer": `{"httpMethod":"%s","path":"%s","headers":%s,"requestContext":{"elb":{}},"body":""}`,
	}
	decoded := map[string]string{
		"HTTP API (1.0)": `{"version":"1.0","httpMethod":"%s","path":"%s","resource":"/{proxy+}","headers":%s}`,
		"HTTP API (2.0)": `{"version":"2.0","routeKey":"ANY /{proxy+}","rawPath":"%[2]s","headers":%[3]s,` +
			`"requestContext":{"domainName":"x.execute-api.eu-west-1.amazonaws.com","http":{"method":"%[1]s","path":"%[2]s"}}}`,
	}
	for _, test := range []struct {
		method, path, decoded, headers string
		status                         int
		body, allow                    string
	}{
		{"GET", "/orders/a%20b", "/orders/a b", `{}`, 200, "/orders/{id} /orders/{id} map[id:a b]", ""},
		{"HEAD", "/orders/%2525", "/orders/%25", `{}`, 200, "/orders/{id} /orders/{id} map[id:%25]", ""},
		{
			"PUT", "/orders/7/files/a/b", "/orders/7/files/a/b", `{}`, 200,
			"/orders/{id}/files/{path+} /orders/{id}/files/{path+} map[id:7 path:a/b]", "",
		},
		{"PUT", "/orders/7", "/orders/7", `{}`, 405, `{"message":"Method Not Allowed"}`, "GET, HEAD, OPTIONS"},
		{"GET", "/orders", "/orders", `{}`, 404, `{"message":"Not Found"}`, ""},
		{"OPTIONS", "/orders/7", "/orders/7", `{}`, 204, "", "GET, HEAD, OPTIONS"},
		{
			"OPTIONS", "/orders/7/files/x", "/orders/7/files/x",
			`{"origin":"https://app.example","access-control-request-method":"PUT"}`,
			204, "", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT",
		},
	} {
		check := func(service, event string) {
			out, err := r.Invoke(ctx, []byte(event))
			require.NoError(t, err, service)
			var got struct {
				StatusCode int
				Headers    map[string]string
				Body       string
			}
			require.NoError(t, json.Unmarshal(out, &got), service)
			assert.Equal(t, test.status, got.StatusCode, "%s: %s %s", service, test.method, test.path)
			assert.Equal(t, test.body, got.Body, "%s: %s %s", service, test.method, test.path)
			assert.Equal(t, test.allow, got.Headers["Allow"], "%s: %s %s", service, test.method, test.path)
		}
		for service, event := range events {
			check(service, fmt.Sprintf(event, test.method, test.path, test.headers))
		}
		for service, event := range decoded {
			check(service, fmt.Sprintf(event, test.method, test.decoded, test.headers))
		}
	}
}

func TestStartConcurrent(t *testing.T) {
	const n = 8
	r, output := start(t,
		lambdaruntime.Function{Command: []string{self(t)}, Env: []string{"LAMBDAENTRY_TEST=concurrent"},
			Concurrency: n})
	ctx := testContext(t)
	var wg sync.WaitGroup
	ids := make([]string, 20*n)
	for i := range ids {
		wg.Go(func() {
			if i%n == 3 {
				_, err := r.Invoke(ctx, fmt.Appendf(nil, httpEvent, "/panic", `""`, false))
				var failed *lambdaruntime.FunctionError
				if assert.ErrorAs(t, err, &failed) {
					assert.Equal(t, "one of several", failed.Message)
				}
				return
			}
			out, err := r.Invoke(ctx, fmt.Appendf(nil, httpEvent, "/x", fmt.Sprintf(`"%d"`, i), false))
			if !assert.NoError(t, err) {
				return
			}
			var decoded events.APIGatewayV2HTTPResponse
			assert.NoError(t, json.Unmarshal(out, &decoded))
			assert.Equal(t, fmt.Sprint(i), decoded.Body)
			ids[i] = decoded.Headers["X-Id"]
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for i, id := range ids {
		if i%n != 3 {
			assert.NotEmpty(t, id)
			assert.False(t, seen[id], "duplicate id %s", id)
			seen[id] = true
		}
	}
	assert.NotContains(t, output.String(), "DATA RACE")
}

func self(tb testing.TB) string {
	tb.Helper()
	path, err := os.Executable()
	require.NoError(tb, err)
	return path
}

func TestShutdown(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no SIGTERM")
	}
	for name, test := range map[string]struct {
		code    int
		want    []string
		without string
	}{
		"shutdown": {0, []string{"closing first true\nclosing second true\n"}, "ERROR"},
		"failing": {1,
			[]string{"closing first true\nclosing second true\n",
				`ERROR function shutdown failed error="flush failed"`}, "deadline"},
		"stuck": {1, []string{`ERROR function shutdown failed error="context deadline exceeded"`}, "closing second"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, output := start(t,
				lambdaruntime.Function{Command: []string{self(t)}, Env: []string{"LAMBDAENTRY_TEST=" + name}})
			_, err := r.Invoke(testContext(t), fmt.Appendf(nil, httpEvent, "/x", `"Hello"`, false))
			require.NoError(t, err)
			started := time.Now()
			err = r.Terminate(testContext(t))
			took := time.Since(started)
			if test.code == 0 {
				require.NoError(t, err, "%s", output)
			} else {
				var exit *exec.ExitError
				require.ErrorAs(t, err, &exit, "%s", output)
				assert.Equal(t, test.code, exit.ExitCode())
			}
			if name == "stuck" {
				assert.GreaterOrEqual(t, took, lambdastart.Grace)
			}
			for _, want := range test.want {
				assert.Contains(t, output.String(), want)
			}
			assert.NotContains(t, output.String(), test.without)
			_, err = r.Invoke(testContext(t), nil)
			assert.ErrorContains(t, err, "function process exited")
		})
	}
}
