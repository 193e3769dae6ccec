// Package queue handles the messages of an Amazon SQS queue one by one, so that
// only those that failed are delivered again.
package queue

import (
	"context"
	"strconv"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/batch"
)

// A Message is a message whose body is a T.
type Message[T any] struct {
	ID         string // the same for each delivery of the message
	Body       T
	Attempt    int               // 1 for the first delivery
	Group      string            // the message group
	Attributes map[string]string // the message attributes, without binary ones
	SQS        events.SQSMessage // the message as Lambda received it
}

// An Option is an option of [Each].
type Option func(*batch.Batch)

// Concurrency handles up to n messages of a batch at the same time. It has no
// effect on FIFO queues.
func Concurrency(n int) Option {
	return func(b *batch.Batch) { b.Concurrency = n }
}

// Each returns a handler that calls handle for each message of an event and
// responds with the IDs of the messages that failed, which are delivered again.
// The event source mapping must have ReportBatchItemFailures in
// FunctionResponseTypes; otherwise, Lambda deletes failed messages too.
//
// A message fails if handle returns an error or panics, if its body cannot be
// decoded, or if the invocation ends before handle returns: handle's context
// ends up to a second before the invocation's deadline. Bodies are JSON, unless
// T is string, []byte or json.RawMessage, which get the body as it is.
//
// If all messages fail, the handler also returns an error, so that Lambda counts
// it. If the queue is a FIFO queue, all messages after the first that fails are
// left and fail, which keeps them in order.
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
