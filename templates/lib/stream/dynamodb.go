package stream

import (
	"context"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/batch"
)

// DynamoDB returns a handler that calls handle for each record of a DynamoDB
// stream.
func DynamoDB(
	handle func(context.Context, events.DynamoDBEventRecord) error,
) func(context.Context, events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
	return func(ctx context.Context, event events.DynamoDBEvent) (events.DynamoDBEventResponse, error) {
		records := event.Records
		failed, err := run(ctx, batch.Batch{
			Len:    len(records),
			ID:     func(i int) string { return records[i].Change.SequenceNumber },
			Handle: func(ctx context.Context, i int) error { return handle(ctx, records[i]) },
		})
		response := events.DynamoDBEventResponse{BatchItemFailures: []events.DynamoDBBatchItemFailure{}}
		for _, id := range failed {
			response.BatchItemFailures = append(response.BatchItemFailures,
				events.DynamoDBBatchItemFailure{ItemIdentifier: id})
		}
		return response, err
	}
}
