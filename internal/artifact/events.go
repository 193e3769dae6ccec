package artifact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/hint"
)

// A source is what calls a function that HTTP does not call: what the function's
// template has for it.
type source struct {
	properties mapping // of the function
	statements []any   // of the function's policy

	parameters, resources, outputs mapping // of the template

	added int // resources that SAM adds
}

// source returns what calls a function. Names that no setting has are parameters
// of the template, so that a deployment asks for them.
func (f Function) source() (source, error) {
	switch f.Kind {
	case generator.KindHTTP:
		return source{}, nil
	case generator.KindSchedule:
		return f.scheduleSource()
	case generator.KindQueue:
		return f.queueSource(), nil
	case generator.KindDynamoDB, generator.KindKinesis:
		return f.streamSource(), nil
	default:
		return f.eventSource()
	}
}

// sources returns what calls each function of the stack.
func (s Stack) sources() ([]source, error) {
	sources := make([]source, len(s.Functions))
	queues := map[string]string{} // functions by their queues of the stack
	for i, f := range s.Functions {
		var err error
		if sources[i], err = f.source(); err != nil {
			return nil, err
		}
		if f.Kind == generator.KindQueue && f.Events.Queue == nil {
			if other, ok := queues[f.Queue]; ok {
				err := fmt.Errorf("the functions %s and %s both receive the messages of the queue %s", other, f.Name, f.Queue)
				return nil, hint.With(err, "each message reaches one of them; give one another queue, or a topic that both subscribe to")
			}
			queues[f.Queue] = f.Name
		}
	}
	return sources, nil
}

// CheckSources returns an error if AWS cannot call a function as its source and
// its settings say.
func (s Stack) CheckSources() error {
	_, err := s.sources()
	return err
}

// takenIDs returns the logical IDs of what calls the functions, those too of the
// resources that SAM adds.
func (s Stack) takenIDs(sources []source) map[string]bool {
	taken := map[string]bool{}
	for i, from := range sources {
		for _, p := range slices.Concat(from.parameters, from.resources) {
			taken[p.key] = true
		}
		if s.Functions[i].Kind == generator.KindHTTP {
			continue
		}
		for _, suffix := range []string{"Schedule", "ScheduleRole", "Event", "EventPermission", "EventInvokeConfig"} {
			taken[LogicalID(s.Functions[i].Name)+suffix] = true
		}
	}
	return taken
}

// scheduleSource has EventBridge Scheduler send what package schedule of users'
// projects decodes. The name of the schedule is left to CloudFormation: SAM's is
// the same in all stacks of an account.
func (f Function) scheduleSource() (source, error) {
	expression, zone, err := awsSchedule(f.Schedule)
	if err != nil {
		return source{}, fmt.Errorf("function %s: %w", f.Name, err)
	}
	var input bytes.Buffer
	encoder := json.NewEncoder(&input)
	encoder.SetEscapeHTML(false) // Scheduler replaces what is in < and >
	if err := encoder.Encode(struct {
		Schedule string `json:"schedule"`
		Time     string `json:"time"`
		ID       string `json:"id"`
	}{f.Schedule, "<aws.scheduler.scheduled-time>", "<aws.scheduler.execution-id>"}); err != nil {
		return source{}, err
	}
	const hour = 60 * 60
	age := hour
	if f.Events.MaxAge != nil {
		age = *f.Events.MaxAge
	}
	var s source
	s.asynchronous(f, "Schedule", mapping{
		{"Type", "ScheduleV2"},
		{"Properties", mapping{
			{"OmitName", true},
			{"ScheduleExpression", expression},
			{"ScheduleExpressionTimezone", zone},
			{"FlexibleTimeWindow", mapping{{"Mode", "OFF"}}},
			{"Input", strings.TrimSpace(input.String())},
			{"RetryPolicy", mapping{{"MaximumEventAgeInSeconds", age}, {"MaximumRetryAttempts", 185}}},
		}},
	})
	return s, nil
}

// queueSource returns the event source mapping of a queue, and the queue itself
// unless it exists. The resource is not left to SAM, whose events let a function
// receive from every queue of the account.
func (f Function) queueSource() source {
	var s source
	arn := f.Events.Queue
	if arn == nil {
		s = f.newQueue()
		arn = getAtt(f.queueID(), "Arn")
	}
	batch := 10 // AWS's default
	if f.Events.Batch != nil {
		batch = *f.Events.Batch
	}
	properties := mapping{
		{"FunctionName", ref(LogicalID(f.Name))},
		{"EventSourceArn", arn},
		{"BatchSize", batch},
	}
	if f.Events.Window != nil {
		properties = append(properties, pair{"MaximumBatchingWindowInSeconds", *f.Events.Window})
	}
	properties = append(properties, pair{"FunctionResponseTypes", []string{"ReportBatchItemFailures"}})
	if f.Events.MaxConcurrency != nil {
		properties = append(properties, pair{"ScalingConfig", mapping{{"MaximumConcurrency", *f.Events.MaxConcurrency}}})
	}
	s.resources = append(s.resources, f.eventSourceMapping(properties))
	s.statements = append(s.statements,
		allow(arn, "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"))
	return s
}

// queueID returns the logical ID of a function's queue.
func (f Function) queueID() string {
	return strings.TrimSuffix(LogicalID(f.Name), "Function") + "Queue"
}

// newQueue returns a queue and its dead-letter queue. Messages stay invisible for
// six times the function's timeout, which AWS recommends: Lambda retries a batch
// that it has received while the function is throttled.
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
func (f Function) newQueue() source {
	id := f.queueID()
	name := f.Events.Name
	if name == nil {
		name = f.Queue
	}
	receives := 5
	if f.Events.MaxReceives != nil {
		receives = *f.Events.MaxReceives
	}
	const twoWeeks = 14 * 24 * 60 * 60 // the longest that Amazon SQS keeps messages
	deadLetters := id + "DeadLetters"
	queue := mapping{{"QueueName", name}}
	failed := mapping{{"MessageRetentionPeriod", twoWeeks}}
	if generator.IsFIFO(f.Queue) {
		queue = append(queue, pair{"FifoQueue", true})
		failed = append(failed, pair{"FifoQueue", true})
		if f.Events.ContentBasedDeduplication != nil {
			queue = append(queue, pair{"ContentBasedDeduplication", *f.Events.ContentBasedDeduplication})
		}
	}
	queue = append(queue,
		pair{"VisibilityTimeout", 6 * f.Timeout},
		pair{"RedrivePolicy", mapping{
			{"deadLetterTargetArn", getAtt(deadLetters, "Arn")},
			{"maxReceiveCount", receives},
		}},
	)
	// A reference to the queue would be circular.
	arn := mapping{{"Fn::Sub", "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:" + substitution(name)}}
	failed = append(failed, pair{"RedriveAllowPolicy", mapping{
		{"redrivePermission", "byQueue"},
		{"sourceQueueArns", []any{arn}},
	}})
	return source{
		resources: mapping{
			{id, mapping{{"Type", "AWS::SQS::Queue"}, {"Properties", queue}}},
			{deadLetters, mapping{{"Type", "AWS::SQS::Queue"}, {"Properties", failed}}},
		},
		outputs: mapping{
			{id + "Url", mapping{
				{"Description", "The queue whose messages " + f.Name + " receives"},
				{"Value", ref(id)},
			}},
			{deadLetters + "Url", mapping{
				{"Description", "The messages that " + f.Name + " failed to handle"},
				{"Value", ref(deadLetters)},
			}},
		},
	}
}

// streamSource returns the event source mapping of a stream, which is not left to
// SAM for the reason that queueSource has.
func (f Function) streamSource() source {
	var s source
	e := f.Events
	arn := e.Stream
	if arn == nil {
		arn = s.parameter(f, "Stream", "The ARN of the stream whose records "+f.Name+" receives")
	}
	position, batch := "TRIM_HORIZON", 100 // LATEST misses records of the first minutes
	if e.StartingPosition != nil {
		position = *e.StartingPosition
	}
	if e.Batch != nil {
		batch = *e.Batch
	}
	properties := mapping{
		{"FunctionName", ref(LogicalID(f.Name))},
		{"EventSourceArn", arn},
		{"StartingPosition", position},
		{"BatchSize", batch},
		{"FunctionResponseTypes", []string{"ReportBatchItemFailures"}},
		{"BisectBatchOnFunctionError", true},
	}
	for _, p := range []struct {
		name  string
		value *int
	}{
		{"MaximumBatchingWindowInSeconds", e.Window},
		{"ParallelizationFactor", e.Parallelization},
		{"MaximumRetryAttempts", e.Retries},
		{"MaximumRecordAgeInSeconds", e.MaxAge},
	} {
		if p.value != nil {
			properties = append(properties, pair{p.name, *p.value})
		}
	}
	if e.OnFailure != nil {
		properties = append(properties, pair{"DestinationConfig", mapping{
			{"OnFailure", mapping{{"Destination", e.OnFailure}}},
		}})
		action := "sqs:SendMessage"
		if destinationType(e.OnFailure) == "SNS" {
			action = "sns:Publish"
		}
		s.statements = append(s.statements, allow(e.OnFailure, action))
	}
	s.resources = append(s.resources, f.eventSourceMapping(properties))
	if f.Kind == generator.KindDynamoDB {
		s.statements = append(s.statements,
			allow(arn, "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"),
			allow("*", "dynamodb:ListStreams")) // it cannot be allowed for one stream
	} else {
		s.statements = append(s.statements, allow(arn,
			"kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator",
			"kinesis:ListShards"))
	}
	return s
}

// eventSource returns the event of a function that Amazon SNS or an event bus
// calls.
func (f Function) eventSource() (source, error) {
	var s source
	e := f.Events
	var properties mapping
	typ := "EventBridgeRule"
	switch f.Kind {
	case generator.KindS3:
		bucket := e.Bucket
		if bucket == nil {
			bucket = s.parameter(f, "Bucket", "The name of the bucket whose events "+f.Name+" receives")
		}
		properties = mapping{{"Pattern", f.objectPattern(bucket)}}
	case generator.KindEventBridge:
		pattern := any(e.Pattern)
		if e.Pattern == nil {
			pattern = mapping{{"source", []any{
				s.parameter(f, "Source", "The source of the events that "+f.Name+" receives, such as com.example.shop"),
			}}}
		}
		properties = mapping{{"Pattern", pattern}}
		if e.Bus != nil {
			properties = append(properties, pair{"EventBusName", e.Bus})
		}
	case generator.KindSNS:
		typ = "SNS"
		topic := e.Topic
		if topic == nil {
			topic = s.parameter(f, "Topic", "The ARN of the topic whose messages "+f.Name+" receives")
		}
		properties = mapping{{"Topic", topic}}
		if e.Filter != nil {
			properties = append(properties, pair{"FilterPolicy", e.Filter})
		}
		if e.FilterScope != nil {
			properties = append(properties, pair{"FilterPolicyScope", *e.FilterScope})
		}
	default:
		return source{}, fmt.Errorf("function %s: unknown kind %q", f.Name, f.Kind)
	}
	s.asynchronous(f, "Event", mapping{{"Type", typ}, {"Properties", properties}})
	return s, nil
}

// objectPattern returns the pattern for events of a bucket.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
func (f Function) objectPattern(bucket any) mapping {
	types := f.Events.Events
	if types == nil {
		types = []string{"Object Created"}
	}
	detail := mapping{{"bucket", mapping{{"name", []any{bucket}}}}}
	var key mapping
	switch prefix, suffix := f.Events.Prefix, f.Events.Suffix; {
	case prefix != nil && suffix != nil: // two conditions on one field would be alternatives
		escape := strings.NewReplacer(`\`, `\\`, `*`, `\*`)
		key = mapping{{"wildcard", escape.Replace(*prefix) + "*" + escape.Replace(*suffix)}}
	case prefix != nil:
		key = mapping{{"prefix", *prefix}}
	case suffix != nil:
		key = mapping{{"suffix", *suffix}}
	}
	if key != nil {
		detail = append(detail, pair{"object", mapping{{"key", []any{key}}}})
	}
	return mapping{{"source", []string{"aws.s3"}}, {"detail-type", types}, {"detail", detail}}
}

// asynchronous adds an event of SAM that calls the function, for whose result
// nobody waits. SAM adds two resources: a rule and its permission, or a schedule
// and its role.
func (s *source) asynchronous(f Function, id string, event mapping) {
	var config mapping
	if f.Events.Retries != nil {
		config = append(config, pair{"MaximumRetryAttempts", *f.Events.Retries})
	}
	if f.Events.MaxAge != nil {
		config = append(config, pair{"MaximumEventAgeInSeconds", *f.Events.MaxAge})
	}
	if to := f.Events.OnFailure; to != nil {
		config = append(config, pair{"DestinationConfig", mapping{
			{"OnFailure", mapping{{"Type", destinationType(to)}, {"Destination", to}}},
		}})
	}
	s.added = 2
	s.properties = mapping{{"Events", mapping{{id, event}}}}
	if config != nil {
		s.added++
		s.properties = append(s.properties, pair{"EventInvokeConfig", config})
	}
}

// destinationType returns the service that a setting for failed events names. A
// queue's ARN is an attribute of it. That of a topic is what a reference to it
// means.
func destinationType(to any) string {
	text, _ := to.(string)
	if call, ok := to.(map[string]any); ok {
		if _, ok := call["Ref"]; ok {
			return "SNS"
		}
		text = substitution(to)
	}
	if strings.Contains(text, ":sns:") || strings.HasSuffix(text, ".TopicArn}") {
		return "SNS"
	}
	return "SQS"
}

// substitution returns a setting as a part of the text of Fn::Sub.
func substitution(value any) string {
	call, ok := value.(map[string]any)
	if !ok {
		return value.(string)
	}
	for name, argument := range call {
		if name == "Sub" {
			return argument.(string)
		}
		return "${" + argument.(string) + "}"
	}
	return ""
}

// parameter adds a parameter of the template and returns a reference to it.
func (s *source) parameter(f Function, suffix, description string) any {
	id := LogicalID(f.Name) + suffix
	s.parameters = append(s.parameters, pair{id, mapping{{"Type", "String"}, {"Description", description}}})
	return ref(id)
}

// eventSourceMapping returns a resource with which Lambda polls a queue or stream.
func (f Function) eventSourceMapping(properties mapping) pair {
	return pair{LogicalID(f.Name) + "Events", mapping{
		{"Type", "AWS::Lambda::EventSourceMapping"},
		{"Properties", properties},
	}}
}

func ref(id string) mapping { return mapping{{"Ref", id}} }

func getAtt(id, attribute string) mapping {
	return mapping{{"Fn::GetAtt", []string{id, attribute}}}
}

// allow returns a statement of a policy.
func allow(resource any, actions ...string) mapping {
	return mapping{{"Effect", "Allow"}, {"Action", actions}, {"Resource", resource}}
}
