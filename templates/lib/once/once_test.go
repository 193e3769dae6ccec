package once_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/once"
)

var _ once.Store = (*once.Memory)(nil)

func TestMemory(t *testing.T) {
	store := once.NewMemory(10)
	calls := 0
	handle := func(id string, ok bool) once.Outcome {
		outcome, err := store.Handle(t.Context(), id, func(context.Context) bool { calls++; return ok })
		require.NoError(t, err)
		return outcome
	}
	assert.Equal(t, once.Handled, handle("1", false))
	assert.Equal(t, once.Handled, handle("1", true), "after a failure")
	assert.Equal(t, once.Duplicate, handle("1", true))
	assert.Equal(t, once.Handled, handle("2", true))
	assert.Equal(t, 3, calls)

	assert.Panics(t, func() {
		_, _ = store.Handle(t.Context(), "3", func(context.Context) bool { panic("bug") })
	})
	assert.Equal(t, once.Handled, handle("3", true), "after a panic")

	outcome, err := store.Handle(t.Context(), "4", func(context.Context) bool {
		assert.Equal(t, once.Busy, handle("4", true))
		return true
	})
	require.NoError(t, err)
	assert.Equal(t, once.Handled, outcome)
}

func TestMemoryConcurrent(t *testing.T) {
	const messages, deliveries = 100, 8
	var handled [messages]atomic.Int32
	store := once.NewMemory(messages)
	var wg sync.WaitGroup
	for range deliveries {
		wg.Go(func() {
			for i := range messages {
				for outcome := once.Busy; outcome == once.Busy; {
					outcome, _ = store.Handle(t.Context(), fmt.Sprint(i), func(context.Context) bool {
						handled[i].Add(1)
						return true
					})
				}
			}
		})
	}
	wg.Wait()
	for i := range handled {
		assert.EqualValues(t, 1, handled[i].Load(), i)
	}
}

func TestMemorySize(t *testing.T) {
	for _, size := range []int{0, 1, 3} {
		store := once.NewMemory(size)
		handle := func(id string) once.Outcome {
			outcome, err := store.Handle(t.Context(), id, func(context.Context) bool { return true })
			require.NoError(t, err)
			return outcome
		}
		size = max(size, 1)
		for i := range 10 * size {
			require.Equal(t, once.Handled, handle(fmt.Sprint(i)))
		}
		for i := 9 * size; i < 10*size; i++ {
			require.Equal(t, once.Duplicate, handle(fmt.Sprint(i)), "one of the last size messages")
		}
		require.Equal(t, once.Handled, handle(fmt.Sprint(9*size-1)), "forgotten")
	}
}
