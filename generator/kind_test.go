package generator_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
)

func TestParseQueue(t *testing.T) {
	for _, name := range []string{
		"orders", "a", "-", "_", "Orders-2_x", "orders.fifo", strings.Repeat("a", 80), strings.Repeat("a", 75) + ".fifo",
	} {
		got, err := generator.ParseQueue(name)
		assert.NoError(t, err, name)
		assert.Equal(t, name, got)
	}

	long := strings.Repeat("a", 81)
	tests := map[string]string{ // suggestions by name
		"":                "",
		".fifo":           "",
		"...":             "",
		"my.orders":       "my-orders",
		"my orders":       "my-orders",
		"my.orders.fifo":  "my-orders.fifo",
		"orders.FIFO":     "orders.fifo",
		"orders.fifo.":    "orders-fifo",
		"Bestellgröße":    "Bestellgro-e",
		"jobs/import":     "jobs-import",
		long:              long[:80],
		long + ".fifo":    long[:75] + ".fifo",
		long + "/" + long: long[:80],
		"arn:aws:sqs:eu-central-1:123456789012:orders":                    "orders",
		"arn:aws:sqs:eu-central-1:123456789012:orders.fifo":               "orders.fifo",
		"https://sqs.eu-central-1.amazonaws.com/123456789012/orders":      "orders",
		"https://sqs.eu-central-1.amazonaws.com/123456789012/orders.fifo": "orders.fifo",
	}
	for name, suggestion := range tests {
		_, err := generator.ParseQueue(name)
		var invalid *generator.ValueError
		require.ErrorAs(t, err, &invalid, name)
		assert.Equal(t, suggestion, invalid.Suggestion, name)
		if suggestion != "" {
			_, err = generator.ParseQueue(suggestion)
			assert.NoError(t, err)
		}
	}
}

func TestDefaultQueue(t *testing.T) {
	for typed, want := range map[string]string{"import-orders": "importOrders", "jobs/import-orders": "jobs-importOrders"} {
		name, err := generator.ParseName(typed)
		require.NoError(t, err)
		queue, err := generator.ParseQueue(generator.DefaultQueue(name))
		assert.NoError(t, err)
		assert.Equal(t, want, queue)
	}
}

func TestParseEventKind(t *testing.T) {
	for _, kind := range generator.EventKinds() {
		got, err := generator.ParseEventKind(string(kind))
		assert.NoError(t, err)
		assert.Equal(t, kind, got)
	}
	for service, suggestion := range map[string]string{
		"": "", "lambda": "", "S3": "s3", "dynamo": "dynamodb", "DynamoDB": "dynamodb", "event-bridge": "eventbridge",
		"cloudwatch": "eventbridge", "kinesys": "kinesis", "queue": "", "http": "",
	} {
		_, err := generator.ParseEventKind(service)
		var invalid *generator.ValueError
		require.ErrorAs(t, err, &invalid, service)
		assert.Equal(t, suggestion, invalid.Suggestion, service)
	}
}
