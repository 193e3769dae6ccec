// Package lambdaentry runs a function on AWS Lambda: behind API Gateway, as a function URL, and behind a load balancer.
//
// It is what lambda.Start is, for one shape of handler and for the four kinds of events that package payload knows. It
// needs no reflection, and reads and writes JSON once. Build with the tag lambda.norpc, as all of Lambda's current
// runtimes (provided.al2023) allow.
//
// # What fails
//
// A handler that returns an error, or panics, fails the invocation, as with lambda.Start. Lambda counts it in its
// metric Errors and X-Ray marks it, so alarms on those keep working; API Gateway does not show what went wrong, and
// answers 502 (REST APIs), 500 (HTTP APIs), or 502 (function URLs and load balancers) with a body of its own. With fngen
// serve it would be 500. The error's text, and a panic's with its stack, goes to the log and to who invokes the
// function directly, which takes a permission of AWS's. A panic does not end the process, so that other invocations
// that run in it at the same time (AWS_LAMBDA_MAX_CONCURRENCY) do not fail along with it.
//
// A response that is malformed (see [payload.Kind.Encode]) is answered 502, and the log says why.
//
// A payload that is no HTTP request fails the invocation, and the error says whose it is.
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
)

// Start runs the handler for each invocation, and does not return. The context is Lambda's: its deadline is that of
// the function's timeout, and lambdacontext.FromContext finds the request's id. Where AWS_LAMBDA_MAX_CONCURRENCY is
// above 1, as on Lambda's managed instances, as many invocations run at once.
//
// The shutdown functions run one after the other when Lambda ends the process, which it does with a SIGTERM only where
// an extension is registered: aws-lambda-go registers one within the process if there are any, and none otherwise, as
// that makes the start slower. They have [Grace] together.
func Start(handler func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error), shutdown ...func(context.Context) error) {
	var options []lambda.Option
	if len(shutdown) > 0 {
		options = append(options, lambda.WithEnableSIGTERM(func() {
			status := 0
			if err := end(shutdown); err != nil {
				slog.Error("shutdown", "error", err)
				status = 1
			}
			os.Exit(status) //nolint:forbidigo // a SIGTERM ends a process, and Start is not waiting for it
		}))
	}
	_ = os.Setenv("FNGEN_RUNTIME", "lambda") // package db opens the database of DATABASE_URL only here
	lambda.StartWithOptions(entry(handler), options...)
}

// Grace is what shutdown functions have. Lambda kills the process 500 ms after the SIGTERM, and already after 300 ms
// where the function has external extensions too.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html and
// https://github.com/aws-samples/graceful-shutdown-with-aws-lambda
const Grace = 400 * time.Millisecond

func end(shutdown []func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), Grace)
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		var all error
		for _, f := range shutdown {
			all = errors.Join(all, f(ctx))
		}
		ended <- all
	}()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done(): // for those that do not look at it
		return ctx.Err()
	}
}

// An entry is a lambda.Handler.
type entry func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

func (e entry) Invoke(ctx context.Context, received []byte) ([]byte, error) {
	event, kind, err := payload.Decode(received)
	if err != nil {
		return nil, err
	}
	response, err := e.call(ctx, event)
	if err != nil {
		return nil, err
	}
	answer, err := kind.Encode(response)
	if err != nil {
		slog.ErrorContext(ctx, "malformed response", "error", err, "requestId", requestID(ctx))
		return kind.Encode(payload.BadGateway())
	}
	return answer, nil
}

// call makes an error of a panic. aws-lambda-go would report it and exit.
func (e entry) call(ctx context.Context, event events.APIGatewayProxyRequest) (response events.APIGatewayProxyResponse, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = messages.InvokeResponse_Error{
				Message:    fmt.Sprint(value),
				Type:       typeName(value),
				StackTrace: stack(),
			}
		}
	}()
	return e(ctx, event)
}

// typeName names the type of a panic's value as aws-lambda-go does.
func typeName(value any) string {
	t := reflect.TypeOf(value)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// stack is where the panic came from, as Lambda's reports have it.
func stack() []*messages.InvokeResponse_Error_StackFrame {
	counters := make([]uintptr, 32)
	n := runtime.Callers(3, counters) // without Callers, stack and call's deferred function
	frames := runtime.CallersFrames(counters[:n])
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
