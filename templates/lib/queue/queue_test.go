package queue_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/fntest"
	"github.com/fngen/fngen/templates/lib/once"
	"github.com/fngen/fngen/templates/lib/queue"
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

type order struct {
	ID string `json:"id"`
	Do string `json:"do"` // what the handler does
}

var errHandler = errors.New("handler failed")

// handle handles an order as it says.
func handle(_ context.Context, m queue.Message[order]) error {
	switch m.Body.Do {
	case "fail":
		return errHandler
	case "panic":
		panic("bug")
	}
	return nil
}

// do returns an order for each word. The word "undecodable" is a body that is
// not JSON.
func do(words string) []any {
	var messages []any
	for _, word := range strings.Fields(words) {
		if word == "undecodable" {
			messages = append(messages, "secret")
			continue
		}
		messages = append(messages, order{ID: "secret", Do: word})
	}
	return messages
}

// TestPowertools compares the handler, case by case, with what the batch utility
// of Powertools for AWS Lambda documents:
// https://docs.powertools.aws.dev/lambda/python/latest/utilities/batch/
func TestPowertools(t *testing.T) {
	for _, tt := range []struct {
		documented string // what the page says
		fifo       bool
		messages   string
		failed     []int
		err        bool
		differs    string // what is different here
	}{
		{
			documented: `All records successfully processed: an empty list of item failures`,
			messages:   "ok ok ok",
		},
		{
			documented: `Partial success with some exceptions: a list of all item IDs that failed processing`,
			messages:   "ok fail ok fail", failed: []int{1, 3},
		},
		{
			documented: `All records are passed to the handler, even if exceptions are thrown`,
			messages:   "panic fail ok", failed: []int{0, 1},
		},
		{
			documented: `All records failed to be processed: an exception`,
			messages:   "fail panic", failed: []int{0, 1}, err: true,
		},
		{
			documented: `A record that the model does not accept is a failure of this record`,
			messages:   "ok undecodable ok", failed: []int{1},
		},
		{
			documented: `FIFO: stop processing after the first failure; return all failed and unprocessed messages`,
			fifo:       true, messages: "ok fail ok ok", failed: []int{1, 2, 3},
		},
		{
			documented: `FIFO: the same for a record that the model does not accept`,
			fifo:       true, messages: "ok ok undecodable ok", failed: []int{2, 3},
		},
		{
			documented: `FIFO: all records failed, the first and those after it: an exception`,
			fifo:       true, messages: "fail ok", failed: []int{0, 1}, err: true,
		},
		{
			documented: `FIFO: all records successfully processed`,
			fifo:       true, messages: "ok ok",
		},
		{
			documented: `skip_group_on_error goes on with the messages of other groups`,
			differs:    "there is no such option: FIFO queues stop at the first failure, as they do by default there",
		},
		{
			documented: `The asynchronous processor starts all records at once`,
			differs:    "Concurrency has a bound, see TestConcurrency",
		},
		{
			documented: `The handler can ask the Lambda context for the remaining time`,
			differs:    "messages that are not finished in time fail, see TestDeadline; there, the whole batch times out",
		},
	} {
		if tt.differs != "" {
			continue
		}
		t.Run(tt.documented, func(t *testing.T) {
			captureLog(t)
			event := fntest.SQS(do(tt.messages)...)
			if tt.fifo {
				event = fntest.FIFO("group", do(tt.messages)...)
			}
			response, err := queue.Each(handle)(fntest.Context(t), event)
			assert.Equal(t, tt.err, err != nil, err)
			assert.Equal(t, tt.failed, fntest.Failed(event, response))
			assert.Len(t, response.BatchItemFailures, len(tt.failed))
			assert.NotNil(t, response.BatchItemFailures)
		})
	}
}

// Lambda takes these responses as AWS documents them:
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func TestResponse(t *testing.T) {
	captureLog(t)
	for messages, want := range map[string]string{
		"":        `{"batchItemFailures":[]}`,
		"ok":      `{"batchItemFailures":[]}`,
		"ok fail": `{"batchItemFailures":[{"itemIdentifier":"00000000-0000-4000-8000-000000000002"}]}`,
	} {
		response, err := queue.Each(handle)(fntest.Context(t), fntest.SQS(do(messages)...))
		require.NoError(t, err)
		data, err := json.Marshal(response)
		require.NoError(t, err)
		assert.JSONEq(t, want, string(data))
	}
}

func TestMessage(t *testing.T) {
	text, number := "blue", "7"
	record := events.SQSMessage{
		MessageId: "m-1", Body: `{"id":"o-1"}`, EventSourceARN: "arn:aws:sqs:us-east-1:123456789012:orders.fifo",
		Attributes: map[string]string{"ApproximateReceiveCount": "3", "MessageGroupId": "customer-1"},
		MessageAttributes: map[string]events.SQSMessageAttribute{
			"color":  {DataType: "String", StringValue: &text},
			"number": {DataType: "Number", StringValue: &number},
			"binary": {DataType: "Binary", BinaryValue: []byte{1}},
		},
	}
	var got []queue.Message[order]
	handler := queue.Each(func(_ context.Context, m queue.Message[order]) error { got = append(got, m); return nil })
	_, err := handler(fntest.Context(t), events.SQSEvent{Records: []events.SQSMessage{
		record, {MessageId: "m-2", Body: "{}"},
	}})
	require.NoError(t, err)
	assert.Equal(t, []queue.Message[order]{
		{
			ID: "m-1", Body: order{ID: "o-1"}, Attempt: 3, Group: "customer-1",
			Attributes: map[string]string{"color": "blue", "number": "7"}, SQS: record,
		},
		{ID: "m-2", Attempt: 1, SQS: events.SQSMessage{MessageId: "m-2", Body: "{}"}},
	}, got)
}

// bodies returns the bodies that a handler of T gets.
func bodies[T any](t *testing.T, event events.SQSEvent) []T {
	t.Helper()
	var got []T
	_, err := queue.Each(func(_ context.Context, m queue.Message[T]) error { got = append(got, m.Body); return nil })(
		fntest.Context(t), event)
	require.NoError(t, err)
	return got
}

func TestBodies(t *testing.T) {
	event := fntest.SQS(`{"id":"o-1"}`, "not JSON", "")
	assert.Equal(t, []string{`{"id":"o-1"}`, "not JSON", ""}, bodies[string](t, event))
	assert.Equal(t, [][]byte{[]byte(`{"id":"o-1"}`), []byte("not JSON"), {}}, bodies[[]byte](t, event))
	event = fntest.SQS(map[string]int{"n": 1}, 2, []string{"a"}, nil)
	event.Records[3].Body = "null"
	assert.Equal(t, []any{map[string]any{"n": 1.0}, 2.0, []any{"a"}, nil}, bodies[any](t, event))
	assert.Equal(t, []*order{{ID: "a"}, nil}, bodies[*order](t, fntest.SQS(order{ID: "a"}, "null")))
}

// Each delivery is handled for itself, even if two have the same ID.
func TestDuplicateIDs(t *testing.T) {
	captureLog(t)
	event := fntest.SQS(do("ok fail ok")...)
	event.Records[2].MessageId = event.Records[1].MessageId
	response, err := queue.Each(handle)(fntest.Context(t), event)
	require.NoError(t, err)
	assert.Equal(t, []events.SQSBatchItemFailure{{ItemIdentifier: event.Records[1].MessageId}}, response.BatchItemFailures)
}

// The log has the IDs of failed messages and nothing of their bodies.
func TestLog(t *testing.T) {
	output := captureLog(t)
	event := fntest.FIFO("group", do("ok undecodable ok")...)
	_, err := queue.Each(handle)(fntest.Context(t), event)
	require.NoError(t, err)
	assert.Contains(t, output.String(), `id=`+event.Records[1].MessageId+` reason="decoding: invalid JSON at offset 1"`)
	assert.NotContains(t, output.String(), "secret")
	assert.NotContains(t, output.String(), event.Records[2].MessageId)
}

func TestConcurrency(t *testing.T) {
	for _, tt := range []struct {
		event   events.SQSEvent
		options []queue.Option
		want    time.Duration
	}{
		{fntest.SQS(do("ok ok ok ok ok")...), nil, 5 * time.Second},
		{fntest.SQS(do("ok ok ok ok ok")...), []queue.Option{queue.Concurrency(2)}, 3 * time.Second},
		{fntest.SQS(do("ok ok ok ok ok")...), []queue.Option{queue.Concurrency(9)}, time.Second},
		{fntest.FIFO("group", do("ok ok ok ok ok")...), []queue.Option{queue.Concurrency(9)}, 5 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			_, err := queue.Each(func(context.Context, queue.Message[order]) error {
				time.Sleep(time.Second)
				return nil
			}, tt.options...)(t.Context(), tt.event)
			require.NoError(t, err)
			assert.Equal(t, tt.want, time.Since(start))
		})
	}
}

func TestDeadline(t *testing.T) {
	for _, fifo := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			captureLog(t)
			event := fntest.SQS(do("ok slow ok")...)
			if fifo {
				event = fntest.FIFO("group", do("ok slow ok")...)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			response, err := queue.Each(func(ctx context.Context, m queue.Message[order]) error {
				if m.Body.Do == "slow" {
					<-ctx.Done()
				}
				return ctx.Err()
			})(ctx, event)
			require.NoError(t, err)
			require.NoError(t, ctx.Err(), "the response is in time")
			assert.Equal(t, []int{1, 2}, fntest.Failed(event, response))
		})
	}
}

func TestOnce(t *testing.T) {
	captureLog(t)
	store := once.NewMemory(10)
	calls := 0
	var result error
	handler := queue.Each(queue.Once(store, func(context.Context, queue.Message[order]) error {
		calls++
		return result
	}))
	event := fntest.SQS(order{ID: "o-1"})
	deliver := func() bool {
		response, _ := handler(fntest.Context(t), event)
		return len(response.BatchItemFailures) == 0
	}
	result = errHandler
	assert.False(t, deliver())
	result = nil
	assert.True(t, deliver(), "after a failure")
	assert.True(t, deliver(), "duplicate")
	assert.Equal(t, 2, calls)

	_, err := store.Handle(t.Context(), "m-2", func(context.Context) bool {
		event.Records[0].MessageId = "m-2"
		assert.False(t, deliver(), "a message that is being handled is delivered again")
		return true
	})
	require.NoError(t, err)
	assert.True(t, deliver())
	assert.Equal(t, 2, calls)
}

type failingStore struct{}

func (failingStore) Handle(context.Context, string, func(context.Context) bool) (once.Outcome, error) {
	return 0, errors.New("no connection")
}

func TestOnceStoreFails(t *testing.T) {
	err := queue.Once(failingStore{}, handle)(t.Context(), queue.Message[order]{ID: "m-1"})
	require.EqualError(t, err, "queue: message store: no connection")
}

// Without Concurrency, messages are handled in the order of the batch.
func TestOrder(t *testing.T) {
	const n = 1000
	var messages []any
	for i := range n {
		messages = append(messages, fmt.Sprint(i))
	}
	got := bodies[int](t, fntest.SQS(messages...))
	assert.Len(t, got, n)
	assert.True(t, slices.IsSorted(got))
}

func FuzzEach(f *testing.F) {
	f.Add("m-1", `{"id":"o-1"}`, "1", "arn:aws:sqs:us-east-1:123456789012:orders")
	f.Add("", "[", "", "x.fifo")
	slog.SetDefault(slog.New(slog.DiscardHandler))
	f.Fuzz(func(t *testing.T, id, body, count, arn string) {
		event := events.SQSEvent{Records: []events.SQSMessage{
			{MessageId: id, Body: body, Attributes: map[string]string{"ApproximateReceiveCount": count}, EventSourceARN: arn},
			{MessageId: "last", Body: "{}", EventSourceARN: arn},
		}}
		calls := 0
		response, err := queue.Each(func(context.Context, queue.Message[order]) error { calls++; return nil })(
			t.Context(), event)
		valid := json.Unmarshal([]byte(body), new(order)) == nil
		failed := map[bool]int{true: 0, false: 1}[valid]
		if !valid && strings.HasSuffix(arn, ".fifo") {
			failed = 2
		}
		if len(response.BatchItemFailures) != failed || calls != 2-failed || (err != nil) != (failed == 2) {
			t.Fatalf("%v %v after %d calls", response, err, calls)
		}
	})
}

// BenchmarkEach reports the cost of a batch of 10,000 messages relative to a
// loop that decodes each and calls the handler. The two are interleaved, so that
// other load on the machine affects both.
func BenchmarkEach(b *testing.B) {
	type item struct {
		SKU    string `json:"sku"`
		Count  int    `json:"count"`
		Amount int64  `json:"amount"`
	}
	type order struct {
		ID       string    `json:"id"`
		Customer string    `json:"customer"`
		PaidAt   time.Time `json:"paidAt"`
		Items    []item    `json:"items"`
	}
	const n = 10_000
	var messages []any
	for i := range n {
		messages = append(messages, order{
			ID: fmt.Sprint(i), Customer: "8f3c9d1e-5b7a-4c2d-9e1f-0a1b2c3d4e5f", PaidAt: time.Unix(1_800_000_000, 0).UTC(),
			Items: []item{{"pen-blue", 2, 398}, {"paper-a4", 1, 499}},
		})
	}
	event := fntest.SQS(messages...)
	total := 0
	handle := func(_ context.Context, m queue.Message[order]) error { total += len(m.Body.Items); return nil }
	handler := queue.Each(handle)

	var ratios []float64
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		if response, err := handler(b.Context(), event); err != nil || len(response.BatchItemFailures) > 0 {
			b.Fatal(response, err)
		}
		middle := time.Now()
		for _, record := range event.Records {
			m := queue.Message[order]{ID: record.MessageId}
			if err := json.Unmarshal([]byte(record.Body), &m.Body); err != nil {
				b.Fatal(err)
			}
			if err := handle(b.Context(), m); err != nil {
				b.Fatal(err)
			}
		}
		ratios = append(ratios, float64(middle.Sub(start))/float64(time.Since(middle)))
	}
	slices.Sort(ratios)
	b.ReportMetric(ratios[len(ratios)/2], "x-loop")
}
