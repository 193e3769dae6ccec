package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/fngen/fngen/templates/runtime/gateway"
	"github.com/fngen/fngen/templates/runtime/payload"
	"github.com/fngen/fngen/templates/runtime/route"
)

// invokePath is the path of Lambda's Invoke API, up to the function's name:
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
const invokePath = "/2015-03-31/functions/"

// maxEvent is the largest event in bytes if Lambda's limit is not enforced. An
// event that a request body of the default limit can produce is far smaller.
const maxEvent = 64 << 20

// A functionError is Lambda's representation of an error that a function
// returned.
type functionError struct {
	Message string   `json:"errorMessage"`
	Type    string   `json:"errorType"`
	Stack   []string `json:"stackTrace,omitempty"`
}

// invoke calls a function with the event in the request body, like Lambda's
// Invoke API.
func (rt *router) invoke(w http.ResponseWriter, r *http.Request, name string) {
	invoke := rt.find(name)
	switch {
	case r.Method != http.MethodPost || r.URL.EscapedPath() != invokePath+name+"/invocations":
		rt.notFound(w, r)
		return
	case invoke == nil:
		w.Header().Set("X-Amzn-Errortype", "ResourceNotFoundException")
		respondJSON(w, http.StatusNotFound, map[string]string{"Type": "User", "Message": "Function not found: " + name})
		return
	}
	limit := int64(maxEvent)
	if rt.gateway.AWS.Refuse {
		limit = int64(rt.gateway.AWS.Payload)
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		w.Header().Set("X-Amzn-Errortype", "RequestTooLargeException")
		message := "reading event: " + err.Error()
		respondJSON(w, http.StatusRequestEntityTooLarge, map[string]string{"Type": "User", "message": message})
		return
	}
	if !json.Valid(data) {
		w.Header().Set("X-Amzn-Errortype", "InvalidRequestContentException")
		respondJSON(w, http.StatusBadRequest, map[string]string{"Type": "User", "message": "event is not JSON"})
		return
	}

	invoke(w, r, data)
}

// find returns the handler of the events of the function of that name, or nil if
// there is none.
func (rt *router) find(name string) func(w http.ResponseWriter, r *http.Request, event []byte) {
	for _, f := range rt.functions {
		if f.Name == name {
			return func(w http.ResponseWriter, r *http.Request, event []byte) { rt.invokeHTTP(w, r, f, event) }
		}
	}
	if job := rt.jobs.Find(name); job != nil {
		return func(w http.ResponseWriter, r *http.Request, event []byte) {
			id := rt.gateway.RequestID()
			w.Header().Set("X-Amzn-Requestid", id)
			ctx := lambdacontext.NewContext(r.Context(), &lambdacontext.LambdaContext{AwsRequestID: id})
			response, err := limited(ctx, rt.gateway.TimeLimit(), func(ctx context.Context) ([]byte, error) {
				return job(ctx, event)
			})
			if err != nil {
				respondError(w, name, err)
				return
			}
			respond(w, http.StatusOK, "application/json", string(response))
		}
	}
	return nil
}

// invokeHTTP calls a function with the event of an HTTP request.
func (rt *router) invokeHTTP(w http.ResponseWriter, r *http.Request, f Function, data []byte) {
	request, err := payload.Decode(data)
	id := request.RequestContext.RequestID
	if id == "" {
		id = rt.gateway.RequestID()
	}
	w.Header().Set("X-Amzn-Requestid", id)
	var response events.APIGatewayProxyResponse
	if err == nil {
		ctx := lambdacontext.NewContext(r.Context(), &lambdacontext.LambdaContext{AwsRequestID: id})
		event := &request.APIGatewayProxyRequest
		match := route.New(f.routed()).FindEvent(event, request.Kind.DecodesPath())
		if response = match.Response(); match.Status == 0 {
			handler := f.Handler
			if f.Stream != nil {
				handler = gateway.Buffered(f.Stream)
			}
			response, err = limited(request.Context(ctx), rt.gateway.TimeLimit(),
				func(ctx context.Context) (events.APIGatewayProxyResponse, error) {
					return gateway.Call(ctx, handler, *event)
				})
		}
	}
	if err != nil {
		respondError(w, f.Name, err)
		return
	}
	encoded, err := request.Kind.Encode(response)
	if err != nil {
		slog.Error("malformed function response", "function", f.Name, "error", err)
		encoded, err = request.Kind.Encode(payload.BadGateway())
	}
	if err != nil {
		encoded = []byte("null")
	}
	respond(w, http.StatusOK, "application/json", string(encoded))
}

// respondError responds to an invocation that failed, and logs the error.
func respondError(w http.ResponseWriter, name string, err error) {
	slog.Error("function failed", "function", name, "error", fmt.Sprint(err))
	w.Header().Set("X-Amz-Function-Error", "Unhandled")
	respondJSON(w, http.StatusOK, newFunctionError(err))
}

// A timeoutError means that a function was still running when its timeout
// expired. Its text is Lambda's.
type timeoutError time.Duration

func (e timeoutError) Error() string {
	return fmt.Sprintf("Task timed out after %.2f seconds", time.Duration(e).Seconds())
}

// limited calls f and returns when it has returned or limit has expired, unless
// limit is 0. f's context then ends, but f may still be running.
func limited[T any](ctx context.Context, limit time.Duration, f func(context.Context) (T, error)) (T, error) {
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	type outcome struct {
		response T
		err      error
	}
	done := make(chan outcome, 1)
	go func() {
		o := outcome{err: errors.New("the function called runtime.Goexit")}
		defer func() { done <- o }()
		o.response, o.err = f(ctx)
	}()
	select {
	case o := <-done:
		return o.response, o.err
	case <-ctx.Done():
		var none T
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return none, timeoutError(limit)
		}
		return none, ctx.Err()
	}
}

// newFunctionError converts an error to Lambda's representation. Its type is
// the name of the Go type, as in aws-lambda-go.
func newFunctionError(err error) functionError {
	var panicked *gateway.Panic
	if errors.As(err, &panicked) {
		return functionError{Message: fmt.Sprint(panicked.Value), Type: typeName(panicked.Value), Stack: panicked.Stack}
	}
	var timedOut timeoutError
	if errors.As(err, &timedOut) {
		return functionError{Message: err.Error(), Type: "Sandbox.Timedout"}
	}
	return functionError{Message: fmt.Sprint(err), Type: typeName(err)}
}

func typeName(v any) string {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

func respondJSON(w http.ResponseWriter, status int, v any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		respond(w, http.StatusInternalServerError, "application/json", `{"message":"Internal server error"}`)
		return
	}
	respond(w, status, "application/json", string(bytes.TrimSpace(body.Bytes())))
}
