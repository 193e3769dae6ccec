// Package importfn is a serverless function.
package importfn

import (
	"context"
	"log/slog"

	"example.com/golden/api/src/lib/queue"
)

// Queue is the name of the queue whose messages Handler receives.
const Queue = "jobs-import"

// Handler calls handle for each message of a batch and reports those that
// failed, so that the queue sends only them again. A message fails if handle
// returns an error or panics, if its body does not decode, or if time runs out.
var Handler = queue.Each(handle)

// payload is the JSON body of a message. Add its fields, such as
// ID string `json:"id"`.
type payload struct{}

// handle handles one message. A message may be sent more than once: queue.Once
// ("fngen add queue/once") skips those that were handled.
func handle(ctx context.Context, message queue.Message[payload]) error {
	slog.InfoContext(ctx, "message received",
		"function", "jobs/import", "id", message.ID, "attempt", message.Attempt)

	// Replace this comment with what has to be done with message.Body.
	return nil
}
