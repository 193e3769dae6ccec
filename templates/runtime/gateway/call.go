package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// A Panic is the error that [Call] returns for a function that panicked.
type Panic struct {
	Value any
	Stack []string // one line per frame, innermost first: function, file and line
}

func (p *Panic) Error() string { return "panic: " + fmt.Sprint(p.Value) }

// Call calls fn. If fn panics, the error is a [*Panic].
func Call[R any](
	ctx context.Context, fn func(context.Context, events.APIGatewayProxyRequest) (R, error),
	event events.APIGatewayProxyRequest,
) (response R, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &Panic{Value: value, Stack: stack()}
		}
	}()
	return fn(ctx, event)
}

// Protect calls f. If f panics, the error is a [*Panic].
func Protect(f func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &Panic{Value: value, Stack: stack()}
		}
	}()
	return f()
}

// stack returns the frames between the panic and Call or Protect. It must be
// called from their deferred function.
func stack() []string {
	pcs := make([]uintptr, 128)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	deferred, more := frames.Next()
	call := strings.TrimSuffix(deferred.Function, ".func1")
	var lines []string
	for more {
		var frame runtime.Frame
		frame, more = frames.Next()
		if frame.Function == call {
			break
		}
		// Skip the runtime's own frames: gopanic, panicmem, sigpanic.
		if len(lines) == 0 && strings.HasPrefix(frame.Function, "runtime.") {
			continue
		}
		lines = append(lines, frame.Function+" "+frame.File+":"+strconv.Itoa(frame.Line))
	}
	return lines
}

// errorText returns the text of err. Unlike err.Error, it does not panic if err
// wraps a nil pointer.
func errorText(err error) string { return fmt.Sprint(err) }

// detailedError returns the body of an error response for developers.
func detailedError(err error) string {
	response := struct {
		Message string   `json:"message"`
		Error   string   `json:"error"`
		Stack   []string `json:"stack,omitempty"`
	}{Message: "Internal server error", Error: errorText(err)}
	var panicked *Panic
	if errors.As(err, &panicked) {
		response.Stack = panicked.Stack
	}
	body, err := json.Marshal(response)
	if err != nil {
		return internalError
	}
	return string(body)
}
