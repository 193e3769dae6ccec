package stream_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/fntest"
	"github.com/fngen/fngen/templates/lib/stream"
)

func captureLog(tb testing.TB) *bytes.Buffer {
	var buffer bytes.Buffer
	logger, writer, flags := slog.Default(), log.Writer(), log.Flags()
	tb.Cleanup(func() { // slog.SetDefault also redirects package log
		slog.SetDefault(logger)
		log.SetOutput(writer)
		log.SetFlags(flags)
	})
	slog.SetDefault(slog.New(slog.NewTextHandler(&buffer, nil)))
	return &buffer
}

// do does what a record says and records it.
func do(ctx context.Context, what string, done *[]string) error {
	*done = append(*done, what)
	switch what {
	case "fail":
		return errors.New("handler failed")
	case "panic":
		panic("bug")
	case "exit":
		runtime.Goexit()
	case "wait":
		<-ctx.Done()
		return ctx.Err()
	case "stuck":
		time.Sleep(time.Hour)
	}
	return nil
}

// handlers returns functions that handle a batch of each kind of stream: they do
// what the records say and return the indexes of those that the response says
// failed.
func handlers(t *testing.T, done *[]string) map[string]func(context.Context, []string) (failed []int, err error) {
	index := func(ids []string, id string) int {
		for i := range ids {
			if ids[i] == id {
				return i
			}
		}
		t.Fatalf("%q is not in the batch", id)
		return -1
	}
	return map[string]func(context.Context, []string) ([]int, error){
		"dynamodb": func(ctx context.Context, records []string) (failed []int, err error) {
			var changes []events.DynamoDBEventRecord
			for _, what := range records {
				changes = append(changes, events.DynamoDBEventRecord{Change: events.DynamoDBStreamRecord{
					NewImage: map[string]events.DynamoDBAttributeValue{"do": events.NewStringAttribute(what)},
				}})
			}
			event := fntest.DynamoDB(changes...)
			response, err := stream.DynamoDB(func(ctx context.Context, r events.DynamoDBEventRecord) error {
				return do(ctx, r.Change.NewImage["do"].String(), done)
			})(ctx, event)
			require.NotNil(t, response.BatchItemFailures)
			var ids []string
			for _, r := range event.Records {
				ids = append(ids, r.Change.SequenceNumber)
			}
			for _, f := range response.BatchItemFailures {
				failed = append(failed, index(ids, f.ItemIdentifier))
			}
			return failed, err
		},
		"kinesis": func(ctx context.Context, records []string) (failed []int, err error) {
			var data []any
			for _, what := range records {
				data = append(data, what)
			}
			event := fntest.Kinesis(data...)
			response, err := stream.Kinesis(func(ctx context.Context, r stream.Record[string]) error {
				return do(ctx, r.Data, done)
			})(ctx, event)
			require.NotNil(t, response.BatchItemFailures)
			var ids []string
			for _, r := range event.Records {
				ids = append(ids, r.Kinesis.SequenceNumber)
			}
			for _, f := range response.BatchItemFailures {
				failed = append(failed, index(ids, f.ItemIdentifier))
			}
			return failed, err
		},
	}
}

// TestPowertools compares the handlers, case by case, with what the batch
// utility of Powertools for AWS Lambda documents:
// https://docs.powertools.aws.dev/lambda/python/latest/utilities/batch/
//
// There, the records after a failure are handled too, although Lambda goes on
// with the first one that failed, so that they are handled again. Here, they are
// not.
func TestPowertools(t *testing.T) {
	for _, tt := range []struct {
		documented string
		records    string
		done       string // if not all
		failed     []int
		err        bool
	}{
		{documented: "All records successfully processed: an empty list of item failures", records: "ok ok ok"},
		{documented: "No records", records: ""},
		{
			documented: "Partial success with some exceptions: the sequence numbers that failed processing",
			records:    "ok fail ok fail", done: "ok fail", failed: []int{1},
		},
		{documented: "A panic", records: "ok ok panic ok", done: "ok ok panic", failed: []int{2}},
		{documented: "An exit", records: "ok exit ok", done: "ok exit", failed: []int{1}},
		{documented: "The last record failed", records: "ok ok fail", failed: []int{2}},
		{
			documented: "All records failed to be processed: an exception",
			records:    "fail fail", done: "fail", failed: []int{0}, err: true,
		},
		{documented: "The first record failed", records: "fail ok", done: "fail", failed: []int{0}, err: true},
	} {
		for _, kind := range []string{"dynamodb", "kinesis"} {
			t.Run(kind+" "+tt.documented, func(t *testing.T) {
				captureLog(t)
				var done []string
				failed, err := handlers(t, &done)[kind](fntest.Context(t), strings.Fields(tt.records))
				assert.Equal(t, tt.failed, failed)
				assert.Equal(t, tt.err, err != nil, err)
				if tt.done == "" {
					tt.done = tt.records
				}
				assert.Equal(t, tt.done, strings.Join(done, " "))
			})
		}
	}
}

func TestDeadline(t *testing.T) {
	for _, kind := range []string{"dynamodb", "kinesis"} {
		for what, want := range map[string]time.Duration{"wait": 29 * time.Second, "stuck": 29500 * time.Millisecond} {
			synctest.Test(t, func(t *testing.T) {
				captureLog(t)
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				start := time.Now()
				failed, err := handlers(t, new([]string))[kind](ctx, []string{"ok", what, "ok"})
				require.NoError(t, err)
				assert.Equal(t, []int{1}, failed)
				assert.Equal(t, want, time.Since(start))
				time.Sleep(time.Hour) // until the handler is done
			})
		}
	}
}

func TestKinesis(t *testing.T) {
	type reading struct{ Celsius float64 }
	event := fntest.Kinesis(reading{21.5}, "secret", reading{22})
	output := captureLog(t)
	var got []stream.Record[reading]
	handler := stream.Kinesis(func(_ context.Context, r stream.Record[reading]) error { got = append(got, r); return nil })
	response, err := handler(fntest.Context(t), event)
	require.NoError(t, err)
	assert.Equal(t, []events.KinesisBatchItemFailure{{ItemIdentifier: event.Records[1].Kinesis.SequenceNumber}},
		response.BatchItemFailures, "not decodable")
	assert.Equal(t, []stream.Record[reading]{{
		SequenceNumber: event.Records[0].Kinesis.SequenceNumber, PartitionKey: "test", Data: reading{21.5},
		Kinesis: event.Records[0],
	}}, got)
	assert.Contains(t, output.String(), "id="+event.Records[1].Kinesis.SequenceNumber)
	assert.NotContains(t, output.String(), "secret")
}

// The response is what Lambda reads:
// https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
func TestResponse(t *testing.T) {
	captureLog(t)
	response, err := stream.Kinesis(func(_ context.Context, r stream.Record[string]) error {
		if r.Data == "b" {
			return io.ErrUnexpectedEOF
		}
		return nil
	})(fntest.Context(t), fntest.Kinesis("a", "b"))
	require.NoError(t, err)
	data, err := json.Marshal(response)
	require.NoError(t, err)
	assert.Regexp(t, `^{"batchItemFailures":\[{"itemIdentifier":"0+2"}\]}$`, string(data))
}
