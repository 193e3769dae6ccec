package trigger_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/queue"
	"github.com/fngen/fngen/templates/lib/schedule"
	"github.com/fngen/fngen/templates/runtime/eventsource"
	"github.com/fngen/fngen/templates/runtime/trigger"
)

// sample returns an event that AWS sent, from the tests of aws-lambda-go.
func sample(tb testing.TB, name string) string {
	tb.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-lambda-go").Output()
	require.NoError(tb, err)
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "events/testdata", name))
	require.NoError(tb, err)
	return string(data)
}

// An event as EventBridge sends it:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
const objectCreated = `{"version":"0","id":"17793124-05d4-b198-2fde-7ededc63b103","detail-type":"Object Created",
"source":"aws.s3","account":"111122223333","time":"2021-11-12T00:00:00Z","region":"ca-central-1",
"resources":["arn:aws:s3:::photos"],"detail":{"version":"0","bucket":{"name":"photos"},
"object":{"key":"a b/ü+1%.jpg","size":5,"etag":"b1946ac92492d2347c6235b4d2611184",
"version-id":"IYV3p45BT0ac8hjHg1houSdS1a.Mro8e","sequencer":"617f08299329d189"},"request-id":"N4N7GDK58NMKJ12R",
"requester":"123456789012","source-ip-address":"1.2.3.4","reason":"PutObject"}}`

const tick = `{"schedule":"0 3 * * *","time":"2026-01-31T03:00:00Z","id":"a1"}`

// Functions take the events of their kind and refuse all others by name.
func TestInvoke(t *testing.T) {
	samples := map[string]struct{ event, service string }{
		trigger.Schedule:    {tick, "from Amazon EventBridge Scheduler (schedule)"},
		trigger.Queue:       {sample(t, "sqs-event.json"), "from Amazon SQS (aws:sqs)"},
		trigger.S3:          {sample(t, "s3-event.json"), "from Amazon S3 (aws:s3)"},
		trigger.SNS:         {sample(t, "sns-event.json"), "from Amazon SNS (aws:sns)"},
		trigger.EventBridge: {objectCreated, "from Amazon EventBridge (Object Created)"},
		trigger.DynamoDB:    {sample(t, "dynamodb-event.json"), "from Amazon DynamoDB (aws:dynamodb)"},
		trigger.Kinesis:     {sample(t, "kinesis-event.json"), "from Amazon Kinesis (aws:kinesis)"},
		"REST API":          {sample(t, "apigw-request.json"), "from an HTTP client (httpMethod)"},
		"HTTP API":          {sample(t, "apigw-v2-request-iam.json"), "from an HTTP client (rawPath)"},
		"load balancer":     {sample(t, "alb-lambda-target-request-headers-only.json"), "from an HTTP client (httpMethod)"},
		"logs":              {sample(t, "cloudwatch-logs-event.json"), "from Amazon CloudWatch Logs (awslogs)"},
		"empty":             {`{}`, "of an unknown type"},
		"no records":        {`{"Records":[]}`, "of an unknown type"},
		"broken":            {`{"Records":[{"eventSource":"aws:sq`, "not a JSON object: unexpected end of JSON input"},
		"text":              {`"x"`, "not a JSON object: "},
	}
	kinds := map[string]string{
		trigger.Schedule: "runs of a schedule", trigger.Queue: "messages of Amazon SQS", trigger.S3: "events of Amazon S3",
		trigger.SNS: "notifications of Amazon SNS", trigger.EventBridge: "events of Amazon EventBridge",
		trigger.DynamoDB: "records of Amazon DynamoDB streams", trigger.Kinesis: "records of Amazon Kinesis streams",
	}
	for kind, handles := range kinds {
		for name, test := range samples {
			called := false
			f := trigger.Function{Name: "f", Kind: kind, Call: func(context.Context, []byte) ([]byte, error) {
				called = true
				return nil, nil
			}}
			_, err := f.Invoke(t.Context(), []byte(test.event))
			if kind == name || kind == trigger.S3 && name == trigger.EventBridge {
				assert.NoError(t, err, "%s of %s", kind, name)
				assert.True(t, called, "%s of %s", kind, name)
				continue
			}
			assert.False(t, called, "%s of %s", kind, name)
			var unsupported *eventsource.UnsupportedEventError
			require.ErrorAs(t, err, &unsupported, "%s of %s", kind, name)
			assert.ErrorContains(t, err, "fngen: the function handles "+handles+", but the event is "+test.service)
		}
	}
}

func TestObjectEvents(t *testing.T) {
	var got events.S3Event
	f := trigger.Function{Kind: trigger.S3, Call: trigger.Event(func(_ context.Context, e events.S3Event) error {
		got = e
		return nil
	})}
	_, err := f.Invoke(t.Context(), []byte(objectCreated))
	require.NoError(t, err)
	require.Len(t, got.Records, 1)
	assert.Equal(t, events.S3EventRecord{
		EventVersion: "2.1", EventSource: "aws:s3", AWSRegion: "ca-central-1", EventName: "ObjectCreated:Put",
		EventTime:         time.Date(2021, 11, 12, 0, 0, 0, 0, time.UTC),
		PrincipalID:       events.S3UserIdentity{PrincipalID: "123456789012"},
		RequestParameters: events.S3RequestParameters{SourceIPAddress: "1.2.3.4"},
		ResponseElements:  map[string]string{"x-amz-request-id": "N4N7GDK58NMKJ12R"},
		S3: events.S3Entity{
			SchemaVersion: "1.0", ConfigurationID: "17793124-05d4-b198-2fde-7ededc63b103",
			Bucket: events.S3Bucket{Name: "photos", Arn: "arn:aws:s3:::photos"},
			Object: events.S3Object{
				Key: "a+b/%C3%BC%2B1%25.jpg", URLDecodedKey: "a b/ü+1%.jpg", Size: 5, ETag: "b1946ac92492d2347c6235b4d2611184",
				VersionID: "IYV3p45BT0ac8hjHg1houSdS1a.Mro8e", Sequencer: "617f08299329d189",
			},
		},
	}, got.Records[0])

	const event = `{"source":"aws.s3","detail-type":%q,"detail":{"bucket":{"name":"b"},"object":{"key":"k"},` +
		`"reason":%q,"deletion-type":%q}}`
	for _, test := range [][]string{
		{"Object Created", "POST Object", "", "ObjectCreated:Post"},
		{"Object Created", "CopyObject", "", "ObjectCreated:Copy"},
		{"Object Created", "CompleteMultipartUpload", "", "ObjectCreated:CompleteMultipartUpload"},
		{"Object Deleted", "DeleteObject", "Permanently Deleted", "ObjectRemoved:Delete"},
		{"Object Deleted", "DeleteObject", "Delete Marker Created", "ObjectRemoved:DeleteMarkerCreated"},
		{"Object Deleted", "Lifecycle Expiration", "Permanently Deleted", "LifecycleExpiration:Delete"},
		{"Object Restore Completed", "", "", "ObjectRestore:Completed"},
		{"Object Tags Added", "", "", "ObjectTagging:Put"},
		{"Object ACL Updated", "", "", "ObjectAcl:Put"},
	} {
		_, err := f.Invoke(t.Context(), fmt.Appendf(nil, event, test[0], test[1], test[2]))
		require.NoError(t, err)
		assert.Equal(t, test[3], got.Records[0].EventName)
	}
	for _, refused := range []string{
		fmt.Sprintf(event, "Object Painted", "", ""),
		`{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":{"name":"b"}}}`,
		strings.Replace(objectCreated, "aws.s3", "aws.ec2", 1),
	} {
		_, err := f.Invoke(t.Context(), []byte(refused))
		assert.ErrorContains(t, err, "from Amazon EventBridge (Object ")
	}
}

func TestFuncs(t *testing.T) {
	var got schedule.Tick
	call := trigger.Event(func(_ context.Context, tick schedule.Tick) error {
		got = tick
		if tick.ID == "bad" {
			return errors.New("no disk")
		}
		return nil
	})
	response, err := call(t.Context(), []byte(tick))
	require.NoError(t, err)
	assert.Equal(t, "null", string(response))
	want := schedule.Tick{Schedule: "0 3 * * *", Time: time.Date(2026, 1, 31, 3, 0, 0, 0, time.UTC), ID: "a1"}
	assert.Equal(t, want, got)
	_, err = call(t.Context(), []byte(`{"id":"bad"}`))
	assert.EqualError(t, err, "no disk")
	_, err = call(t.Context(), []byte(`{"time":"soon"}`))
	assert.ErrorContains(t, err, "fngen: decoding event: ")

	batch := trigger.Batch(queue.Each(func(_ context.Context, m queue.Message[int]) error {
		if m.Body == 2 {
			return errors.New("two")
		}
		return nil
	}))
	response, err = batch(t.Context(), []byte(`{"Records":[{"messageId":"a","body":"1"},{"messageId":"b","body":"2"}]}`))
	require.NoError(t, err)
	assert.JSONEq(t, `{"batchItemFailures":[{"itemIdentifier":"b"}]}`, string(response))
}

type order struct {
	ID    int      `json:"id"`
	Items []string `json:"items"`
}

// batchOf returns the event of a batch of messages.
func batchOf(tb testing.TB, n int) []byte {
	var e events.SQSEvent
	for i := range n {
		e.Records = append(e.Records, events.SQSMessage{
			MessageId: fmt.Sprint("message-", i), EventSource: "aws:sqs", ReceiptHandle: strings.Repeat("h", 180),
			Body:       fmt.Sprintf(`{"id":%d,"items":["one","two","three"]}`, i),
			Attributes: map[string]string{"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183"},
		})
	}
	data, err := json.Marshal(e)
	require.NoError(tb, err)
	return data
}

// BenchmarkBatch compares a batch of 10,000 messages with a loop that decodes
// them and calls the handler. The limit of the ratio is 1.3.
func BenchmarkBatch(b *testing.B) {
	const size = 10_000
	data := batchOf(b, size)
	sum := 0
	f := trigger.Function{Kind: trigger.Queue, Call: trigger.Batch(
		queue.Each(func(_ context.Context, m queue.Message[order]) error {
			sum += m.Body.ID
			return nil
		}))}
	loop := func() {
		var e events.SQSEvent
		if err := json.Unmarshal(data, &e); err != nil {
			b.Fatal(err)
		}
		for _, m := range e.Records {
			var o order
			if err := json.Unmarshal([]byte(m.Body), &o); err != nil {
				b.Fatal(err)
			}
			sum += o.ID
		}
	}
	invoke := func() {
		if _, err := f.Invoke(b.Context(), data); err != nil {
			b.Fatal(err)
		}
	}
	best := func(best time.Duration, f func()) time.Duration {
		start := time.Now()
		f()
		return min(best, time.Since(start))
	}
	looped, invoked := time.Hour, time.Hour
	for b.Loop() {
		looped, invoked = best(looped, loop), best(invoked, invoke)
	}
	b.ReportMetric(float64(invoked)/float64(looped), "ratio")
	b.ReportMetric(float64(invoked.Nanoseconds())/size, "ns/message")
}

func TestFailed(t *testing.T) {
	for _, test := range []struct {
		response string
		ids      []string
	}{
		{`{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"}]}`, []string{"a", "b"}},
		{`{"batchItemFailures":[]}`, nil},
		{`{"statusCode":200}`, nil},
		{`"done"`, nil},
		{`null`, nil},
		{`{"batchItemFailures":"none"}`, nil},
	} {
		assert.Equal(t, test.ids, trigger.Failed([]byte(test.response)), test.response)
	}
}
