package stream_test

import (
	"context"
	"fmt"

	"github.com/fngen/fngen/templates/lib/fntest"
	"github.com/fngen/fngen/templates/lib/stream"
)

func ExampleKinesis() {
	type Reading struct{ Celsius float64 }
	handler := stream.Kinesis(func(_ context.Context, r stream.Record[Reading]) error {
		fmt.Println(r.PartitionKey, r.Data.Celsius)
		return nil
	})
	response, err := handler(context.Background(), fntest.Kinesis(Reading{21.5}, Reading{22}))
	fmt.Println(response.BatchItemFailures, err)
	// Output:
	// test 21.5
	// test 22
	// [] <nil>
}
