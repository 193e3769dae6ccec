package invoke

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/delivery"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/templates/lib/schedule"
)

// trigger returns the request that passes an event to a function that is not
// called over HTTP: the event of the options, a sample, or one that contains
// their data.
func (b *builder) trigger() (*request, error) {
	if err := b.checkTrigger(); err != nil {
		return nil, err
	}
	now := time.Now()
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, err
	}
	var event any
	var err error
	kind := b.function.Kind
	switch {
	case b.Event != nil:
		return b.event()
	case kind == generator.KindSchedule:
		at := b.At
		if at.IsZero() {
			at = now.Truncate(time.Second)
		}
		event = schedule.At(b.function.Schedule, at)
	case kind == generator.KindQueue:
		event, err = b.queueEvent(now, random)
	case kind == generator.KindKinesis && b.Data != nil:
		event, err = b.kinesisEvent(now)
	default:
		event, err = b.sampleEvent(now, random)
	}
	if err != nil {
		return nil, err
	}
	if b.Event, err = json.Marshal(event); err != nil {
		return nil, err
	}
	return b.event()
}

// checkTrigger returns an error for options that do not suit the function's
// kind.
func (b *builder) checkTrigger() error {
	kind := b.function.Kind
	hasData := slices.Contains([]generator.Kind{
		generator.KindQueue, generator.KindKinesis, generator.KindSNS, generator.KindEventBridge,
	}, kind)
	hasSamples := len(delivery.Events(string(kind))) > 0
	for _, option := range []struct {
		name  string
		isSet bool
	}{
		{"method", b.Method != ""},
		{"path", b.Path != ""},
		{"query", b.Query != ""},
		{"header", len(b.Header) > 0},
		{"webhook", b.Sign || b.Scheme != nil},
		{"secret", b.Secret != ""},
		{"public-url", b.PublicURL != ""},
		{"bearer", b.Bearer != ""},
		{"data", b.Data != nil && !hasData},
		{"sample", b.Sample != "" && !hasSamples},
		{"set", len(b.Set) > 0 && kind == generator.KindSchedule},
		{"at", !b.At.IsZero() && kind != generator.KindSchedule},
	} {
		if option.isSet {
			err := fmt.Errorf("%s is a function of the kind %s", b.function.Name, kind)
			return &OptionError{option.name, hint.With(err, b.triggerHint())}
		}
	}
	if len(b.Data) > 1 && kind != generator.KindQueue && kind != generator.KindKinesis {
		return &OptionError{"data", fmt.Errorf("an event of %s has one message", kind)}
	}
	return nil
}

// triggerHint returns a command that calls the function.
func (b *builder) triggerHint() string {
	command := "fngen invoke " + b.function.Name
	switch names := delivery.Events(string(b.function.Kind)); {
	case b.function.Kind == generator.KindSchedule:
		return command + " --at 2026-01-31T03:00:00Z"
	case b.function.Kind == generator.KindQueue:
		return command + " --data @message.json"
	case len(names) > 0:
		return command + " --sample " + string(b.function.Kind) + "/" + names[0]
	}
	return command
}

// queueEvent returns an event with a message for each value of the options'
// data, or with an empty JSON object. The end of a message's ID is its number.
func (b *builder) queueEvent(now time.Time, random [16]byte) (any, error) {
	messages, err := b.messages("{}")
	if err != nil {
		return nil, err
	}
	digits := hex.EncodeToString(random[:])
	sent := strconv.FormatInt(now.UnixMilli(), 10)
	var event events.SQSEvent
	for i, body := range messages {
		id := fmt.Sprintf("%s-%s-4%s-8%s-%012d", digits[:8], digits[8:12], digits[12:15], digits[15:18], i+1)
		attributes := map[string]string{
			"ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": sent, "SentTimestamp": sent,
			"SenderId": "fngen",
		}
		if generator.IsFIFO(b.function.Queue) {
			attributes["MessageGroupId"] = "fngen"
			attributes["MessageDeduplicationId"] = id
			attributes["SequenceNumber"] = fmt.Sprintf("%020d", now.UnixMicro()+int64(i))
		}
		event.Records = append(event.Records, events.SQSMessage{
			MessageId: id, ReceiptHandle: "fngen", Body: string(body), Attributes: attributes,
			MessageAttributes: map[string]events.SQSMessageAttribute{},
			EventSource:       "aws:sqs", EventSourceARN: "arn:aws:sqs:us-east-1:123456789012:" + b.function.Queue,
			AWSRegion: "us-east-1",
		})
	}
	return event, nil
}

// kinesisEvent returns an event with a record for each value of the options'
// data.
func (b *builder) kinesisEvent(now time.Time) (any, error) {
	messages, err := b.messages("")
	if err != nil {
		return nil, err
	}
	var event events.KinesisEvent
	for i, data := range messages {
		number := fmt.Sprintf("%056d", now.UnixMicro()+int64(i))
		event.Records = append(event.Records, events.KinesisEventRecord{
			EventName: "aws:kinesis:record", EventSource: "aws:kinesis", EventVersion: "1.0", AwsRegion: "us-east-1",
			EventID:        "shardId-000000000000:" + number,
			EventSourceArn: "arn:aws:kinesis:us-east-1:123456789012:stream/" + b.function.Package,
			Kinesis: events.KinesisRecord{
				ApproximateArrivalTimestamp: events.SecondsEpochTime{Time: now.Truncate(time.Second)},
				Data:                        data, PartitionKey: "fngen", SequenceNumber: number, KinesisSchemaVersion: "1.0",
			},
		})
	}
	return event, nil
}

// messages returns the options' data, changed as they say. fallback is the only
// message if there are none.
func (b *builder) messages(fallback string) ([][]byte, error) {
	messages := slices.Clone(b.Data)
	if messages == nil {
		messages = [][]byte{[]byte(fallback)}
	}
	for i := range messages {
		for _, assignment := range b.Set {
			var err error
			if messages[i], err = delivery.Set(messages[i], assignment); err != nil {
				return nil, &OptionError{"set", err}
			}
		}
	}
	return messages, nil
}

// sampleEvent returns a sample event: the one of the options, or the first of
// the function's kind. The options' data replace its message.
func (b *builder) sampleEvent(now time.Time, random [16]byte) (any, error) {
	kind := b.function.Kind
	name := cmp.Or(strings.TrimPrefix(b.Sample, string(kind)+"/"), defaultSample(kind))
	event, err := delivery.Event(string(kind), name, now, random)
	var unknown *delivery.UnknownError
	if errors.As(err, &unknown) {
		if nearest := generator.Nearest(name, unknown.Names); nearest != "" {
			err = hint.With(err, "--sample="+string(kind)+"/"+nearest)
		}
		return nil, &OptionError{"sample", err}
	}
	if err != nil {
		return nil, err
	}
	if b.Data != nil {
		message, path := string(b.Data[0]), "Records.0.Sns.Message"
		if kind == generator.KindEventBridge {
			path = "detail"
			if !json.Valid(b.Data[0]) {
				return nil, &OptionError{"data", errors.New("the detail of an event is JSON")}
			}
		} else {
			quoted, _ := json.Marshal(message) // a string can be encoded
			message = string(quoted)
		}
		if event, err = delivery.Set(event, path+"="+message); err != nil {
			return nil, err
		}
	}
	for _, assignment := range b.Set {
		if event, err = delivery.Set(event, assignment); err != nil {
			return nil, &OptionError{"set", err}
		}
	}
	return json.RawMessage(event), nil
}

// defaultSample returns the commonest event of a kind.
func defaultSample(kind generator.Kind) string {
	switch kind {
	case generator.KindS3:
		return "put"
	case generator.KindDynamoDB:
		return "insert"
	}
	return delivery.Events(string(kind))[0]
}
