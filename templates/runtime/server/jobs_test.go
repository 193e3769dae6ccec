package server

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/runtime/gateway"
)

// testJobs has a function orders that does what its event says.
type testJobs struct {
	noJobs
	command func(context.Context) error
	closed  bool
}

func (*testJobs) Flags(flags *flag.FlagSet) {
	flags.Bool("schedules", false, "run functions on their schedules")
}

func (j *testJobs) Command() func(context.Context) error { return j.command }

func (*testJobs) Find(name string) func(context.Context, []byte) ([]byte, error) {
	if name != "orders" {
		return nil
	}
	return func(ctx context.Context, event []byte) (response []byte, err error) {
		err = gateway.Protect(func() error {
			switch string(event) {
			case `"error"`:
				return errors.New("bad order")
			case `"panic"`:
				panic("no index")
			case `"slow"`:
				<-ctx.Done()
				time.Sleep(10 * time.Millisecond)
			}
			response = []byte(`{"batchItemFailures":[]}`)
			return nil
		})
		return response, err
	}
}

func (*testJobs) Events(func(context.Context, func(context.Context) error) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
}

func (j *testJobs) Hooks() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{"orders": func(context.Context) error { j.closed = true; return nil }}
}

func TestJobs(t *testing.T) {
	logged(t)
	jobs := new(testJobs)
	o, err := parse([]string{"-timeout", "50ms", "-schedules"}, lookup(nil), io.Discard, jobs)
	require.NoError(t, err)
	request := func(path, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		newServer(o, nil).http.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
		return w
	}
	const invoke = "/2015-03-31/functions/orders/invocations"
	assert.Equal(t, 404, request("/orders", "").Code)
	assert.Equal(t, 404, request(invoke, "1").Code, "only in development")
	assert.Equal(t, 204, request("/_events/orders", "").Code)

	o.dev = true
	assert.Equal(t, 404, request("/orders", "").Code)
	w := request(invoke, "1")
	assert.Equal(t, 200, w.Code)
	assert.Equal(t, `{"batchItemFailures":[]}`, w.Body.String())
	assert.NotEmpty(t, w.Header().Get("X-Amzn-Requestid"))
	assert.Empty(t, w.Header().Get("X-Amz-Function-Error"))
	for event, want := range map[string]string{
		`"error"`: `{"errorMessage":"bad order","errorType":"errorString"}`,
		`"panic"`: `{"errorMessage":"no index","errorType":"string","stackTrace":["`,
		`"slow"`:  `{"errorMessage":"Task timed out after 0.05 seconds","errorType":"Sandbox.Timedout"}`,
	} {
		w := request(invoke, event)
		assert.Equal(t, 200, w.Code)
		assert.Equal(t, "Unhandled", w.Header().Get("X-Amz-Function-Error"))
		assert.True(t, strings.HasPrefix(w.Body.String(), want), w.Body)
	}
	assert.Equal(t, 400, request(invoke, "x").Code)
	assert.Equal(t, 404, request("/2015-03-31/functions/none/invocations", "1").Code)
}

// A command runs instead of the server. After a signal, it has the drain timeout
// to end.
func TestJobsCommand(t *testing.T) {
	for name, test := range map[string]struct {
		command func(context.Context) error
		signals int
		status  int
		output  string
	}{
		"done":   {command: func(context.Context) error { return nil }},
		"failed": {command: func(context.Context) error { return errors.New("no disk") }, status: 1, output: "fngen: no disk\n"},
		"drained": {
			command: func(ctx context.Context) error { time.Sleep(20 * time.Millisecond); return ctx.Err() }, signals: 1,
		},
		"canceled": {
			command: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, signals: 1, status: 1,
			output: "fngen: context canceled\n",
		},
		"killed": {command: func(context.Context) error { select {} }, signals: 2, status: 1},
	} {
		t.Run(name, func(t *testing.T) {
			var output bytes.Buffer
			signals := make(chan os.Signal, 2)
			for range test.signals {
				signals <- os.Interrupt
			}
			jobs := &testJobs{command: test.command}
			s := system{
				args: []string{"-drain", "100ms"}, lookupEnv: lookup(nil), stderr: &output, signals: signals, jobs: jobs,
			}
			assert.Equal(t, test.status, s.run(t.Context(), nil))
			assert.Equal(t, test.output, output.String())
			assert.Equal(t, name != "killed", jobs.closed)
		})
	}
}
