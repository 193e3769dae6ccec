// Package lambdaruntime emulates AWS Lambda for tests. It serves the Runtime
// API, and as much of the Extensions API as aws-lambda-go uses, on a loopback
// address, and runs a bootstrap program against it.
//
// Unlike Lambda, it neither freezes the process between invocations nor kills
// it at the deadline.
//
// Sources: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html and
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html.
package lambdaruntime

import (
	"cmp"
	"context"
	"encoding/base64"
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

// Lambda's limits on the size of an event and of a response, in bytes. The
// limit on responses is from Lambda's error message. Source:
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const (
	MaxPayload  = 6 << 20
	MaxResponse = 6<<20 + 100
)

// A Function describes a bootstrap to run.
type Function struct {
	Command     []string      // the bootstrap and its arguments
	Env         []string      // added to the variables that Lambda sets; nothing is inherited
	Concurrency int           // AWS_LAMBDA_MAX_CONCURRENCY, if greater than 0
	Timeout     time.Duration // sets the deadline of invocations, which is not enforced; 0 means 30 s
	Log         io.Writer     // receives stdout and stderr; nil discards them
}

// A Runtime is a running function. Its methods are safe for concurrent use.
type Runtime struct {
	timeout     time.Duration
	cmd         *exec.Cmd
	server      *http.Server
	invocations chan *invocation

	started   time.Time
	ready     chan struct{} // closed after the first poll or an initialization error
	readyOnce sync.Once     // closes ready
	coldStart time.Duration // from started to the first poll
	initErr   *FunctionError

	exited  chan struct{} // closed when the process has exited
	exitErr error         // valid once exited is closed

	mu      sync.Mutex
	count   int                    // number of invocations so far
	pending map[string]*invocation // by request id
}

type invocation struct {
	id       string
	payload  []byte
	streamed bool        // the result has a stream in place of a response
	result   chan result // has room for one
}

type result struct {
	response []byte
	stream   *Stream
	err      *FunctionError
}

// A FunctionError is an error that a function reported instead of a response.
type FunctionError struct {
	Message    string       `json:"errorMessage"`
	Type       string       `json:"errorType"`
	StackTrace []StackFrame `json:"stackTrace"`
}

// A StackFrame is one frame in the stack trace of a FunctionError.
type StackFrame struct {
	Path  string `json:"path"`
	Line  int    `json:"line"`
	Label string `json:"label"`
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// Start starts a function and returns without waiting for it to poll. The
// caller must call Close.
func Start(f Function) (*Runtime, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Runtime{
		timeout:     cmp.Or(f.Timeout, 30*time.Second),
		invocations: make(chan *invocation),
		ready:       make(chan struct{}),
		exited:      make(chan struct{}),
		pending:     map[string]*invocation{},
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
		r.exitErr = r.cmd.Wait()
		close(r.exited)
	}()
	// The listener already accepts connections, but handlers need all of r.
	go func() { _ = r.server.Serve(listener) }() // returns after Close
	return r, nil
}

// Ready waits until the function polls for the first time, and returns the
// duration of the cold start up to then. It fails if the process exits first.
// If the function reports an initialization error, Ready returns it as a
// *FunctionError.
func (r *Runtime) Ready(ctx context.Context) (time.Duration, error) {
	select {
	case <-r.ready:
		if r.initErr != nil {
			return 0, r.initErr
		}
		return r.coldStart, nil
	case <-r.exited:
		return 0, r.processError()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Invoke invokes the function and returns its response. If the function reports
// an error, Invoke returns it as a *FunctionError. Invoke returns early if the
// process exits or ctx is done; the latter does not affect the function.
func (r *Runtime) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	res, err := r.invoke(ctx, payload, false)
	return res.response, err
}

// A Stream is a response that arrives while the function writes it. If the
// function reports an error in the middle, reading Body fails with a
// *FunctionError.
type Stream struct {
	ContentType string
	Body        io.ReadCloser
}

// InvokeStream is like Invoke, and like Lambda's InvokeWithResponseStream. It
// returns when the function starts to respond. The caller must close the body.
func (r *Runtime) InvokeStream(ctx context.Context, payload []byte) (*Stream, error) {
	res, err := r.invoke(ctx, payload, true)
	return res.stream, err
}

func (r *Runtime) invoke(ctx context.Context, payload []byte, streamed bool) (result, error) {
	if len(payload) > MaxPayload {
		return result{}, fmt.Errorf("event of %d bytes exceeds Lambda's limit of %d", len(payload), MaxPayload)
	}
	r.mu.Lock()
	r.count++
	id := fmt.Sprintf("00000000-0000-4000-8000-%012d", r.count)
	i := &invocation{id: id, payload: payload, streamed: streamed, result: make(chan result, 1)}
	r.pending[id] = i
	r.mu.Unlock()
	defer r.remove(id)

	select {
	case r.invocations <- i:
	case <-r.exited:
		return result{}, r.processError()
	case <-ctx.Done():
		return result{}, ctx.Err()
	}
	select {
	case res := <-i.result:
		return res.unpack()
	case <-r.exited:
		select {
		case res := <-i.result: // the process exited after it responded
			return res.unpack()
		default:
			return result{}, r.processError()
		}
	case <-ctx.Done():
		return result{}, ctx.Err()
	}
}

func (r result) unpack() (result, error) {
	if r.err != nil { // a nil *FunctionError in an error would not be nil
		return result{}, r.err
	}
	return r, nil
}

// remove removes a pending invocation and returns it, or nil if there is none
// with this id.
func (r *Runtime) remove(id string) *invocation {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.pending[id]
	delete(r.pending, id)
	return i
}

// processError returns an error that describes how the process exited.
func (r *Runtime) processError() error {
	if r.exitErr == nil {
		return errors.New("function process exited")
	}
	return fmt.Errorf("function process exited: %w", r.exitErr)
}

// Terminate sends SIGTERM, as Lambda does if an extension is registered, and
// waits until the process has exited. If its exit status is not 0, the error is
// an *exec.ExitError.
func (r *Runtime) Terminate(ctx context.Context) error {
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-r.exited:
		return r.exitErr
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close kills the process if it is running, and stops the server.
func (r *Runtime) Close() error {
	_ = r.cmd.Process.Kill() // fails if the process has exited
	<-r.exited
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
		<-req.Context().Done() // the extension subscribed to no events
	})
	return mux
}

func (r *Runtime) next(w http.ResponseWriter, req *http.Request) {
	r.readyOnce.Do(func() {
		r.coldStart = time.Since(r.started)
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
		_, _ = w.Write(i.payload) // fails only if the process exits, which Invoke notices
	case <-req.Context().Done():
	}
}

func (r *Runtime) response(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	i := r.pending[req.PathValue("id")]
	r.mu.Unlock()
	if i != nil && i.streamed {
		r.streamResponse(w, req)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, MaxResponse))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		r.finish(w, req, http.StatusRequestEntityTooLarge, result{err: &FunctionError{
			Type: "Function.ResponseSizeTooLarge",
			Message: fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).",
				MaxResponse),
		}})
		return
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := trailerError(req); err != nil {
		r.finish(w, req, http.StatusAccepted, result{err: err})
		return
	}
	r.finish(w, req, http.StatusAccepted, result{response: body})
}

// streamResponse delivers a response while it arrives. Like Lambda, it reads all
// of it, even if the client has closed the stream.
func (r *Runtime) streamResponse(w http.ResponseWriter, req *http.Request) {
	reader, writer := io.Pipe()
	i := r.remove(req.PathValue("id"))
	i.result <- result{stream: &Stream{req.Header.Get("Content-Type"), reader}}
	_, err := io.Copy(writer, req.Body)
	if err != nil {
		_, _ = io.Copy(io.Discard, req.Body)
	}
	if failure := trailerError(req); failure != nil {
		err = failure
	}
	_ = writer.CloseWithError(err) // never fails
	w.WriteHeader(http.StatusAccepted)
}

// trailerError returns the error that a function reported after the beginning of
// its response.
func trailerError(req *http.Request) *FunctionError {
	kind := req.Trailer.Get("Lambda-Runtime-Function-Error-Type")
	if kind == "" {
		return nil
	}
	e := &FunctionError{Type: kind, Message: "error while streaming the response"}
	body, err := base64.StdEncoding.DecodeString(req.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
	if err == nil {
		_ = json.Unmarshal(body, e) // which keeps the type
	}
	return e
}

func (r *Runtime) failure(w http.ResponseWriter, req *http.Request) {
	reported, err := decodeError(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.finish(w, req, http.StatusAccepted, result{err: reported})
}

func (r *Runtime) initFailure(w http.ResponseWriter, req *http.Request) {
	reported, err := decodeError(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.readyOnce.Do(func() {
		r.initErr = reported
		close(r.ready)
	})
	w.WriteHeader(http.StatusAccepted)
}

func decodeError(req *http.Request) (*FunctionError, error) {
	var e FunctionError
	if err := json.NewDecoder(io.LimitReader(req.Body, MaxResponse)).Decode(&e); err != nil {
		return nil, err
	}
	return &e, nil
}

// finish delivers the result of the invocation that req is about.
func (r *Runtime) finish(w http.ResponseWriter, req *http.Request, status int, res result) {
	i := r.remove(req.PathValue("id"))
	if i == nil {
		http.Error(w, `{"errorType":"InvalidRequestID"}`, http.StatusBadRequest)
		return
	}
	i.result <- res
	w.WriteHeader(status)
}
