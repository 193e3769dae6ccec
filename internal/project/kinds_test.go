package project

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/hint"
)

// kindImports are the imports of the sources in these tests.
const kindImports = `
import (
	"context"

	"github.com/aws/aws-lambda-go/events"
	q "example.com/app/api/src/lib/queue"
	"example.com/app/api/src/lib/fn"
	"example.com/app/api/src/lib/schedule"
	"example.com/app/api/src/lib/stream"
)

`

func TestListKinds(t *testing.T) {
	takes := func(event string) string {
		return "func Handler(ctx context.Context, event " + event + ") error { return nil }\n"
	}
	tests := map[string]struct {
		source string
		want   Function // Kind, Schedule and Queue
	}{
		"request":     {takes("events.APIGatewayProxyRequest"), Function{Kind: generator.KindHTTP}},
		"chain":       {"var Handler = fn.Chain(handle)\n", Function{Kind: generator.KindHTTP}},
		"no event":    {"func Handler(ctx context.Context) error { return nil }\n", Function{Kind: generator.KindHTTP}},
		"unknown":     {takes("map[string]any"), Function{Kind: generator.KindHTTP}},
		"s3":          {takes("events.S3Event"), Function{Kind: generator.KindS3}},
		"sns":         {takes("events.SNSEvent"), Function{Kind: generator.KindSNS}},
		"eventbridge": {takes("events.EventBridgeEvent"), Function{Kind: generator.KindEventBridge}},
		"cloudwatch":  {takes("events.CloudWatchEvent"), Function{Kind: generator.KindEventBridge}},
		"dynamodb":    {takes("events.DynamoDBEvent"), Function{Kind: generator.KindDynamoDB}},
		"kinesis":     {takes("events.KinesisEvent"), Function{Kind: generator.KindKinesis}},
		"unnamed": {
			"func Handler(context.Context, events.S3Event) error { return nil }\n", Function{Kind: generator.KindS3},
		},
		"variable": {"var Handler func(context.Context, events.S3Event) error = f\n", Function{Kind: generator.KindS3}},
		"literal": {
			"var Handler = func(ctx context.Context, e events.S3Event) error { return nil }\n",
			Function{Kind: generator.KindS3},
		},
		"stream of a table": {"var Handler = stream.DynamoDB(handle)\n", Function{Kind: generator.KindDynamoDB}},
		"stream of records": {"var Handler = stream.Kinesis[order](handle)\n", Function{Kind: generator.KindKinesis}},
		"wrapped":           {"var Handler = traced(stream.Kinesis(handle))\n", Function{Kind: generator.KindKinesis}},
		"queue": {
			"const Queue = \"orders\"\n\nvar Handler = q.Each(handle)\n",
			Function{Kind: generator.KindQueue, Queue: "orders"},
		},
		"batch": {
			"const Queue = prefix + \"orders\"\n\nconst prefix = \"my-\"\n\n" + takes("events.SQSEvent"),
			Function{Kind: generator.KindQueue, Queue: "my-orders"},
		},
		"queue by its name": {
			"const Queue = \"orders\"\n\nvar Handler = handler()\n",
			Function{Kind: generator.KindQueue, Queue: "orders"},
		},
		"tick": {
			"const Schedule = \"@daily\"\n\n" + takes("schedule.Tick"),
			Function{Kind: generator.KindSchedule, Schedule: "@daily"},
		},
		"tick by its name": {
			"const Schedule = \"@daily\"\n\nvar Handler = handler()\n",
			Function{Kind: generator.KindSchedule, Schedule: "@daily"},
		},
		"request and a queue": {
			"const Queue = \"orders\"\n\nvar Handler = fn.Chain(handle)\n", Function{Kind: generator.KindHTTP},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := openTest(t, map[string]string{
				"go.mod":                goMod,
				functionsDir + "f/f.go": "package f\n" + kindImports + test.source,
				functionsDir + "flat.go": "package functions\n" + kindImports + strings.NewReplacer(
					"Handler", "FlatHandler", "Queue", "FlatQueue", "Schedule", "FlatSchedule").Replace(test.source),
			}, ".")
			functions, _, err := p.List()
			require.NoError(t, err)
			require.Len(t, functions, 2)
			for _, f := range functions {
				assert.Equal(t, test.want, Function{Kind: f.Kind, Schedule: f.Schedule, Queue: f.Queue}, f.Name)
				assert.Equal(t, f.Kind == generator.KindHTTP, f.Route != "", "only HTTP functions have a route")
			}
			schedule := ""
			if test.want.Kind == generator.KindSchedule {
				schedule = "FlatSchedule"
			}
			ref := functions[1].Ref("example.com/app")
			assert.Equal(t, schedule, ref.Schedule)
			assert.Equal(t, test.want.Kind, ref.Kind)
		})
	}
}

func TestListKindErrors(t *testing.T) {
	tick := "func Handler(ctx context.Context, tick schedule.Tick) error { return nil }\n"
	for _, test := range []struct{ source, want, hint string }{
		{tick, "13: Handler needs the constant Schedule", scheduleHint},
		{"var Handler = q.Each(handle)\n", "13: Handler needs the constant Queue", queueHint},
		{"var Schedule = \"@daily\"\n\n" + tick, "13: Schedule: want a constant string", scheduleHint},
		{"const Schedule = 5\n\n" + tick, "13: Schedule: want a constant string", scheduleHint},
		{"const Queue = name.Orders\n\nvar Handler = q.Each(handle)\n", "13: Queue: want a constant string", queueHint},
		{
			"const Schedule, Queue = \"@daily\", \"orders\"\n\nvar Handler = handler()\n",
			"13: a function has a Schedule or a Queue, not both", "remove one of them",
		},
	} {
		p := openTest(t, map[string]string{
			"go.mod": goMod, functionsDir + "f/f.go": "package f\n" + kindImports + test.source,
		}, ".")
		_, _, err := p.List()
		var invalid *DeclarationError
		if assert.ErrorAs(t, err, &invalid, test.source) {
			assert.Equal(t, "api/src/functions/f/f.go:"+test.want, err.Error())
			assert.Equal(t, test.hint, hint.Of(err))
		}
	}
}
