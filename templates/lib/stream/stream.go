// Package stream handles records of DynamoDB and Kinesis streams in order.
//
// Handlers stop at the first record that fails and respond with its sequence
// number, so that Lambda goes on with that record. The event source needs the
// function response type ReportBatchItemFailures.
//
// A record fails if the function returns an error or panics, or if its data
// cannot be decoded. The record for which the time of the invocation does not
// suffice fails too; the function's context ends a little before that. If the
// first record fails, the handler also returns an error, which counts in
// metrics.
package stream

import (
	"context"

	"github.com/fngen/fngen/templates/lib/batch"
)

// run handles a batch in order and returns the ID of the first item that
// failed, or none.
func run(ctx context.Context, b batch.Batch) (ids []string, err error) {
	b.InOrder = true
	failed, err := b.Run(ctx)
	if len(failed) > 0 {
		ids = []string{b.ID(failed[0])}
	}
	return ids, err
}
