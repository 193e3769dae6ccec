// Package lambdaruntime runs what fngen built for AWS Lambda as Lambda does, for tests: it serves the Runtime API (and as
// much of the Extensions API as aws-lambda-go uses) on a loopback address, and starts a bootstrap that polls it.
//
// Sources: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html and
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html. It does not freeze the process between
// invocations, and does not kill it at the deadline.
package lambdaruntime

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// MaxPayload is the most bytes of an event that Lambda takes, and MaxResponse of an answer.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, and the error that Lambda gives.
const (
	MaxPayload  = 6 << 20
	MaxResponse = 6<<20 + 100
)

// A Function is what to run.
type Function struct {
	Command     []string      // the bootstrap and its arguments
	Env         []string      // added to Lambda's own variables, and to nothing else
	Concurrency int           // AWS_LAMBDA_MAX_CONCURRENCY where above 0
	Timeout     time.Duration // of an invocation: its deadline, which only the function itself looks at; 0 is 30 s
	Log         io.Writer     // of what the bootstrap writes; nil discards it
}

// A Runtime is a function that runs. All of its methods may be called at once.
type Runtime struct {
	timeout     time.Duration
	cmd         *exec.Cmd
	server      *http.Server
	invocations chan *invocation

	started time.Time
	ready   chan struct{} // closed when the function polls first, or says that it cannot
	cold    time.Duration // from started to then
	failed  *FunctionError
	first   sync.Once // of what closes ready

	gone chan struct{} // closed when the process has ended
	err  error         // how

	mu      sync.Mutex
	last    int                    // the number of the last invocation
	running map[string]*invocation // by request id
}

type invocation struct {
	id      string
	payload []byte
	answer  chan answer // with room for the one
}

type answer struct {
	response []byte
	err      *FunctionError
}

// A FunctionError is what a function reported instead of a response.
type FunctionError struct {
	Message    string       `json:"errorMessage"`
	Type       string       `json:"errorType"`
	StackTrace []StackFrame `json:"stackTrace"`
}

// A StackFrame is a line of a FunctionError's stack.
type StackFrame struct {
	Path  string `json:"path"`
	Line  int    `json:"line"`
	Label string `json:"label"`
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// Start starts a function, and does not wait until it polls. Close it when you are done.
func Start(f Function) (*Runtime, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Runtime{
		timeout:     cmp.Or(f.Timeout, 30*time.Second),
		invocations: make(chan *invocation),
		ready:       make(chan struct{}),
		gone:        make(chan struct{}),
		running:     map[string]*invocation{},
	}
	r.server = &http.Server{Handler: r.routes(), ReadHeaderTimeout: time.Minute}

	r.cmd = exec.Command(f.Command[0], f.Command[1:]...)
	r.cmd.Env = append([]string{
		"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String(),
		"AWS_LAMBDA_FUNCTION_NAME=function",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_REGION=us-east-1",
		"_HANDLER=bootstrap",
		"TZ=:UTC",
	}, f.Env...)
	if f.Concurrency > 0 {
		r.cmd.Env = append(r.cmd.Env, "AWS_LAMBDA_MAX_CONCURRENCY="+strconv.Itoa(f.Concurrency))
	}
	r.cmd.Stdout, r.cmd.Stderr = f.Log, f.Log
	r.cmd.WaitDelay = time.Second
	r.started = time.Now()
	if err := r.cmd.Start(); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	go func() {
		r.err = r.cmd.Wait()
		close(r.gone)
	}()
	// The listener takes connections from the beginning. Nothing is served before all of r is there.
	go func() { _ = r.server.Serve(listener) }() // until Close closes it
	return r, nil
}

// Ready waits until the function polls for the first time, and is what that took from the start of its process.
// It fails where the process ends before or reports that it cannot start, which is a *FunctionError.
func (r *Runtime) Ready(ctx context.Context) (time.Duration, error) {
	select {
	case <-r.ready:
		if r.failed != nil {
			return 0, r.failed
		}
		return r.cold, nil
	case <-r.gone:
		return 0, r.ended()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Invoke invokes the function and is its response. The error is a *FunctionError where the function reported one.
// It waits until the function polls, answers, or ends, or until the context does, which leaves the invocation alone.
func (r *Runtime) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	if len(payload) > MaxPayload {
		return nil, fmt.Errorf("an event of %d bytes, where Lambda takes %d", len(payload), MaxPayload)
	}
	r.mu.Lock()
	r.last++
	i := &invocation{id: fmt.Sprintf("00000000-0000-4000-8000-%012d", r.last), payload: payload, answer: make(chan answer, 1)}
	r.running[i.id] = i
	r.mu.Unlock()
	defer r.take(i.id)

	select {
	case r.invocations <- i:
	case <-r.gone:
		return nil, r.ended()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case a := <-i.answer:
		return a.result()
	case <-r.gone:
		select {
		case a := <-i.answer: // the last thing that it did
			return a.result()
		default:
			return nil, r.ended()
		}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (a answer) result() ([]byte, error) {
	if a.err != nil {
		return nil, a.err
	}
	return a.response, nil
}

// take is a running invocation, once: nil where there is none of that id, or no more.
func (r *Runtime) take(id string) *invocation {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.running[id]
	delete(r.running, id)
	return i
}

// ended says how the process ended, once it did.
func (r *Runtime) ended() error {
	if r.err == nil {
		return errors.New("the function's process has ended")
	}
	return fmt.Errorf("the function's process has ended: %w", r.err)
}

// Terminate sends a SIGTERM, as Lambda does to processes with an extension, and waits until the process has ended.
// The error is an *exec.ExitError where its exit code is not 0.
func (r *Runtime) Terminate(ctx context.Context) error {
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-r.gone:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close kills the process, if it still runs, and stops serving.
func (r *Runtime) Close() error {
	_ = r.cmd.Process.Kill() // which fails where it has ended
	<-r.gone
	return r.server.Close()
}

func (r *Runtime) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", r.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", r.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", r.failure)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", r.initFailure)
	mux.HandleFunc("POST /2020-01-01/extension/register", func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Lambda-Extension-Identifier", req.Header.Get("Lambda-Extension-Name"))
		_, _ = io.WriteString(w, "{}")
	})
	mux.HandleFunc("GET /2020-01-01/extension/event/next", func(_ http.ResponseWriter, req *http.Request) {
		<-req.Context().Done() // there is no event for who asked for none
	})
	return mux
}

func (r *Runtime) next(w http.ResponseWriter, req *http.Request) {
	r.first.Do(func() {
		r.cold = time.Since(r.started)
		close(r.ready)
	})
	select {
	case i := <-r.invocations:
		h := w.Header()
		h.Set("Lambda-Runtime-Aws-Request-Id", i.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(r.timeout).UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:123456789012:function:function")
		h.Set("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1")
		h.Set("Content-Type", "application/json")
		_, _ = w.Write(i.payload) // where it fails, the process is gone, which Invoke sees
	case <-req.Context().Done():
	}
}

func (r *Runtime) response(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, MaxResponse))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		r.finish(w, req, http.StatusRequestEntityTooLarge, answer{err: &FunctionError{
			Type:    "Function.ResponseSizeTooLarge",
			Message: fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxResponse),
		}})
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if kind := req.Trailer.Get("Lambda-Runtime-Function-Error-Type"); kind != "" {
		r.finish(w, req, http.StatusAccepted, answer{err: &FunctionError{Type: kind, Message: "while the response was sent"}})
		return
	}
	r.finish(w, req, http.StatusAccepted, answer{response: body})
}

func (r *Runtime) failure(w http.ResponseWriter, req *http.Request) {
	reported, err := reported(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.finish(w, req, http.StatusAccepted, answer{err: reported})
}

func (r *Runtime) initFailure(w http.ResponseWriter, req *http.Request) {
	reported, err := reported(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.first.Do(func() {
		r.failed = reported
		close(r.ready)
	})
	w.WriteHeader(http.StatusAccepted)
}

func reported(req *http.Request) (*FunctionError, error) {
	var e FunctionError
	if err := json.NewDecoder(io.LimitReader(req.Body, MaxResponse)).Decode(&e); err != nil {
		return nil, err
	}
	return &e, nil
}

// finish ends an invocation.
func (r *Runtime) finish(w http.ResponseWriter, req *http.Request, status int, a answer) {
	i := r.take(req.PathValue("id"))
	if i == nil {
		http.Error(w, `{"errorType":"InvalidRequestID"}`, http.StatusBadRequest)
		return
	}
	i.answer <- a
	w.WriteHeader(status)
}
