package fntest

import (
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// EventBridge returns an event of an EventBridge bus. A detail that is a string
// or byte slice is JSON, and any other value is encoded as JSON.
func EventBridge(detailType, source string, detail any) events.EventBridgeEvent {
	return events.EventBridgeEvent{
		Version:    "0",
		ID:         "00000000-0000-4000-8000-000000000001",
		DetailType: detailType,
		Source:     source,
		AccountID:  "123456789012",
		Time:       time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC),
		Region:     "us-east-1",
		Detail:     []byte(payload(detail)),
	}
}
