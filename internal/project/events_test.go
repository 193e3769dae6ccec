package project

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
)

// everyKind returns a function of each kind, which has the name of its kind, and
// the function fifo for a FIFO queue.
func everyKind() []Function {
	var functions []Function
	for _, kind := range []generator.Kind{
		generator.KindHTTP, generator.KindSchedule, generator.KindQueue, generator.KindS3, generator.KindSNS,
		generator.KindEventBridge, generator.KindDynamoDB, generator.KindKinesis,
	} {
		functions = append(functions, Function{Name: string(kind), Kind: kind, Queue: "orders"})
	}
	return append(functions, Function{Name: "fifo", Kind: generator.KindQueue, Queue: "orders.fifo"})
}

func TestEvents(t *testing.T) {
	p := openTest(t, map[string]string{"go.mod": goMod, configFile: `
[functions.queue]
memory = 512
batch = 10000
window = 1
maxConcurrency = 2
name = { Sub = "${AWS::StackName}-orders" }
[functions.fifo]
batch = 10
contentBasedDeduplication = false
name = { Sub = "${AWS::StackName}-orders.fifo" }
[functions.s3]
bucket = { Ref = "Photos" }
events = ["Object Created", "Object Deleted"]
[functions.sns]
topic = "arn:aws-cn:sns:cn-north-1:123456789012:alerts"
filter = { level = ["error", { prefix = "crit" }] }
retries = 0
[functions.eventbridge]
pattern = { source = ["shop"], detail = { order = { total = [{ numeric = [">", 100] }] } } }
bus = "arn:aws:events:eu-west-1:123456789012:event-bus/shop"
[functions.dynamodb]
stream = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2027-01-01T00:00:00.000"
startingPosition = "LATEST"
maxAge = 604800
[functions.kinesis]
stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"
onFailure = { GetAtt = "Failures.Arn" }
retries = 10000
`}, ".")
	got, err := p.Lambda(everyKind(), nil)
	require.NoError(t, err)
	assert.Equal(t, 512, got["queue"].Memory)
	assert.Equal(t, 10_000, *got["queue"].Events.Batch)
	assert.False(t, *got["fifo"].Events.ContentBasedDeduplication)
	assert.Equal(t, map[string]any{"Ref": "Photos"}, got["s3"].Events.Bucket)
	assert.Equal(t, []any{"shop"}, got["eventbridge"].Events.Pattern["source"])
	assert.Equal(t, Events{}, got["http"].Events)
	assert.False(t, got["queue"].Events.FIFO("orders"))
	assert.True(t, got["fifo"].Events.FIFO("orders.fifo"))
}

func TestEventsErrors(t *testing.T) {
	existing := `queue = "arn:aws:sqs:eu-west-1:123456789012:orders"; `
	for _, test := range []struct{ function, settings, want string }{
		{"http", `batch = 10`, "batch: functions of kind http do not have this setting, only queue, dynamodb, kinesis"},
		{"s3", `queue = "orders"`, "queue: functions of kind s3 do not have this setting, only queue"},
		{"schedule", `window = 0`, "window: functions of kind schedule do not have this setting, only queue, dynamodb, kinesis"},
		{"queue", `retries = 1`, "retries: functions of kind queue do not have this setting, only schedule, s3"},
		{"fifo", `contentBasedDeduplikation = true`, "unknown key functions.fifo.contentBasedDeduplikation"},
		{"queue", `batch = 0`, "batch: want 1 to 10000, not 0"},
		{"queue", `batch = 10001; window = 5`, "batch: want 1 to 10000, not 10001"},
		{"queue", `batch = 11`, "batch: a batch of 11 messages needs a window of 1 second or more"},
		{"queue", `batch = 11; window = 0`, "batch: a batch of 11 messages needs a window of 1 second or more"},
		{"queue", `window = 301`, "window: want 0 to 300, not 301"},
		{"queue", `maxConcurrency = 1`, "maxConcurrency: want 2 to 1000, not 1"},
		{"queue", `maxReceives = 0`, "maxReceives: want 1 to 1000, not 0"},
		{"fifo", `batch = 11`, "batch: want 1 to 10, not 11: the queue is a FIFO queue"},
		{"fifo", `window = 1`, "window: Lambda does not wait for a batch of a FIFO queue"},
		{
			"queue", `batch = 11; window = 1; queue = "arn:aws:sqs:eu-west-1:123456789012:orders.fifo"`,
			"batch: want 1 to 10, not 11: the queue is a FIFO queue",
		},
		{"queue", `contentBasedDeduplication = true`, "contentBasedDeduplication: only FIFO queues have this setting"},
		{"queue", existing + `name = "x"`, "name: queue names an existing queue, which this setting cannot change"},
		{"queue", existing + `maxReceives = 3`, "maxReceives: queue names an existing queue"},
		{"queue", `name = "a b"`, `name: "a b" is not the name of a queue: want letters`},
		{"queue", `name = "orders.fifo"`, "name: want a name that ends in .fifo if that in the source does, which is orders"},
		{"fifo", `name = { Sub = "${AWS::StackName}-orders" }`, "name: want a name that ends in .fifo if that in the source does"},
		{"queue", `queue = "orders"`, "queue: want an ARN such as arn:aws:sqs:eu-west-1:123456789012:orders, not \"orders\""},
		{"queue", `queue = { GetAtt = "Orders" }`, `queue: want a name such as "Bucket.Arn" of GetAtt`},
		{"queue", `queue = 1`, "queue: want a text in quotes"},
		{"s3", `bucket = "arn:aws:s3:::photos"`, "bucket: want the name of a bucket, not"},
		{"s3", `events = ["ObjectCreated"]`, `events: "ObjectCreated": want any of Object Created, Object Deleted`},
		{"s3", `events = []`, `events: want any of Object Created`},
		{"sns", `topic = "arn:aws:sns:eu-west-1:123456789012:orders.fifo"`, "topic: want an ARN such as arn:aws:sns:"},
		{"sns", `filter = { level = "error" }`, `filter.level: want a list of values, as in level = ["VALUE"]`},
		{"sns", `filterScope = "Body"`, `filterScope: want MessageAttributes or MessageBody, not "Body"`},
		{"sns", `retries = 3`, "retries: want 0 to 2, not 3"},
		{"sns", `maxAge = 59`, "maxAge: want 60 to 21600, not 59"},
		{"eventbridge", `pattern = { sauce = ["shop"] }`, "pattern.sauce: events have no such field, only version, id, detail-type"},
		{"eventbridge", `pattern = { detail = { order = { id = [] } } }`, "pattern.detail.order.id: want one value or more"},
		{"eventbridge", `pattern = {}`, `pattern: want fields of events, as in { source = ["shop"] }`},
		{"eventbridge", `bus = "a b"`, `bus: want the name or ARN of an event bus, not "a b"`},
		{"dynamodb", `stream = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders"`, "stream: want an ARN such as arn:aws:dynamodb:"},
		{"kinesis", `stream = "orders"`, "stream: want an ARN such as arn:aws:kinesis:"},
		{"kinesis", `startingPosition = "latest"`, `startingPosition: want TRIM_HORIZON or LATEST, not "latest"`},
		{"kinesis", `parallelization = 11`, "parallelization: want 1 to 10, not 11"},
		{"queue", `url = true`, "url: only a function that is called over HTTP has a URL"},
		{"kinesis", `onFailure = "arn:aws:s3:::failures"`, "onFailure: want an ARN such as arn:aws:sqs:"},
	} {
		t.Run(test.function+" "+test.settings, func(t *testing.T) {
			p := openTest(t, map[string]string{"go.mod": goMod}, ".")
			text := "[functions." + test.function + "]\n" + strings.ReplaceAll(test.settings, "; ", "\n")
			require.NoError(t, p.Root.WriteFile(configFile, []byte(text), 0o666))
			_, err := p.Lambda(everyKind(), nil)
			require.Error(t, err)
			key := "functions." + test.function + "."
			if strings.HasPrefix(test.want, "unknown key") {
				key = ""
			}
			assert.Regexp(t, `^fngen.toml: line [2-4]: `, err.Error())
			assert.ErrorContains(t, err, ": "+key+test.want)
		})
	}
}

// Settings of all functions are none of what calls them.
func TestEventsAreSetForEachFunction(t *testing.T) {
	p := openTest(t, map[string]string{"go.mod": goMod}, ".")
	require.NoError(t, p.Root.WriteFile(configFile, []byte("[lambda]\nbatch = 5"), 0o666))
	_, err := p.Lambda(everyKind(), nil)
	assert.EqualError(t, err, "fngen.toml: line 2: unknown key lambda.batch")
}
