package queue_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/fngen/fngen/templates/lib/fntest"
	"github.com/fngen/fngen/templates/lib/once"
	"github.com/fngen/fngen/templates/lib/queue"
)

func Example() {
	type Order struct{ ID, Country string }
	handle := func(_ context.Context, m queue.Message[Order]) error {
		if m.Body.Country == "" {
			return errors.New("an order without a country")
		}
		fmt.Println("shipped", m.Body.ID)
		return nil
	}
	handler := queue.Each(queue.Once(once.NewMemory(10_000), handle))

	event := fntest.SQS(Order{"1", "DE"}, Order{"2", ""}, Order{"3", "FR"})
	response, err := handler(context.Background(), event)
	fmt.Println("failed", fntest.Failed(event, response), err)
	// Output:
	// shipped 1
	// shipped 3
	// failed [1] <nil>
}
