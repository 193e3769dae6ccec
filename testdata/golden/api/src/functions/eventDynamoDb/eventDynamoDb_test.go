package eventdynamodb

import (
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
)

func TestHandler(t *testing.T) {
	standard.Run(t, "handles all changes", func(t *scenario.T, s *Scenario) {
		event := fntest.DynamoDB(change("INSERT"), change("MODIFY"), change("REMOVE"))
		response, err := Handler(fntest.Context(t), event)
		if err != nil {
			t.Fatalf("Handler: %v", err)
		}
		if failed := response.BatchItemFailures; len(failed) > 0 {
			t.Errorf("failed changes = %v, want none", failed)
		}
	})

	standard.Run(t, "reports the first failed change", func(t *scenario.T, s *Scenario) {
		event := fntest.DynamoDB(change("INSERT"), change("UNKNOWN"), change("INSERT"), change("UNKNOWN"))
		response, err := Handler(fntest.Context(t), event)
		if err != nil {
			t.Fatalf("Handler: %v", err)
		}
		want := []events.DynamoDBBatchItemFailure{{ItemIdentifier: event.Records[1].Change.SequenceNumber}}
		if failed := response.BatchItemFailures; !slices.Equal(failed, want) {
			t.Errorf("failed changes = %v, want %v", failed, want)
		}
	})
}

// change returns a change of an item: an INSERT, MODIFY or REMOVE.
func change(eventName string) events.DynamoDBEventRecord {
	return events.DynamoDBEventRecord{EventName: eventName}
}
