// Package queue handles messages of Amazon SQS one by one, so that only those
// that failed are delivered again.
package queue

import (
	"context"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/batch"
)

// A Message is a message of a queue whose body contains a T.
type Message[T any] struct {
	ID         string // the same each time the message is delivered
	Body       T
	Attempt    int               // 1 when the message is delivered first
	Group      string            // message group ID
	Attributes map[string]string // message attributes, except binary ones
	SQS        events.SQSMessage // the message as it was sent
}

// An Option changes how Each handles messages.
type Option func(*batch.Batch)

// Concurrency handles up to n messages of a batch at the same time. FIFO queues
// ignore it.
func Concurrency(n int) Option {
	return func(b *batch.Batch) { b.Concurrency = n }
}

// Each returns a handler that calls handle with each message of an event and
// responds with the IDs of those that failed. The event source needs the
// function response type ReportBatchItemFailures.
//
// A message fails if handle returns an error or panics, or if its body cannot
// be decoded. Bodies are JSON; if T is string, []byte or json.RawMessage, they
// can be anything. Messages for which the time of the invocation does not
// suffice fail too; handle's context ends a little before that.
//
// If all messages fail, the handler also returns an error, which counts in
// metrics. In a batch of a FIFO queue, all messages after the first failure fail
// without being handled, which keeps the order.
func Each[T any](
	handle func(context.Context, Message[T]) error, options ...Option,
) func(context.Context, events.SQSEvent) (events.SQSEventResponse, error) {
	return func(ctx context.Context, event events.SQSEvent) (events.SQSEventResponse, error) {
		records := event.Records
		b := batch.Batch{
			Len: len(records),
			ID:  func(i int) string { return records[i].MessageId },
			Handle: func(ctx context.Context, i int) error {
				message, err := decode[T](records[i])
				if err != nil {
					return err
				}
				return handle(ctx, message)
			},
			InOrder: len(records) > 0 && strings.HasSuffix(records[0].EventSourceARN, ".fifo"),
		}
		for _, option := range options {
			option(&b)
		}
		failed, err := b.Run(ctx)
		response := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
		for _, i := range failed {
			response.BatchItemFailures = append(response.BatchItemFailures,
				events.SQSBatchItemFailure{ItemIdentifier: records[i].MessageId})
		}
		return response, err
	}
}

func decode[T any](record events.SQSMessage) (Message[T], error) {
	m := Message[T]{
		ID:      record.MessageId,
		Attempt: 1,
		Group:   record.Attributes["MessageGroupId"],
		SQS:     record,
	}
	if n, err := strconv.Atoi(record.Attributes["ApproximateReceiveCount"]); err == nil {
		m.Attempt = n
	}
	for name, attribute := range record.MessageAttributes {
		if attribute.StringValue != nil {
			if m.Attributes == nil {
				m.Attributes = map[string]string{}
			}
			m.Attributes[name] = *attribute.StringValue
		}
	}
	return m, batch.Decode([]byte(record.Body), &m.Body)
}
