package fntest

import (
	"fmt"

	"github.com/aws/aws-lambda-go/events"
)

// SQS returns the event with which Lambda delivers messages of an SQS queue. A
// string or byte slice is sent unchanged, and any other value is encoded as
// JSON.
func SQS(messages ...any) events.SQSEvent {
	return sqsEvent("arn:aws:sqs:us-east-1:123456789012:test", nil, messages)
}

// FIFO is like [SQS], for messages of one group of a FIFO queue.
func FIFO(group string, messages ...any) events.SQSEvent {
	return sqsEvent("arn:aws:sqs:us-east-1:123456789012:test.fifo", map[string]string{"MessageGroupId": group}, messages)
}

func sqsEvent(arn string, attributes map[string]string, messages []any) events.SQSEvent {
	var event events.SQSEvent
	for i, message := range messages {
		record := events.SQSMessage{
			MessageId:      fmt.Sprintf("00000000-0000-4000-8000-%012d", i+1),
			ReceiptHandle:  fmt.Sprintf("receipt-%d", i+1),
			Body:           payload(message),
			Attributes:     clone(attributes),
			EventSourceARN: arn,
			EventSource:    "aws:sqs",
			AWSRegion:      "us-east-1",
		}
		record.Attributes["ApproximateReceiveCount"] = "1"
		record.Attributes["SentTimestamp"] = "1767225600000"
		event.Records = append(event.Records, record)
	}
	return event
}

// Failed returns the indexes of the messages that the response says failed, so
// that they are delivered again.
func Failed(event events.SQSEvent, response events.SQSEventResponse) []int {
	var failed []int
	for i, message := range event.Records {
		for _, failure := range response.BatchItemFailures {
			if failure.ItemIdentifier == message.MessageId {
				failed = append(failed, i)
				break
			}
		}
	}
	return failed
}
