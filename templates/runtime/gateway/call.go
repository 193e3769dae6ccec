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

// A Panic is the error of a function that panicked.
type Panic struct {
	Value any
	Stack []string // the function's frames, the innermost first: name, file and line
}

func (p *Panic) Error() string { return "panic: " + fmt.Sprint(p.Value) }

// Call calls a function. A panic of it is an error, a [*Panic].
func Call(ctx context.Context, fn Function, event events.APIGatewayProxyRequest) (response events.APIGatewayProxyResponse, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &Panic{Value: value, Stack: stack()}
		}
	}()
	return fn(ctx, event)
}

// stack has the frames between the panic and Call, whose deferred function it is called in.
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
		// What comes first is how the runtime panics: gopanic, panicmem, sigpanic.
		if len(lines) == 0 && strings.HasPrefix(frame.Function, "runtime.") {
			continue
		}
		lines = append(lines, frame.Function+" "+frame.File+":"+strconv.Itoa(frame.Line))
	}
	return lines
}

// text is an error's text, also where asking for it panics, as a nil pointer's may.
func text(err error) string { return fmt.Sprint(err) }

// detail is the answer in which a developer sees what failed.
func detail(err error) string {
	answer := struct {
		Message string   `json:"message"`
		Error   string   `json:"error"`
		Stack   []string `json:"stack,omitempty"`
	}{Message: "Internal server error", Error: text(err)}
	var panicked *Panic
	if errors.As(err, &panicked) {
		answer.Stack = panicked.Stack
	}
	body, err := json.Marshal(answer)
	if err != nil {
		return internal
	}
	return string(body)
}
