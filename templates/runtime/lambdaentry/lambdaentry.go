// Package lambdaentry runs a function on AWS Lambda behind API Gateway, a
// function URL or a load balancer.
//
// It replaces lambda.Start for handlers of one type, and supports the formats
// of events that package payload converts. It uses no reflection to call the
// handler, and parses each event once. Build programs that use it with the tag
// lambda.norpc, which all current Lambda runtimes (provided.al2023) support.
//
// # Errors
//
// If a handler returns an error or panics, the invocation fails, as with
// lambda.Start. It counts in Lambda's Errors metric and is marked in X-Ray, so
// that existing alarms keep working. The client gets a generic response: 502
// from REST APIs, function URLs and load balancers, 500 from HTTP APIs. (fngen
// serve responds 500.) The error, and the stack trace of a panic, is logged and
// returned to callers of Lambda's Invoke API, who need permission for it. A
// panic does not end the process, because other invocations may be running in
// it (AWS_LAMBDA_MAX_CONCURRENCY).
//
// If a response is malformed (see [payload.Kind.Encode]) or too large for the
// service (see [payload.Kind.ResponseLimit]), the client gets 502 and the
// reason is logged. Lambda itself would end the process for the latter.
//
// If an event is not an HTTP request, the invocation fails with an error that
// names the service that sent the event.
package lambdaentry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"runtime"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/fngen/fngen/templates/runtime/payload"
	"github.com/fngen/fngen/templates/runtime/route"
)

// A Function is run by [Start].
type Function struct {
	Name    string
	Handler func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

	// Routes and CORS say which requests Handler answers, as in
	// [route.Function]. They are checked here too, because function URLs
	// and load balancers send every request.
	Routes []string
	CORS   bool
}

// Start runs f.Handler for each invocation. It does not return. The context is
// Lambda's: its deadline is the function's timeout, and
// lambdacontext.FromContext returns the request id. If
// AWS_LAMBDA_MAX_CONCURRENCY is greater than 1, as on Lambda Managed Instances,
// that many invocations run concurrently.
//
// The shutdown functions run one after the other when Lambda terminates the
// process. They have [Grace] in total. Lambda sends SIGTERM only if an
// extension is registered. aws-lambda-go therefore registers an internal
// extension if there are shutdown functions, which makes the cold start slower.
func Start(f Function, shutdown ...func(context.Context) error) {
	lambda.StartWithOptions(newHandler(f), onShutdown(shutdown)...)
}

// onShutdown returns the options that run shutdown functions on SIGTERM.
func onShutdown(shutdown []func(context.Context) error) []lambda.Option {
	var options []lambda.Option
	if len(shutdown) > 0 {
		options = append(options, lambda.WithEnableSIGTERM(func() {
			status := 0
			if err := runAll(shutdown); err != nil {
				slog.Error("function shutdown failed", "error", err)
				status = 1
			}
			os.Exit(status) //nolint:forbidigo // Start never returns, so nothing else exits after SIGTERM
		}))
	}
	return options
}

// Grace is the time limit for all shutdown functions. Lambda kills the process
// 500 ms after SIGTERM, or 300 ms after it if the function has external
// extensions. Source:
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
// and https://github.com/aws-samples/graceful-shutdown-with-aws-lambda
const Grace = 400 * time.Millisecond

// runAll runs shutdown functions in order. It returns their errors, or the
// context's if they exceed Grace.
func runAll(shutdown []func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), Grace)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		var errs error
		for _, f := range shutdown {
			errs = errors.Join(errs, f(ctx))
		}
		done <- errs
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done(): // a function may ignore ctx
		return ctx.Err()
	}
}

// A lambdaHandler adapts a function to lambda.Handler.
type lambdaHandler struct {
	Function
	router *route.Router
}

func newHandler(f Function) *lambdaHandler {
	return &lambdaHandler{f, route.New(route.Function{Name: f.Name, Routes: f.Routes, CORS: f.CORS})}
}

// Invoke implements lambda.Handler.
func (h *lambdaHandler) Invoke(ctx context.Context, data []byte) ([]byte, error) {
	request, err := payload.Decode(data)
	if err != nil {
		return nil, err
	}
	event, kind := request.APIGatewayProxyRequest, request.Kind
	if match := h.router.FindEvent(&event, kind.DecodesPath()); match.Status != 0 {
		return kind.Encode(match.Response())
	}
	response, err := h.call(request.Context(ctx), event)
	if err != nil {
		return nil, err
	}
	encoded, err := kind.Encode(response)
	if err != nil {
		slog.ErrorContext(ctx, "malformed function response", "error", err, "requestId", requestID(ctx))
		return kind.Encode(payload.BadGateway())
	}
	if limit := kind.ResponseLimit(); len(encoded) > limit {
		slog.ErrorContext(ctx, "function response is too large",
			"bytes", len(encoded), "limit", limit, "requestId", requestID(ctx))
		return kind.Encode(payload.BadGateway())
	}
	return encoded, nil
}

// call calls the function and converts a panic to an error. aws-lambda-go would
// report the panic and exit.
func (h *lambdaHandler) call(ctx context.Context, event events.APIGatewayProxyRequest) (
	response events.APIGatewayProxyResponse, err error,
) {
	defer func() {
		if value := recover(); value != nil {
			err = panicError(value, stack())
		}
	}()
	return h.Handler(ctx, event)
}

// panicError returns the error for a panic in the form that aws-lambda-go
// reports to Lambda.
func panicError(value any, stack []*messages.InvokeResponse_Error_StackFrame) error {
	return messages.InvokeResponse_Error{Message: fmt.Sprint(value), Type: typeName(value), StackTrace: stack}
}

// typeName returns the type of a panic's value as aws-lambda-go names it.
func typeName(value any) string {
	t := reflect.TypeOf(value)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// stack returns the stack of a panic in Lambda's format. It must be called from
// a deferred function.
func stack() []*messages.InvokeResponse_Error_StackFrame {
	pcs := make([]uintptr, 32)
	n := runtime.Callers(3, pcs) // skips Callers, stack and the deferred function
	frames := runtime.CallersFrames(pcs[:n])
	var trace []*messages.InvokeResponse_Error_StackFrame
	for more := n > 0; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		if !strings.HasPrefix(frame.Function, "runtime.") {
			trace = append(trace, &messages.InvokeResponse_Error_StackFrame{
				Path: frame.File, Line: int32(frame.Line), Label: frame.Function,
			})
		}
	}
	return trace
}

func requestID(ctx context.Context) string {
	if lc, ok := lambdacontext.FromContext(ctx); ok {
		return lc.AwsRequestID
	}
	return ""
}
