package gateway_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/runtime/gateway"
)

// call runs f as a function of a gateway, for a request with ctx.
func call(g *gateway.Gateway, ctx context.Context, f func(context.Context)) {
	r := httptest.NewRequest("GET", "/divide", nil).WithContext(ctx)
	g.Serve(httptest.NewRecorder(), r, func(ctx context.Context, _ request) (response, error) {
		f(ctx)
		return ok(""), nil
	})
}

// derived are contexts as functions make them of the one they get.
var derived = map[string]func(context.Context) (context.Context, context.CancelFunc){
	"itself":     func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} },
	"WithCancel": context.WithCancel,
	"WithTimeout": func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, time.Hour)
	},
	"WithDeadline": func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithDeadline(ctx, time.Now().Add(time.Hour))
	},
	"WithValue": func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithCancel(context.WithValue(ctx, key{}, "x"))
	},
	"of one of it": func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		child, cancelChild := context.WithCancel(ctx)
		return child, func() { cancelChild(); cancel() }
	},
}

type key struct{}

// ended waits for a context's end.
func ended(t *testing.T, ctx context.Context) error {
	t.Helper()
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
		require.Fail(t, "it does not end")
	}
	return ctx.Err()
}

func TestContextEnds(t *testing.T) {
	for name, derive := range derived {
		t.Run(name, func(t *testing.T) {
			g := &gateway.Gateway{Timeout: 10 * time.Millisecond, Logger: logTo(io.Discard)}
			call(g, context.Background(), func(ctx context.Context) {
				ctx, cancel := derive(ctx)
				defer cancel()
				assert.ErrorIs(t, ended(t, ctx), context.DeadlineExceeded, "its time is over")
				assert.ErrorIs(t, context.Cause(ctx), context.DeadlineExceeded)
			})

			g = &gateway.Gateway{Timeout: time.Hour}
			parent, goAway := context.WithCancel(context.Background())
			call(g, parent, func(ctx context.Context) {
				ctx, cancel := derive(ctx)
				defer cancel()
				assert.NoError(t, ctx.Err())
				goAway()
				assert.ErrorIs(t, ended(t, ctx), context.Canceled, "the client went away")
			})

			var late context.Context
			call(g, context.Background(), func(ctx context.Context) {
				late, _ = derive(ctx)
				assert.NoError(t, late.Err())
			})
			assert.ErrorIs(t, ended(t, late), context.Canceled, "the call is over")
		})
	}
}

// TestContextAgrees has Err and Done say the same, whoever is asked first.
func TestContextAgrees(t *testing.T) {
	parent, goAway := context.WithCancel(context.Background())
	call(new(gateway.Gateway), parent, func(ctx context.Context) {
		goAway()
		assert.ErrorIs(t, ctx.Err(), context.Canceled)
		select {
		case <-ctx.Done():
		default:
			assert.Fail(t, "Err says that it has ended, Done does not")
		}
	})
	parent, goAway = context.WithCancel(context.Background())
	call(new(gateway.Gateway), parent, func(ctx context.Context) {
		done := ctx.Done()
		goAway()
		assert.ErrorIs(t, ctx.Err(), context.Canceled)
		select {
		case <-done:
		default:
			assert.Fail(t, "Err says that it has ended, Done does not")
		}
	})
}

func TestContextAfterFunc(t *testing.T) {
	g := &gateway.Gateway{Timeout: time.Hour}
	called, stopped, late := make(chan bool, 1), make(chan bool, 1), make(chan bool, 1)
	var kept context.Context
	call(g, context.WithValue(context.Background(), key{}, "value"), func(ctx context.Context) {
		kept = ctx
		assert.Equal(t, "value", ctx.Value(key{}))
		context.AfterFunc(ctx, func() { called <- true })
		stop := context.AfterFunc(ctx, func() { stopped <- true })
		assert.True(t, stop())
		assert.False(t, stop())
		assert.Empty(t, called)
	})
	<-called
	stop := context.AfterFunc(kept, func() { late <- true })
	<-late
	assert.False(t, stop())
	assert.Empty(t, stopped)
}

// TestContextDeadline is the request's own where the gateway has none.
func TestContextDeadline(t *testing.T) {
	call(new(gateway.Gateway), context.Background(), func(ctx context.Context) {
		_, has := ctx.Deadline()
		assert.False(t, has)
	})
	at := time.Now().Add(time.Hour)
	parent, cancel := context.WithDeadline(context.Background(), at)
	defer cancel()
	call(new(gateway.Gateway), parent, func(ctx context.Context) {
		deadline, _ := ctx.Deadline()
		assert.Equal(t, at, deadline)
	})
}

// TestRequestPastItsDeadline is answered as a call that timed out.
func TestRequestPastItsDeadline(t *testing.T) {
	parent, cancel := context.WithTimeout(context.Background(), 0)
	defer cancel()
	w := httptest.NewRecorder()
	(&gateway.Gateway{Logger: logTo(io.Discard)}).Serve(w, httptest.NewRequest("GET", "/", nil).WithContext(parent), func(ctx context.Context, _ request) (response, error) {
		return response{}, errors.Join(ctx.Err())
	})
	assert.Equal(t, http.StatusGatewayTimeout, w.Code)
}
