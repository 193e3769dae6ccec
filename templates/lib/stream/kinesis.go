package stream

import (
	"context"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/batch"
)

// A Record is a record of a Kinesis data stream whose data is a T.
type Record[T any] struct {
	SequenceNumber string
	PartitionKey   string
	Data           T
	Kinesis        events.KinesisEventRecord // the record as Lambda received it
}

// Kinesis returns a handler that calls handle for each record of a Kinesis data
// stream. Data is JSON, unless T is string, []byte or json.RawMessage, which get
// it as it is.
func Kinesis[T any](
	handle func(context.Context, Record[T]) error,
) func(context.Context, events.KinesisEvent) (events.KinesisEventResponse, error) {
	return func(ctx context.Context, event events.KinesisEvent) (events.KinesisEventResponse, error) {
		records := event.Records
		failed, err := run(ctx, batch.Batch{
			Len: len(records),
			ID:  func(i int) string { return records[i].Kinesis.SequenceNumber },
			Handle: func(ctx context.Context, i int) error {
				record := Record[T]{
					SequenceNumber: records[i].Kinesis.SequenceNumber,
					PartitionKey:   records[i].Kinesis.PartitionKey,
					Kinesis:        records[i],
				}
				if err := batch.Decode(records[i].Kinesis.Data, &record.Data); err != nil {
					return err
				}
				return handle(ctx, record)
			},
		})
		response := events.KinesisEventResponse{BatchItemFailures: []events.KinesisBatchItemFailure{}}
		for _, id := range failed {
			response.BatchItemFailures = append(response.BatchItemFailures,
				events.KinesisBatchItemFailure{ItemIdentifier: id})
		}
		return response, err
	}
}
