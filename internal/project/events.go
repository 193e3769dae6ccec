package project

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/fngen/fngen/generator"
)

// Events configures what calls a function on AWS, unless it is HTTP. Fields of
// type any are names or ARNs: strings, or calls as in [Lambda]. What is nil or
// empty is not set. Tags name the kinds of functions that have a setting.
type Events struct {
	Queue                     any   `toml:"queue" kinds:"queue"` // nil for a queue of the stack
	Name                      any   `toml:"name" kinds:"queue"`
	ContentBasedDeduplication *bool `toml:"contentBasedDeduplication" kinds:"queue"`
	MaxReceives               *int  `toml:"maxReceives" kinds:"queue"`
	MaxConcurrency            *int  `toml:"maxConcurrency" kinds:"queue"`

	Stream           any     `toml:"stream" kinds:"dynamodb kinesis"`
	StartingPosition *string `toml:"startingPosition" kinds:"dynamodb kinesis"`
	Parallelization  *int    `toml:"parallelization" kinds:"dynamodb kinesis"` // batches of a shard at once

	Batch  *int `toml:"batch" kinds:"queue dynamodb kinesis"`  // events at once
	Window *int `toml:"window" kinds:"queue dynamodb kinesis"` // seconds to wait for a batch

	Bucket any      `toml:"bucket" kinds:"s3"`
	Events []string `toml:"events" kinds:"s3"`
	Prefix *string  `toml:"prefix" kinds:"s3"`
	Suffix *string  `toml:"suffix" kinds:"s3"`

	Topic       any            `toml:"topic" kinds:"sns"`
	Filter      map[string]any `toml:"filter" kinds:"sns"`
	FilterScope *string        `toml:"filterScope" kinds:"sns"`

	Pattern map[string]any `toml:"pattern" kinds:"eventbridge"`
	Bus     any            `toml:"bus" kinds:"eventbridge"`

	Retries   *int `toml:"retries" kinds:"schedule s3 sns eventbridge dynamodb kinesis"` // after a failure
	MaxAge    *int `toml:"maxAge" kinds:"schedule s3 sns eventbridge dynamodb kinesis"`  // of an event, in seconds
	OnFailure any  `toml:"onFailure" kinds:"schedule s3 sns eventbridge dynamodb kinesis"`
}

// FIFO reports whether the function receives the messages of a FIFO queue, given
// by its name in the source.
func (e Events) FIFO(queue string) bool {
	if arn, ok := e.Queue.(string); ok {
		queue = arn
	}
	return generator.IsFIFO(queue)
}

// validate returns the key of a setting that the function cannot have or that
// AWS would reject, and the reason.
func (e Events) validate(f Function) ([]string, error) {
	if key, err := e.checkKind(f.Kind); err != nil {
		return key, err
	}
	for _, check := range []func(Function) ([]string, error){
		e.checkNumbers, e.checkQueue, e.checkNames, e.checkFilters,
	} {
		if key, err := check(f); err != nil {
			return key, err
		}
	}
	return nil, nil
}

// checkKind returns an error for a setting that functions of a kind do not have.
func (e Events) checkKind(kind generator.Kind) ([]string, error) {
	value := reflect.ValueOf(e)
	for i := range value.NumField() {
		tag := value.Type().Field(i).Tag
		kinds := strings.Fields(tag.Get("kinds"))
		if !value.Field(i).IsZero() && !slices.Contains(kinds, string(kind)) {
			err := fmt.Errorf("functions of kind %s do not have this setting, only %s", kind, strings.Join(kinds, ", "))
			return []string{tag.Get("toml")}, err
		}
	}
	return nil, nil
}

// checkNumbers checks the limits of numbers. Sources:
//   - https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
//   - https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
//   - https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
func (e Events) checkNumbers(f Function) ([]string, error) {
	fifo := f.Kind == generator.KindQueue && e.FIFO(f.Queue)
	stream := f.Kind == generator.KindDynamoDB || f.Kind == generator.KindKinesis
	limits := []struct {
		key      string
		value    *int
		min, max int
	}{
		{"batch", e.Batch, 1, 10_000},
		{"window", e.Window, 0, 300},
		{"maxReceives", e.MaxReceives, 1, 1000},
		{"maxConcurrency", e.MaxConcurrency, 2, 1000},
		{"parallelization", e.Parallelization, 1, 10},
		{"retries", e.Retries, 0, 2},
		{"maxAge", e.MaxAge, 60, 6 * 60 * 60},
	}
	for _, l := range limits {
		switch {
		case stream && l.key == "retries":
			l.max = 10_000
		case stream && l.key == "maxAge":
			l.max = 7 * 24 * 60 * 60
		case fifo && l.key == "batch":
			l.max = 10
		}
		if l.value != nil && (*l.value < l.min || *l.value > l.max) {
			err := fmt.Errorf("want %d to %d, not %d", l.min, l.max, *l.value)
			if fifo && l.key == "batch" {
				err = fmt.Errorf("%w: the queue is a FIFO queue", err)
			}
			return []string{l.key}, err
		}
	}
	switch {
	case fifo && e.Window != nil:
		return []string{"window"}, errors.New("Lambda does not wait for a batch of a FIFO queue")
	case f.Kind == generator.KindQueue && e.Batch != nil && *e.Batch > 10 && (e.Window == nil || *e.Window == 0):
		return []string{"batch"}, fmt.Errorf("a batch of %d messages needs a window of 1 second or more", *e.Batch)
	}
	return nil, nil
}

// checkQueue checks the settings of a queue.
func (e Events) checkQueue(f Function) ([]string, error) {
	if f.Kind != generator.KindQueue {
		return nil, nil
	}
	if e.Queue != nil {
		for _, setting := range []struct {
			key string
			set bool
		}{
			{"name", e.Name != nil},
			{"maxReceives", e.MaxReceives != nil},
			{"contentBasedDeduplication", e.ContentBasedDeduplication != nil},
		} {
			if setting.set {
				return []string{setting.key}, errors.New("queue names an existing queue, which this setting cannot change")
			}
		}
	}
	if e.ContentBasedDeduplication != nil && !e.FIFO(f.Queue) {
		return []string{"contentBasedDeduplication"}, errors.New("only FIFO queues have this setting, whose names end in .fifo")
	}
	text, ok := e.Name.(string)
	if call, isCall := e.Name.(map[string]any); isCall {
		text, ok = call["Sub"].(string)
	} else if ok {
		if _, err := generator.ParseQueue(text); err != nil {
			return []string{"name"}, err
		}
	}
	if ok && generator.IsFIFO(text) != generator.IsFIFO(f.Queue) {
		return []string{"name"}, fmt.Errorf("want a name that ends in .fifo if that in the source does, which is %s", f.Queue)
	}
	return nil, nil
}

// checkNames checks names and ARNs.
func (e Events) checkNames(f Function) ([]string, error) {
	arn := func(service, resource, example string) (string, string) {
		return `^arn:aws[a-z-]*:` + service + `:[a-z0-9-]+:[0-9]{12}:` + resource + `$`, "an ARN such as arn:aws:" + example
	}
	stream, streamExample := arn("kinesis", `stream/[A-Za-z0-9_.-]+`, "kinesis:eu-west-1:123456789012:stream/orders")
	if f.Kind == generator.KindDynamoDB {
		stream, streamExample = arn("dynamodb", `table/[A-Za-z0-9_.-]+/stream/.+`,
			"dynamodb:eu-west-1:123456789012:table/orders/stream/2027-01-01T00:00:00.000")
	}
	queue, queueExample := arn("sqs", `[A-Za-z0-9_-]+(\.fifo)?`, "sqs:eu-west-1:123456789012:orders")
	topic, topicExample := arn("sns", `[A-Za-z0-9_-]+`, "sns:eu-west-1:123456789012:orders")
	failure, failureExample := arn("(sqs|sns)", `[A-Za-z0-9_-]+`, "sqs:eu-west-1:123456789012:failures")
	for _, name := range []struct {
		key, pattern, want string
		value              any
	}{
		{"queue", queue, queueExample, e.Queue},
		{"name", "", "", e.Name},
		{"stream", stream, streamExample, e.Stream},
		{"bucket", `^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`, "the name of a bucket", e.Bucket},
		{"topic", topic, topicExample, e.Topic},
		{"bus", `^(arn:aws[a-z-]*:events:[a-z0-9-]+:[0-9]{12}:event-bus/)?[A-Za-z0-9/._-]+$`, "the name or ARN of an event bus", e.Bus},
		{"onFailure", failure, failureExample, e.OnFailure},
	} {
		text, ok := name.value.(string)
		switch {
		case name.value == nil:
		case !ok:
			if err := validateCall(name.value); err != nil {
				return []string{name.key}, err
			}
		case !regexp.MustCompile(name.pattern).MatchString(text):
			return []string{name.key}, fmt.Errorf("want %s, not %q", name.want, text)
		}
	}
	return nil, nil
}

// ObjectEvents returns the types of the events of a bucket. Source:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
func ObjectEvents() []string {
	return []string{
		"Object Created", "Object Deleted", "Object Restore Initiated", "Object Restore Completed",
		"Object Restore Expired", "Object Storage Class Changed", "Object Access Tier Changed",
		"Object ACL Updated", "Object Tags Added", "Object Tags Deleted",
	}
}

// checkFilters checks which events the function wants.
func (e Events) checkFilters(Function) ([]string, error) {
	for _, choice := range []struct {
		key   string
		value *string
		want  []string
	}{
		{"startingPosition", e.StartingPosition, []string{"TRIM_HORIZON", "LATEST"}},
		{"filterScope", e.FilterScope, []string{"MessageAttributes", "MessageBody"}},
	} {
		if choice.value != nil && !slices.Contains(choice.want, *choice.value) {
			return []string{choice.key}, fmt.Errorf("want %s, not %q", strings.Join(choice.want, " or "), *choice.value)
		}
	}
	for _, event := range e.Events {
		if !slices.Contains(ObjectEvents(), event) {
			return []string{"events"}, fmt.Errorf("%q: want any of %s", event, strings.Join(ObjectEvents(), ", "))
		}
	}
	if e.Events != nil && len(e.Events) == 0 {
		return []string{"events"}, fmt.Errorf("want any of %s", strings.Join(ObjectEvents(), ", "))
	}
	if key, err := checkPattern(e.Filter); err != nil {
		return append([]string{"filter"}, key...), err
	}
	fields := []string{"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail", "$or"}
	for _, field := range slices.Sorted(maps.Keys(e.Pattern)) {
		if !slices.Contains(fields, field) {
			err := fmt.Errorf("events have no such field, only %s", strings.Join(fields[:len(fields)-1], ", "))
			return []string{"pattern", field}, err
		}
	}
	if e.Pattern != nil && len(e.Pattern) == 0 {
		return []string{"pattern"}, errors.New(`want fields of events, as in { source = ["shop"] }`)
	}
	key, err := checkPattern(e.Pattern)
	return append([]string{"pattern"}, key...), err
}

// checkPattern checks that a pattern for events has a list of values for each
// field, at any depth. Source:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
func checkPattern(pattern map[string]any) ([]string, error) {
	for _, field := range slices.Sorted(maps.Keys(pattern)) {
		switch value := pattern[field].(type) {
		case []any:
			if len(value) == 0 {
				return []string{field}, errors.New("want one value or more")
			}
		case map[string]any:
			if key, err := checkPattern(value); err != nil {
				return append([]string{field}, key...), err
			}
		default:
			return []string{field}, errors.New("want a list of values, as in " + field + ` = ["VALUE"]`)
		}
	}
	return nil, nil
}
