package delivery

import (
	"encoding/json"
	"testing"
	"time"

	lambdaevents "github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEvents checks that each sample is an event as aws-lambda-go decodes it,
// with nothing that it does not know.
func TestEvents(t *testing.T) {
	at := time.Date(2026, 7, 1, 12, 30, 0, 0, time.UTC)
	for kind, check := range map[string]func(t *testing.T, data []byte){
		"s3": func(t *testing.T, data []byte) {
			var e lambdaevents.S3Event
			require.NoError(t, json.Unmarshal(data, &e))
			require.Len(t, e.Records, 1)
			assert.Equal(t, "aws:s3", e.Records[0].EventSource)
			assert.Equal(t, at, e.Records[0].EventTime)
			assert.Equal(t, "summer/beach 1.jpg", e.Records[0].S3.Object.URLDecodedKey)
		},
		"sns": func(t *testing.T, data []byte) {
			var e lambdaevents.SNSEvent
			require.NoError(t, json.Unmarshal(data, &e))
			require.Len(t, e.Records, 1)
			assert.Equal(t, at, e.Records[0].SNS.Timestamp)
			assert.JSONEq(t, `{"id":7,"status":"PLACED"}`, e.Records[0].SNS.Message)
		},
		"eventbridge": func(t *testing.T, data []byte) {
			var e lambdaevents.EventBridgeEvent
			require.NoError(t, json.Unmarshal(data, &e))
			assert.Equal(t, at, e.Time)
			assert.NotEmpty(t, e.DetailType)
			assert.True(t, json.Valid(e.Detail))
		},
		"dynamodb": func(t *testing.T, data []byte) {
			var e lambdaevents.DynamoDBEvent
			require.NoError(t, json.Unmarshal(data, &e))
			require.Len(t, e.Records, 1)
			change := e.Records[0].Change
			assert.Equal(t, at, change.ApproximateCreationDateTime.UTC())
			assert.Equal(t, e.Records[0].EventName != "REMOVE", change.NewImage != nil)
			assert.Equal(t, e.Records[0].EventName != "INSERT", change.OldImage != nil)
			assert.Regexp(t, `^\d+$`, change.SequenceNumber)
		},
		"kinesis": func(t *testing.T, data []byte) {
			var e lambdaevents.KinesisEvent
			require.NoError(t, json.Unmarshal(data, &e))
			require.Len(t, e.Records, 1)
			assert.JSONEq(t, `{"id":7,"status":"PLACED"}`, string(e.Records[0].Kinesis.Data))
			assert.Len(t, e.Records[0].Kinesis.SequenceNumber, 56)
		},
	} {
		names := Events(kind)
		require.NotEmpty(t, names, kind)
		for _, name := range names {
			t.Run(kind+"/"+name, func(t *testing.T) {
				data, err := Event(kind, name, at, [16]byte{1, 2, 3})
				require.NoError(t, err)
				assert.NotContains(t, string(data), "${")
				check(t, data)
				other, err := Event(kind, name, at, [16]byte{4, 5, 6})
				require.NoError(t, err)
				if kind != "s3" || name != "delete" {
					assert.NotEqual(t, data, other, "the ID is random")
				}
			})
		}
	}
	_, err := Event("s3", "nothing", at, [16]byte{})
	require.EqualError(t, err, `unknown sample "nothing" of s3, want one of delete, put`)
}
