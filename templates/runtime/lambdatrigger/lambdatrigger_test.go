package lambdatrigger_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
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
	"github.com/fngen/fngen/templates/runtime/lambdatrigger"
	"github.com/fngen/fngen/templates/runtime/trigger"
)

// TestMain lets the test binary serve as a bootstrap, so that -race covers it.
func TestMain(m *testing.M) {
	switch os.Getenv("LAMBDATRIGGER_TEST") {
	case "queue":
		lambdatrigger.Start(trigger.Function{
			Name: "orders", Kind: trigger.Queue, Call: trigger.Batch(handle),
			Shutdown: func(ctx context.Context) error {
				_, bounded := ctx.Deadline()
				fmt.Fprintln(os.Stderr, "closing", bounded)
				return nil
			},
		})
	case "concurrent":
		lambdatrigger.Start(trigger.Function{Name: "orders", Kind: trigger.Queue, Call: trigger.Batch(rendezvous())})
	}
	os.Exit(m.Run())
}

// handle does what the first message says, and responds with the request id.
func handle(ctx context.Context, event events.SQSEvent) (string, error) {
	switch event.Records[0].Body {
	case "error":
		return "", errors.New("payment failed")
	case "panic":
		return event.Records[0].Body[:100], nil
	}
	lc, _ := lambdacontext.FromContext(ctx)
	return lc.AwsRequestID, nil
}

const concurrency = 4

// rendezvous returns a handler that blocks until several invocations run
// concurrently, of which one panics.
func rendezvous() func(context.Context, events.SQSEvent) (string, error) {
	var mu sync.Mutex
	waiting, complete := 0, make(chan struct{})
	return func(ctx context.Context, event events.SQSEvent) (string, error) {
		mu.Lock()
		if waiting++; waiting == concurrency {
			close(complete)
		}
		mu.Unlock()
		select {
		case <-complete:
		case <-ctx.Done():
			return "", ctx.Err()
		}
		if event.Records[0].Body == "panic" {
			panic("one of several")
		}
		return event.Records[0].Body, nil
	}
}

func start(t *testing.T, f lambdaruntime.Function, name string) (*lambdaruntime.Runtime, *bytes.Buffer) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	var log bytes.Buffer
	f.Command, f.Env, f.Log = []string{self}, []string{"LAMBDATRIGGER_TEST=" + name}, &log
	r, err := lambdaruntime.Start(f)
	require.NoError(t, err)
	t.Cleanup(func() { _ = r.Close() })
	return r, &log
}

func message(body string) []byte {
	return fmt.Appendf(nil, `{"Records":[{"messageId":"a","eventSource":"aws:sqs","body":%q}]}`, body)
}

func TestStart(t *testing.T) {
	r, log := start(t, lambdaruntime.Function{}, "queue")
	invoke := func(event []byte) (string, *lambdaruntime.FunctionError) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		out, err := r.Invoke(ctx, event)
		var failed *lambdaruntime.FunctionError
		if !errors.As(err, &failed) {
			require.NoError(t, err)
		}
		return string(out), failed
	}
	_, failed := invoke(message("error"))
	assert.Equal(t, &lambdaruntime.FunctionError{Type: "errorString", Message: "payment failed"}, failed)
	_, failed = invoke(message("panic"))
	require.NotNil(t, failed)
	assert.Equal(t, "runtime error: slice bounds out of range [:100] with length 5", failed.Message)
	assert.Equal(t, "boundsError", failed.Type)
	require.NotEmpty(t, failed.StackTrace)
	assert.Contains(t, failed.StackTrace[0].Label, "lambdatrigger_test.handle", "the first frame is the function's")
	_, failed = invoke([]byte(`{"version":"2.0","rawPath":"/","requestContext":{"http":{"method":"GET"}}}`))
	require.NotNil(t, failed)
	assert.Equal(t, "UnsupportedEventError", failed.Type)
	assert.Equal(t, "fngen: the function handles messages of Amazon SQS, but the event is from an HTTP client (rawPath)",
		failed.Message)
	out, failed := invoke(message("fine"))
	assert.Nil(t, failed, "the process still runs")
	var id string
	require.NoError(t, json.Unmarshal([]byte(out), &id))
	assert.Contains(t, id, "00000000-0000-4000-8000-")

	if runtime.GOOS == "windows" {
		return // it has no SIGTERM
	}
	require.NoError(t, r.Terminate(t.Context()))
	assert.Contains(t, log.String(), "closing true\n")
}

// A panic does not affect the invocations that run at the same time.
func TestStartConcurrent(t *testing.T) {
	r, _ := start(t, lambdaruntime.Function{Concurrency: concurrency}, "concurrent")
	var invocations sync.WaitGroup
	for i := range 3 * concurrency {
		invocations.Go(func() {
			body := fmt.Sprint(i)
			if i%concurrency == 1 {
				body = "panic"
			}
			out, err := r.Invoke(t.Context(), message(body))
			if body == "panic" {
				assert.ErrorContains(t, err, "one of several")
				return
			}
			assert.NoError(t, err)
			assert.Equal(t, `"`+body+`"`, string(out))
		})
	}
	invocations.Wait()
}

// Programs link what their functions need: those for HTTP requests nothing of
// the others, and the other way around.
func TestDependencies(t *testing.T) {
	const runtimePath = "github.com/fngen/fngen/templates/runtime/"
	for name, unwanted := range map[string][]string{
		"lambdaentry":   {"trigger", "lambdatrigger", "jobs", "server", "gateway"},
		"server":        {"trigger", "lambdatrigger", "lambdastart", "jobs"},
		"lambdatrigger": {"payload", "route", "response", "gateway", "server", "jobs", "lambdaentry"},
		"jobs":          {"lambdastart", "lambdatrigger", "lambdaentry"},
	} {
		output, err := exec.Command("go", "list", "-deps", runtimePath+name).Output()
		require.NoError(t, err)
		deps := strings.Fields(string(output))
		assert.Contains(t, deps, runtimePath+name)
		for _, other := range unwanted {
			assert.NotContains(t, deps, runtimePath+other, name)
		}
		for _, dep := range deps {
			assert.NotContains(t, dep, "templates/lib", "%s: projects have only some support packages", name)
		}
		if name != "jobs" {
			assert.NotContains(t, deps, "github.com/robfig/cron/v3", name)
		}
	}
}
