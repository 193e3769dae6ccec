package batch_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"os"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/batch"
)

func captureLog(tb testing.TB) *bytes.Buffer {
	var buffer bytes.Buffer
	logger, writer, flags := slog.Default(), log.Writer(), log.Flags()
	tb.Cleanup(func() { // slog.SetDefault also redirects package log
		slog.SetDefault(logger)
		log.SetOutput(writer)
		log.SetFlags(flags)
	})
	slog.SetDefault(slog.New(slog.NewTextHandler(&buffer, nil)))
	return &buffer
}

func id(i int) string { return fmt.Sprintf("id-%d", i) }

var errHandler = errors.New("handler failed")

func TestRun(t *testing.T) {
	outcomes := map[byte]func() error{
		'.': func() error { return nil },
		'e': func() error { return errHandler },
		'p': func() error { panic("bug") },
		'n': func() error { return []error{nil}[len(os.Args)] },
		'g': func() error { runtime.Goexit(); return nil },
	}
	for _, tt := range []struct {
		items   string
		inOrder bool
		want    string // items that fail
		handled int
	}{
		{"", false, "[]", 0},
		{"", true, "[]", 0},
		{"....", false, "[]", 4},
		{"....", true, "[]", 4},
		{".e.e", false, "[1 3]", 4},
		{".e.e", true, "[1 2 3]", 2},
		{".p.", false, "[1]", 3},
		{".p.", true, "[1 2]", 2},
		{".n.", false, "[1]", 3},
		{".g.g.", false, "[1 3]", 5},
		{".g.g.", true, "[1 2 3 4]", 2},
		{"...g", false, "[3]", 4},
		{"e", false, "[0] error", 1},
		{"e", true, "[0] error", 1},
		{"epg", false, "[0 1 2] error", 3},
		{"e...", true, "[0 1 2 3] error", 1},
		{"g...", true, "[0 1 2 3] error", 1},
		{"...e", true, "[3]", 4},
	} {
		for _, concurrency := range []int{-1, 0, 1, 2, 100} {
			if tt.inOrder && concurrency > 1 {
				concurrency *= 2 // ignored
			}
			t.Run(fmt.Sprintf("%s %v %d", tt.items, tt.inOrder, concurrency), func(t *testing.T) {
				captureLog(t)
				var handled atomic.Int32
				failed, err := batch.Batch{
					Len: len(tt.items), ID: id, InOrder: tt.inOrder, Concurrency: concurrency,
					Handle: func(_ context.Context, i int) error {
						handled.Add(1)
						return outcomes[tt.items[i]]()
					},
				}.Run(t.Context())
				got := fmt.Sprint(failed)
				if err != nil {
					got += " error"
				}
				assert.Equal(t, tt.want, got)
				assert.EqualValues(t, tt.handled, handled.Load())
			})
		}
	}
}

// The error of a batch in which nothing succeeded is that of its first item.
func TestRunError(t *testing.T) {
	captureLog(t)
	_, err := batch.Batch{
		Len: 2, ID: id, Handle: func(_ context.Context, i int) error { return []error{errHandler, errors.New("other")}[i] },
	}.Run(t.Context())
	require.ErrorIs(t, err, errHandler)
	require.EqualError(t, err, "no item of the batch succeeded: handler failed")
}

func TestRunLog(t *testing.T) {
	output := captureLog(t)
	_, err := batch.Batch{
		Len: 5, ID: id, InOrder: true,
		Handle: func(_ context.Context, i int) error {
			if i == 1 {
				panic("bug")
			}
			return nil
		},
	}.Run(t.Context())
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(output.String()), "\n")
	require.Len(t, lines, 2)
	assert.Contains(t, lines[0], `level=ERROR msg="item failed" id=id-1 reason="panic: bug" stack="goroutine `)
	assert.Contains(t, lines[0], "batch_test.go", "the stack includes the handler")
	assert.Contains(t, lines[1], `level=WARN msg="items not started" items=3`)
}

func TestConcurrency(t *testing.T) {
	for _, tt := range []struct {
		concurrency int
		inOrder     bool
		want        int32
	}{{0, false, 1}, {1, false, 1}, {3, false, 3}, {100, false, 10}, {3, true, 1}} {
		synctest.Test(t, func(t *testing.T) {
			var running, most atomic.Int32
			start := time.Now()
			failed, err := batch.Batch{
				Len: 10, ID: id, Concurrency: tt.concurrency, InOrder: tt.inOrder,
				Handle: func(context.Context, int) error {
					n := running.Add(1)
					defer running.Add(-1)
					for old := most.Load(); old < n && !most.CompareAndSwap(old, n); old = most.Load() {
					}
					time.Sleep(time.Second)
					return nil
				},
			}.Run(t.Context())
			require.NoError(t, err)
			require.Empty(t, failed)
			assert.Equal(t, tt.want, most.Load())
			assert.Equal(t, time.Duration((10+tt.want-1)/tt.want)*time.Second, time.Since(start))
		})
	}
}

// The margins are those of an invocation with a timeout of 30 seconds.
func TestDeadline(t *testing.T) {
	const timeout = 30 * time.Second
	for _, tt := range []struct {
		name        string
		concurrency int
		handle      func(ctx context.Context, i int) error
		want        string
		returns     time.Duration
	}{
		{
			"in time", 1, func(context.Context, int) error { time.Sleep(7 * time.Second); return nil },
			"[]", 28 * time.Second,
		},
		{
			"does not suffice", 1, func(context.Context, int) error { time.Sleep(10 * time.Second); return nil },
			"[2 3]", timeout - 500*time.Millisecond,
		},
		{
			"finishes in the margin", 1, func(context.Context, int) error { time.Sleep(14700 * time.Millisecond); return nil },
			"[2 3]", 2 * 14700 * time.Millisecond,
		},
		{
			"context is respected", 1, func(ctx context.Context, i int) error {
				if i == 0 {
					return nil
				}
				<-ctx.Done()
				return ctx.Err()
			},
			"[1 2 3]", timeout - time.Second,
		},
		{
			"one is stuck", 2, func(_ context.Context, i int) error {
				if i == 1 {
					time.Sleep(time.Hour)
				}
				return nil
			},
			"[1]", timeout - 500*time.Millisecond,
		},
		{
			"all are stuck", 4, func(context.Context, int) error { time.Sleep(time.Hour); return nil },
			"[0 1 2 3] error", timeout - 500*time.Millisecond,
		},
		{
			"stuck and then a panic", 1, func(_ context.Context, i int) error {
				if i == 1 {
					time.Sleep(time.Hour)
					panic("bug")
				}
				return nil
			},
			"[1 2 3]", timeout - 500*time.Millisecond,
		},
		{
			"stuck and then an exit", 1, func(_ context.Context, i int) error {
				if i == 1 {
					time.Sleep(time.Hour)
					runtime.Goexit()
				}
				return nil
			},
			"[1 2 3]", timeout - 500*time.Millisecond,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				captureLog(t)
				ctx, cancel := context.WithTimeout(t.Context(), timeout)
				defer cancel()
				start := time.Now()
				failed, err := batch.Batch{Len: 4, ID: id, Concurrency: tt.concurrency, Handle: tt.handle}.Run(ctx)
				got := fmt.Sprint(failed)
				if err != nil {
					got += " error"
				}
				assert.Equal(t, tt.want, got)
				assert.Equal(t, tt.returns, time.Since(start))
				time.Sleep(2 * time.Hour) // for the race detector: what handlers return later is ignored
				assert.Equal(t, tt.want[:len(fmt.Sprint(failed))], fmt.Sprint(failed))
			})
		})
	}
}

// A short timeout leaves a tenth of it, and an expired one leaves no time.
func TestShortDeadline(t *testing.T) {
	for _, tt := range []struct{ timeout, context time.Duration }{
		{3 * time.Second, 2700 * time.Millisecond},
		{10 * time.Second, 9 * time.Second},
		{15 * time.Minute, 15*time.Minute - time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			captureLog(t)
			ctx, cancel := context.WithTimeout(t.Context(), tt.timeout)
			defer cancel()
			start := time.Now()
			_, err := batch.Batch{Len: 2, ID: id, Handle: func(ctx context.Context, _ int) error {
				<-ctx.Done()
				return context.Cause(ctx)
			}}.Run(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.NoError(t, ctx.Err())
			assert.Equal(t, tt.context, time.Since(start))
		})
	}

	captureLog(t)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	failed, err := batch.Batch{
		Len: 2, ID: id, Handle: func(context.Context, int) error { t.Error("handled"); return nil },
	}.Run(ctx)
	require.ErrorContains(t, err, "not started")
	assert.Equal(t, []int{0, 1}, failed)
}

// If the caller gives up, Run returns too.
func TestCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		captureLog(t)
		ctx, cancel := context.WithCancel(t.Context())
		failed, err := batch.Batch{Len: 3, ID: id, Handle: func(ctx context.Context, i int) error {
			if i == 1 {
				cancel()
				time.Sleep(time.Minute)
			}
			return nil
		}}.Run(ctx)
		require.NoError(t, err)
		assert.Equal(t, []int{1, 2}, failed)
		time.Sleep(time.Hour) // until the handler is done
	})
}

type order struct {
	ID     int
	At     time.Time
	Nested struct{ Amount int }
}

func TestDecode(t *testing.T) {
	var o order
	require.NoError(t, batch.Decode([]byte(`{"ID":7,"other":1}`), &o))
	assert.Equal(t, 7, o.ID)
	var s string
	require.NoError(t, batch.Decode([]byte(`"quoted"`), &s))
	assert.Equal(t, `"quoted"`, s)
	var b []byte
	require.NoError(t, batch.Decode([]byte("\xff"), &b))
	assert.Equal(t, []byte("\xff"), b)
	var raw json.RawMessage
	require.NoError(t, batch.Decode([]byte("not JSON"), &raw))
	assert.Equal(t, "not JSON", string(raw))
	var v any
	require.NoError(t, batch.Decode([]byte("[1]"), &v))

	for body, want := range map[string]string{
		"":                             "decoding: invalid JSON at offset 0",
		"secret":                       "decoding: invalid JSON at offset 1",
		`{"ID":1} secret`:              "decoding: invalid JSON at offset 10",
		`{"ID":"secret"}`:              `decoding: "ID" at offset 14 must be of type int`,
		`{"Nested":{"Amount":4711.5}}`: `decoding: "Nested.Amount" at offset 26 must be of type int`,
		`{"At":"secret"}`:              "decoding: the JSON is not a *batch_test.order",
		`["secret"]`:                   `decoding: "" at offset 1 must be of type batch_test.order`,
		"\xef\xbb\xbf" + `{"ID":1}`:    "decoding: invalid JSON at offset 1",
		strings.Repeat("[", 20_000):    "decoding: invalid JSON at offset 10001",
	} {
		assert.EqualError(t, batch.Decode([]byte(body), &o), want)
	}
}

func FuzzDecode(f *testing.F) {
	for _, body := range []string{
		`{"ID":7}`, `{"At":"2026-01-01T00:00:00Z"}`, `{"Nested":{"Amount":1e9}}`, `[[[`, `"\ud800"`,
	} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var got, want order
		err := batch.Decode(body, &got)
		if wantErr := json.Unmarshal(body, &want); (err == nil) != (wantErr == nil) || !reflect.DeepEqual(got, want) {
			t.Fatalf("%v, want %v", err, wantErr)
		}
	})
}
