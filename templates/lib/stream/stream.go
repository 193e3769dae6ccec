// Package stream handles the records of DynamoDB and Kinesis streams in order.
//
// A handler stops at the first record that fails and responds with its sequence
// number, so that Lambda goes on with that record. The event source mapping must
// have ReportBatchItemFailures in FunctionResponseTypes; otherwise, Lambda takes
// all records for handled.
//
// A record fails if the function returns an error or panics, if its data cannot
// be decoded, or if the invocation ends before the function returns: its context
// ends up to a second before the invocation's deadline. If the first record
// fails, the handler also returns an error, so that Lambda counts it.
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
