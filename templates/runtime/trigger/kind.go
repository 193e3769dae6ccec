package trigger

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/fngen/fngen/templates/runtime/eventsource"
)

// Handles returns what functions of a kind handle, for error messages.
func Handles(kind string) string {
	return map[string]string{
		Schedule:    "runs of a schedule",
		Queue:       "messages of Amazon SQS",
		S3:          "events of Amazon S3",
		SNS:         "notifications of Amazon SNS",
		EventBridge: "events of Amazon EventBridge",
		DynamoDB:    "records of Amazon DynamoDB streams",
		Kinesis:     "records of Amazon Kinesis streams",
	}[kind]
}

// accept returns the event that the function handles: event itself, or an S3
// event if it is one of S3 that came through EventBridge. It refuses events of
// other kinds.
func (f Function) accept(event []byte) ([]byte, error) {
	source := recordSource(event)
	ok := false
	switch f.Kind {
	case Queue:
		ok = source == "aws:sqs"
	case SNS:
		ok = source == "aws:sns"
	case DynamoDB:
		ok = source == "aws:dynamodb"
	case Kinesis:
		ok = source == "aws:kinesis"
	case S3:
		if source != "aws:s3" {
			return fromEventBridge(event)
		}
		ok = true
	case EventBridge:
		var e struct {
			DetailType *string `json:"detail-type"`
		}
		ok = source == "" && json.Unmarshal(event, &e) == nil && e.DetailType != nil
	case Schedule:
		var tick struct {
			Schedule string `json:"schedule"`
			Time     string `json:"time"`
			ID       string `json:"id"`
		}
		ok = json.Unmarshal(event, &tick) == nil && tick.Schedule != "" && tick.Time != "" && tick.ID != ""
	}
	if !ok {
		return nil, eventsource.Unsupported(Handles(f.Kind), event)
	}
	return event, nil
}

// recordSource returns the service that the first record of an event is from,
// such as aws:sqs, or "" if the event has no records. It reads no more than that
// record, because a batch may be large.
func recordSource(event []byte) string {
	d := json.NewDecoder(bytes.NewReader(event))
	if start, err := d.Token(); err != nil || start != json.Delim('{') {
		return ""
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return ""
		}
		if name, ok := key.(string); !ok || !strings.EqualFold(name, "records") {
			var other json.RawMessage
			if d.Decode(&other) != nil {
				return ""
			}
			continue
		}
		var record struct {
			Source string `json:"eventSource"` // SNS has EventSource
		}
		if start, err := d.Token(); err != nil || start != json.Delim('[') || !d.More() || d.Decode(&record) != nil {
			return ""
		}
		return record.Source
	}
	return ""
}
