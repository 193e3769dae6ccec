package fntest

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/aws/aws-lambda-go/events"
)

// DynamoDB returns the event with which Lambda delivers records of a DynamoDB
// stream. It fills in the fields that are not set. The default event name is
// INSERT.
func DynamoDB(records ...events.DynamoDBEventRecord) events.DynamoDBEvent {
	var event events.DynamoDBEvent
	for i, record := range records {
		record.AWSRegion = cmp.Or(record.AWSRegion, "us-east-1")
		record.EventID = cmp.Or(record.EventID, fmt.Sprintf("%032x", i+1))
		record.EventName = cmp.Or(record.EventName, string(events.DynamoDBOperationTypeInsert))
		record.EventSource = cmp.Or(record.EventSource, "aws:dynamodb")
		record.EventVersion = cmp.Or(record.EventVersion, "1.1")
		record.EventSourceArn = cmp.Or(record.EventSourceArn,
			"arn:aws:dynamodb:us-east-1:123456789012:table/test/stream/2026-01-01T00:00:00.000")
		record.Change.SequenceNumber = cmp.Or(record.Change.SequenceNumber, strconv.Itoa(100001+i))
		record.Change.StreamViewType = cmp.Or(record.Change.StreamViewType,
			string(events.DynamoDBStreamViewTypeNewAndOldImages))
		event.Records = append(event.Records, record)
	}
	return event
}
