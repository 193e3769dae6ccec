// Package eventkinesisfixtures is a serverless function.
package eventkinesisfixtures

import (
	"context"
	"log/slog"

	"example.com/golden/api/src/lib/stream"
)

// Handler calls handle for each record of a Kinesis stream, in order. If one
// fails, Handler stops and reports it, so that the records from there on are
// sent again. A record fails if handle returns an error or panics, if its data
// does not decode, or if time runs out.
var Handler = stream.Kinesis(handle)

// payload is the JSON data of a record. Add its fields, such as
// ID string `json:"id"`.
type payload struct{}

// handle handles one record. A record may be sent more than once, so handling it
// twice must do no harm.
func handle(ctx context.Context, record stream.Record[payload]) error {
	slog.InfoContext(ctx, "record received", "function", "eventKinesisFixtures", "sequence", record.SequenceNumber)

	// Replace this comment with what has to be done with record.Data.
	return nil
}
