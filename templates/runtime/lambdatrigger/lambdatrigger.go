// Package lambdatrigger runs a function on AWS Lambda that is not called over
// HTTP.
//
// If the function returns an error or panics, the invocation fails, as with
// lambda.Start. Unlike there, a panic does not end the process, because other
// invocations may be running in it (AWS_LAMBDA_MAX_CONCURRENCY). An event of
// another service fails the invocation with an error that names the service.
package lambdatrigger

import (
	"context"

	"github.com/fngen/fngen/templates/runtime/lambdastart"
	"github.com/fngen/fngen/templates/runtime/trigger"
)

// Start calls f for each invocation. It does not return. If f has a Shutdown, it
// runs when Lambda terminates the process, as [lambdastart.Start] says.
func Start(f trigger.Function) {
	if f.Shutdown == nil {
		lambdastart.Start(handler(f))
	} else {
		lambdastart.Start(handler(f), f.Shutdown)
	}
}

// A handler adapts a function to lambda.Handler.
type handler trigger.Function

// Invoke implements lambda.Handler. It converts a panic to an error.
func (h handler) Invoke(ctx context.Context, event []byte) (response []byte, err error) {
	defer func() {
		if value := recover(); value != nil {
			response, err = nil, lambdastart.Panic(value)
		}
	}()
	return trigger.Function(h).Invoke(ctx, event)
}
