// Package streaminput is a serverless function.
package streaminput

import (
	"context"
	"errors"
	"io"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
)

// input is the body of a request, in JSON.
type input struct {
	Name string `json:"name"`
}

// Validate returns an error for each field that is invalid.
func (in input) Validate() error {
	var errs []error
	if in.Name == "" {
		errs = append(errs, fn.Invalid("name", "must not be empty"))
	}
	return errors.Join(errs...)
}

// Routes lists the requests that Handler answers.
var Routes = []string{"POST /streams/{id}"}

// Handler serves the requests that Routes lists.
//
// A deployed function is an open endpoint: anyone can call it. Validate
// requests, and protect anything that is not meant to be public.
func Handler(ctx context.Context, event events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "streamInput", "method", event.HTTPMethod, "path", event.Path, "parameters", event.PathParameters)

	in, err := fn.Decode[input](event)
	if err != nil {
		return fn.Buffered(fn.Problem(err))
	}

	// Each event is sent at once. Send your own until ctx is done, which it is when
	// the client disconnects.
	return fn.Stream("text/event-stream", func(w io.Writer) error {
		for _, text := range []string{"first", "second", "third"} {
			if err := fn.SendEvent(w, map[string]any{"text": text, "data": in}); err != nil {
				return err
			}
		}
		return nil
	})
}
