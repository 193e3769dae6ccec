package fntest

import (
	"fmt"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Kinesis returns the event with which Lambda delivers records of a Kinesis data
// stream. A string or byte slice is sent unchanged, and any other value is
// encoded as JSON.
func Kinesis(data ...any) events.KinesisEvent {
	var event events.KinesisEvent
	for i, v := range data {
		sequenceNumber := fmt.Sprintf("%056d", i+1)
		event.Records = append(event.Records, events.KinesisEventRecord{
			AwsRegion:      "us-east-1",
			EventID:        "shardId-000000000000:" + sequenceNumber,
			EventName:      "aws:kinesis:record",
			EventSource:    "aws:kinesis",
			EventSourceArn: "arn:aws:kinesis:us-east-1:123456789012:stream/test",
			EventVersion:   "1.0",
			Kinesis: events.KinesisRecord{
				ApproximateArrivalTimestamp: events.SecondsEpochTime{
					Time: time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC),
				},
				Data:                 []byte(payload(v)),
				PartitionKey:         "test",
				SequenceNumber:       sequenceNumber,
				KinesisSchemaVersion: "1.0",
			},
		})
	}
	return event
}
