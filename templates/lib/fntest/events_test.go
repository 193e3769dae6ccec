package fntest_test

import (
	"encoding/json"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/fntest"
)

// Events survive the way over Lambda, as JSON.
func TestEventsAsJSON(t *testing.T) {
	image := map[string]events.DynamoDBAttributeValue{"id": events.NewStringAttribute("1")}
	roundTrip(t, fntest.SQS("a", map[string]int{"b": 1}))
	roundTrip(t, fntest.FIFO("group", "a"))
	roundTrip(t, fntest.S3("photos", "2026/crème brûlée+1.jpg"))
	roundTrip(t, fntest.SNS("hello"))
	roundTrip(t, fntest.EventBridge("Order Paid", "shop", map[string]int{"id": 1}))
	roundTrip(t, fntest.DynamoDB(events.DynamoDBEventRecord{Change: events.DynamoDBStreamRecord{NewImage: image}}))
	roundTrip(t, fntest.Kinesis("a", []byte{0xff}, map[string]int{"b": 1}))
}

func roundTrip[T any](t *testing.T, event T) {
	t.Helper()
	data, err := json.Marshal(event)
	require.NoError(t, err)
	var got T
	require.NoError(t, json.Unmarshal(data, &got))
	gotData, err := json.Marshal(got)
	require.NoError(t, err)
	assert.JSONEq(t, string(data), string(gotData))
	assert.NotContains(t, string(data), `"Records":null`)
}

func TestSQS(t *testing.T) {
	event := fntest.SQS("text", []byte("bytes"), map[string]string{"id": "<1>"})
	require.Len(t, event.Records, 3)
	var ids []string
	for _, record := range event.Records {
		ids = append(ids, record.MessageId)
		assert.Equal(t, "1", record.Attributes["ApproximateReceiveCount"])
		assert.NotContains(t, record.EventSourceARN, ".fifo")
	}
	assert.Equal(t, []string{"text", "bytes", `{"id":"<1>"}`},
		[]string{event.Records[0].Body, event.Records[1].Body, event.Records[2].Body})
	assert.Len(t, ids, 3)
	assert.NotEqual(t, ids[0], ids[1])

	failed := fntest.Failed(event, events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{
		{ItemIdentifier: ids[2]}, {ItemIdentifier: ids[0]}, {ItemIdentifier: "other"},
	}})
	assert.Equal(t, []int{0, 2}, failed)
	assert.Empty(t, fntest.Failed(event, events.SQSEventResponse{}))

	fifo := fntest.FIFO("customer-1", "a")
	assert.Regexp(t, `\.fifo$`, fifo.Records[0].EventSourceARN)
	assert.Equal(t, "customer-1", fifo.Records[0].Attributes["MessageGroupId"])
}

func TestOtherEvents(t *testing.T) {
	object := fntest.S3("photos", "a b/ü.jpg").Records[0].S3
	assert.Equal(t, "photos", object.Bucket.Name)
	assert.Equal(t, "a+b%2F%C3%BC.jpg", object.Object.Key)
	assert.Equal(t, "a b/ü.jpg", object.Object.URLDecodedKey)

	assert.Equal(t, `{"id":1}`, fntest.SNS(map[string]int{"id": 1}).Records[0].SNS.Message)

	event := fntest.EventBridge("Order Paid", "shop", map[string]int{"id": 1})
	assert.Equal(t, "Order Paid", event.DetailType)
	assert.Equal(t, "shop", event.Source)
	assert.JSONEq(t, `{"id":1}`, string(event.Detail))

	change := fntest.DynamoDB(events.DynamoDBEventRecord{}, events.DynamoDBEventRecord{EventName: "REMOVE"})
	assert.Equal(t, "INSERT", change.Records[0].EventName)
	assert.Equal(t, "REMOVE", change.Records[1].EventName)
	assert.NotEqual(t, change.Records[0].Change.SequenceNumber, change.Records[1].Change.SequenceNumber)

	data := fntest.Kinesis("a", map[string]int{"b": 1})
	assert.Equal(t, "a", string(data.Records[0].Kinesis.Data))
	assert.Equal(t, `{"b":1}`, string(data.Records[1].Kinesis.Data))
	assert.NotEqual(t, data.Records[0].Kinesis.SequenceNumber, data.Records[1].Kinesis.SequenceNumber)
}
