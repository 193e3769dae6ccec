// Package lambdastart has what all programs for AWS Lambda share: the start of
// the runtime's client, with shutdown functions, and the report of a panic.
package lambdastart

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

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambda/messages"
)

// Start passes each invocation to handler, which is a lambda.Handler or a
// function that lambda.Start accepts. It does not return. If
// AWS_LAMBDA_MAX_CONCURRENCY is greater than 1, as on Lambda Managed Instances,
// that many invocations run concurrently.
//
// The shutdown functions run one after the other when Lambda terminates the
// process. They have [Grace] in total. Lambda sends SIGTERM only if an
// extension is registered. aws-lambda-go therefore registers an internal
// extension if there are shutdown functions, which makes the cold start slower.
func Start(handler any, shutdown ...func(context.Context) error) {
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
	lambda.StartWithOptions(handler, options...)
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

// Panic returns the error that reports a panic with the given value to Lambda.
// It must be called from the deferred function that recovered. aws-lambda-go
// would report a panic and exit, although other invocations may be running in
// the process.
func Panic(value any) error {
	return messages.InvokeResponse_Error{
		Message:    fmt.Sprint(value),
		Type:       typeName(value),
		StackTrace: stack(),
	}
}

// typeName returns the type of a panic's value as aws-lambda-go names it.
func typeName(value any) string {
	t := reflect.TypeOf(value)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Name()
}

// stack returns the stack of a panic in Lambda's format.
func stack() []*messages.InvokeResponse_Error_StackFrame {
	pcs := make([]uintptr, 32)
	n := runtime.Callers(4, pcs) // skips Callers, stack, Panic and the deferred function
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
