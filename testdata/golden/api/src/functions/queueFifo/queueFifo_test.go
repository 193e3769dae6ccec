package queuefifo

import (
	"slices"
	"testing"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
)

func TestHandler(t *testing.T) {
	tests := []struct {
		name   string
		bodies []any
		failed []int // indexes of the messages that the queue must send again
	}{
		{"handles all messages", []any{payload{}, payload{}}, nil},
		{"stops at the first failure", []any{payload{}, "not JSON", payload{}}, []int{1, 2}},
	}
	for _, test := range tests {
		standard.Run(t, test.name, func(t *scenario.T, s *Scenario) {
			event := fntest.FIFO("group", test.bodies...)
			response, err := Handler(fntest.Context(t), event)
			if err != nil {
				t.Fatalf("Handler: %v", err)
			}
			if failed := fntest.Failed(event, response); !slices.Equal(failed, test.failed) {
				t.Errorf("failed messages = %v, want %v", failed, test.failed)
			}
		})
	}
}
