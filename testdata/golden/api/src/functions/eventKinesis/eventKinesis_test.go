package eventkinesis

import (
	"slices"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
)

func TestHandler(t *testing.T) {
	standard.Run(t, "handles all records", func(t *scenario.T, s *Scenario) {
		response, err := Handler(fntest.Context(t), fntest.Kinesis(payload{}, payload{}))
		if err != nil {
			t.Fatalf("Handler: %v", err)
		}
		if failed := response.BatchItemFailures; len(failed) > 0 {
			t.Errorf("failed records = %v, want none", failed)
		}
	})

	standard.Run(t, "reports the first failed record", func(t *scenario.T, s *Scenario) {
		event := fntest.Kinesis(payload{}, "not JSON", payload{}, "not JSON")
		response, err := Handler(fntest.Context(t), event)
		if err != nil {
			t.Fatalf("Handler: %v", err)
		}
		want := []events.KinesisBatchItemFailure{{ItemIdentifier: event.Records[1].Kinesis.SequenceNumber}}
		if failed := response.BatchItemFailures; !slices.Equal(failed, want) {
			t.Errorf("failed records = %v, want %v", failed, want)
		}
	})
}
