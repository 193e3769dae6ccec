// Package trigger calls functions that are not called over HTTP: by a schedule,
// by the messages of a queue, or by the events of an AWS service. It passes them
// events as AWS Lambda does, and refuses those of other services.
package trigger

import (
	"context"
	"encoding/json"
	"fmt"
)

// A Func handles an event and returns its response, both in JSON.
type Func func(ctx context.Context, event []byte) (response []byte, err error)

// Event returns a Func for a handler without a response, which is null.
func Event[E any](handler func(context.Context, E) error) Func {
	return func(ctx context.Context, data []byte) ([]byte, error) {
		event, err := decode[E](data)
		if err != nil {
			return nil, err
		}
		if err := handler(ctx, event); err != nil {
			return nil, err
		}
		return []byte("null"), nil
	}
}

// Batch returns a Func for a handler with a response, such as the messages of a
// batch that failed.
func Batch[E, R any](handler func(context.Context, E) (R, error)) Func {
	return func(ctx context.Context, data []byte) ([]byte, error) {
		event, err := decode[E](data)
		if err != nil {
			return nil, err
		}
		response, err := handler(ctx, event)
		if err != nil {
			return nil, err
		}
		encoded, err := json.Marshal(response)
		if err != nil {
			return nil, fmt.Errorf("fngen: encoding response: %w", err)
		}
		return encoded, nil
	}
}

func decode[E any](data []byte) (event E, err error) {
	if err := json.Unmarshal(data, &event); err != nil {
		return event, fmt.Errorf("fngen: decoding event: %w", err)
	}
	return event, nil
}

// Failed returns the IDs of the messages that failed, from the response of a
// function that handles batches. Of any other response, it returns none.
func Failed(response []byte) []string {
	var batch struct {
		Failures []struct {
			ID string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if json.Unmarshal(response, &batch) != nil {
		return nil
	}
	var ids []string
	for _, failure := range batch.Failures {
		ids = append(ids, failure.ID)
	}
	return ids
}

// The kinds of functions, by what calls them. Those after Queue take events of
// the AWS service of that name.
const (
	Schedule    = "schedule" // a schedule
	Queue       = "queue"    // messages of an Amazon SQS queue
	S3          = "s3"
	SNS         = "sns"
	EventBridge = "eventbridge"
	DynamoDB    = "dynamodb"
	Kinesis     = "kinesis"
)

// A Function is called by events of its kind.
type Function struct {
	Name     string
	Kind     string
	Schedule string // when a function of the kind Schedule runs
	Call     Func   // handles events of the kind

	// Shutdown is called once when the program exits, after the last event.
	// It may be nil.
	Shutdown func(context.Context) error
}

// Invoke calls the function with an event as AWS Lambda passes it. If the event
// is not of the function's kind, the error is an [*eventsource.UnsupportedEventError], and the
// function is not called. Invoke does not recover from panics.
func (f Function) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	event, err := f.accept(event)
	if err != nil {
		return nil, err
	}
	return f.Call(ctx, event)
}
