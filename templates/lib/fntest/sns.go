package fntest

import (
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// SNS returns the event with which an SNS topic delivers a message. A string or
// byte slice is sent unchanged, and any other value is encoded as JSON.
func SNS(message any) events.SNSEvent {
	const topic = "arn:aws:sns:us-east-1:123456789012:test"
	return events.SNSEvent{Records: []events.SNSEventRecord{{
		EventVersion:         "1.0",
		EventSubscriptionArn: topic + ":00000000-0000-4000-8000-000000000001",
		EventSource:          "aws:sns",
		SNS: events.SNSEntity{
			Type:      "Notification",
			MessageID: "00000000-0000-4000-8000-000000000001",
			TopicArn:  topic,
			Message:   payload(message),
			Timestamp: time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC),
		},
	}}}
}
