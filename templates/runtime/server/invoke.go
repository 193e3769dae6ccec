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
)

// invokePath is Lambda's Invoke API, up to the function's name:
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
const invokePath = "/2015-03-31/functions/"

// maxEvent bounds an event in bytes, where Lambda's limit does not: any that could come from a body is far smaller.
const maxEvent = 64 << 20

// decode reads an event of payload format 1.0.
func decode(payload []byte) (event events.APIGatewayProxyRequest, err error) {
	if len(bytes.TrimSpace(payload)) == 0 {
		return event, nil // as Lambda reads {}
	}
	err = json.Unmarshal(payload, &event)
	return event, err
}

// A functionError is how Lambda tells that a function failed.
type functionError struct {
	Message string   `json:"errorMessage"`
	Type    string   `json:"errorType"`
	Stack   []string `json:"stackTrace,omitempty"`
}

// invoke calls a function with an event, as Lambda does when it is invoked.
func (rt *router) invoke(w http.ResponseWriter, r *http.Request, name string) {
	function := rt.functions[name]
	switch {
	case r.Method != http.MethodPost || r.URL.EscapedPath() != invokePath+name+"/invocations":
		rt.notFound(w, r)
		return
	case function == nil:
		w.Header().Set("X-Amzn-Errortype", "ResourceNotFoundException")
		answerJSON(w, http.StatusNotFound, map[string]string{"Type": "User", "Message": "Function not found: " + name})
		return
	}
	limit := int64(maxEvent)
	if rt.gateway.AWS.Refuse {
		limit = int64(rt.gateway.AWS.Payload)
	}
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		w.Header().Set("X-Amzn-Errortype", "RequestTooLargeException")
		answerJSON(w, http.StatusRequestEntityTooLarge, map[string]string{"Type": "User", "message": "the event cannot be read: " + err.Error()})
		return
	}
	event, err := decode(payload)
	if err != nil {
		w.Header().Set("X-Amzn-Errortype", "InvalidRequestContentException")
		answerJSON(w, http.StatusBadRequest, map[string]string{"Type": "User", "message": "the event is no request of payload format 1.0: " + err.Error()})
		return
	}

	id := event.RequestContext.RequestID
	if id == "" {
		id = rt.gateway.RequestID()
	}
	ctx := lambdacontext.NewContext(r.Context(), &lambdacontext.LambdaContext{AwsRequestID: id})
	response, err := rt.call(ctx, function, event)
	w.Header().Set("X-Amzn-Requestid", id)
	if err != nil {
		slog.Error("function failed", "function", name, "error", fmt.Sprint(err))
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		answerJSON(w, http.StatusOK, failure(err))
		return
	}
	answerJSON(w, http.StatusOK, response)
}

// errTimedOut is of a function that is still running.
type errTimedOut time.Duration

func (e errTimedOut) Error() string {
	return fmt.Sprintf("Task timed out after %.2f seconds", time.Duration(e).Seconds())
}

// call calls a function, and waits for it no longer than it may take.
func (rt *router) call(ctx context.Context, function gateway.Function, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	limit := rt.gateway.TimeLimit()
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	type outcome struct {
		response events.APIGatewayProxyResponse
		err      error
	}
	done := make(chan outcome, 1)
	go func() {
		o := outcome{err: errors.New("the function called runtime.Goexit")}
		defer func() { done <- o }()
		o.response, o.err = gateway.Call(ctx, function, event)
	}()
	select {
	case o := <-done:
		return o.response, o.err
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return events.APIGatewayProxyResponse{}, errTimedOut(limit)
		}
		return events.APIGatewayProxyResponse{}, ctx.Err()
	}
}

// failure is an error as Lambda tells it. The type is the Go type's name, as aws-lambda-go has it.
func failure(err error) functionError {
	var panicked *gateway.Panic
	if errors.As(err, &panicked) {
		return functionError{Message: fmt.Sprint(panicked.Value), Type: typeName(panicked.Value), Stack: panicked.Stack}
	}
	if timedOut := errTimedOut(0); errors.As(err, &timedOut) {
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

func answerJSON(w http.ResponseWriter, status int, v any) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		answer(w, http.StatusInternalServerError, "application/json", `{"message":"Internal server error"}`)
		return
	}
	answer(w, status, "application/json", string(bytes.TrimSpace(body.Bytes())))
}
