package lambdaruntime_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/lambdaruntime"
)

// TestMain lets the test binary serve as a bootstrap that speaks the Runtime
// API without aws-lambda-go.
func TestMain(m *testing.M) {
	if api := os.Getenv("AWS_LAMBDA_RUNTIME_API"); api != "" {
		bootstrap("http://" + api + "/2018-06-01/runtime/")
	}
	os.Exit(m.Run())
}

func bootstrap(base string) {
	post := func(path string, body io.Reader) int {
		response, err := http.Post(base+path, "application/json", body)
		if err != nil {
			panic(err)
		}
		defer response.Body.Close()
		return response.StatusCode
	}
	if os.Getenv("FAIL") == "init" {
		post("init/error", strings.NewReader(`{"errorType":"Init","errorMessage":"no disk"}`))
		os.Exit(3)
	}
	if os.Getenv("FAIL") == "exit" {
		os.Exit(4)
	}
	for {
		next, err := http.Get(base + "invocation/next")
		if err != nil {
			panic(err)
		}
		event, err := io.ReadAll(next.Body)
		next.Body.Close()
		if err != nil {
			panic(err)
		}
		id := next.Header.Get("Lambda-Runtime-Aws-Request-Id")
		switch string(event) {
		case "exit":
			os.Exit(5)
		case "error":
			post("invocation/"+id+"/error",
				strings.NewReader(`{"errorType":"T","errorMessage":"M","stackTrace":[{"path":"p","line":7,"label":"l"}]}`))
		case "large":
			status := post("invocation/"+id+"/response", bytes.NewReader(make([]byte, lambdaruntime.MaxResponse+1)))
			fmt.Fprintln(os.Stdout, "status", status)
		case "twice":
			post("invocation/"+id+"/response", strings.NewReader("once"))
			fmt.Fprintln(os.Stdout, "status", post("invocation/"+id+"/response", strings.NewReader("twice")))
		case "env":
			post("invocation/"+id+"/response", strings.NewReader(strings.Join(os.Environ(), "\n")))
		case "headers":
			var all strings.Builder
			_ = next.Header.Write(&all)
			post("invocation/"+id+"/response", strings.NewReader(all.String()))
		case "never":
		default:
			post("invocation/"+id+"/response", bytes.NewReader(event))
		}
	}
}

func start(t *testing.T, f lambdaruntime.Function) *lambdaruntime.Runtime {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	f.Command = []string{self}
	r, err := lambdaruntime.Start(f)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Close()) })
	return r
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestInvoke(t *testing.T) {
	t.Setenv("PARENT_VARIABLE", "x")
	r := start(t, lambdaruntime.Function{Env: []string{"COLOR=red"}, Concurrency: 3, Timeout: time.Hour})
	ctx := testContext(t)
	cold, err := r.Ready(ctx)
	require.NoError(t, err)
	assert.Positive(t, cold)
	again, err := r.Ready(ctx)
	require.NoError(t, err)
	assert.Equal(t, cold, again)

	var wg sync.WaitGroup
	for i := range 20 { // concurrently, although this bootstrap handles one at a time
		wg.Go(func() {
			out, err := r.Invoke(ctx, fmt.Append(nil, i))
			assert.NoError(t, err)
			assert.Equal(t, fmt.Sprint(i), string(out))
		})
	}
	wg.Wait()

	_, err = r.Invoke(ctx, []byte("error"))
	var failed *lambdaruntime.FunctionError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t,
		lambdaruntime.FunctionError{Type: "T", Message: "M",
			StackTrace: []lambdaruntime.StackFrame{{Path: "p", Line: 7, Label: "l"}}}, *failed)
	assert.EqualError(t, err, "T: M")

	out, err := r.Invoke(ctx, []byte("env"))
	require.NoError(t, err)
	assert.Contains(t, string(out), "COLOR=red")
	assert.Contains(t, string(out), "AWS_LAMBDA_MAX_CONCURRENCY=3")
	assert.NotContains(t, string(out), "PARENT_VARIABLE", "the environment is not inherited")

	out, err = r.Invoke(ctx, []byte("headers"))
	require.NoError(t, err)
	for _, header := range []string{"Deadline-Ms: ", "Invoked-Function-Arn: arn:aws:lambda:", "Trace-Id: Root="} {
		assert.Contains(t, string(out), "Lambda-Runtime-"+header)
	}

	_, err = r.Invoke(ctx, make([]byte, lambdaruntime.MaxPayload+1))
	require.EqualError(t, err, "event of 6291457 bytes exceeds Lambda's limit of 6291456")

	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	_, err = r.Invoke(short, []byte("never"))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	out, err = r.Invoke(ctx, []byte("next"))
	require.NoError(t, err)
	assert.Equal(t, "next", string(out))

	_, err = r.Invoke(ctx, []byte("exit"))
	require.EqualError(t, err, "function process exited: exit status 5")
	_, err = r.Invoke(ctx, []byte("x"))
	require.EqualError(t, err, "function process exited: exit status 5")
}

// TestRejected checks what Lambda rejects from a bootstrap.
func TestRejected(t *testing.T) {
	reader, writer := io.Pipe()
	r := start(t, lambdaruntime.Function{Log: writer})
	line := func() string {
		var line strings.Builder
		for b := make([]byte, 1); b[0] != '\n'; {
			n, err := reader.Read(b)
			require.NoError(t, err)
			line.Write(b[:n])
		}
		return line.String()
	}
	_, err := r.Invoke(testContext(t), []byte("large"))
	var failed *lambdaruntime.FunctionError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "Function.ResponseSizeTooLarge", failed.Type)
	assert.Equal(t, "status 413\n", line())

	out, err := r.Invoke(testContext(t), []byte("twice"))
	require.NoError(t, err)
	assert.Equal(t, "once", string(out))
	assert.Equal(t, "status 400\n", line())
}

func TestReady(t *testing.T) {
	_, err := start(t, lambdaruntime.Function{Env: []string{"FAIL=init"}}).Ready(testContext(t))
	var failed *lambdaruntime.FunctionError
	require.ErrorAs(t, err, &failed)
	assert.EqualError(t, err, "Init: no disk")

	_, err = start(t, lambdaruntime.Function{Env: []string{"FAIL=exit"}}).Ready(testContext(t))
	require.EqualError(t, err, "function process exited: exit status 4")

	_, err = lambdaruntime.Start(lambdaruntime.Function{Command: []string{"no-such-bootstrap"}})
	require.Error(t, err)
}
