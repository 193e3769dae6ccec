// Package stream is a serverless function.
package stream

import (
	"context"
	"io"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fn"
)

// Handler serves /stream.
//
// A deployed function is an open endpoint: anyone can call it. Validate
// requests, and protect anything that is not meant to be public.
func Handler(ctx context.Context, event events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "stream", "method", event.HTTPMethod, "path", event.Path)

	// Each event is sent at once. Send your own until ctx is done, which it is when
	// the client disconnects.
	return fn.Stream("text/event-stream", func(w io.Writer) error {
		for _, text := range []string{"first", "second", "third"} {
			if err := fn.SendEvent(w, map[string]string{"text": text}); err != nil {
				return err
			}
		}
		return nil
	})
}
