package gateway_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/runtime/gateway"
	"github.com/fngen/fngen/templates/runtime/route"
)

// call calls f with the context that a function of g gets for a request with
// ctx.
func call(ctx context.Context, g *gateway.Gateway, f func(context.Context)) {
	r := httptest.NewRequest("GET", "/divide", nil).WithContext(ctx)
	g.Serve(httptest.NewRecorder(), r, route.Match{}, func(ctx context.Context, _ request) (response, error) {
		f(ctx)
		return ok(""), nil
	})
}

// derived are the ways in which a function may derive a context from its own.
var derived = map[string]func(context.Context) (context.Context, context.CancelFunc){
	"unchanged":  func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} },
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
	"grandchild": func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		child, cancelChild := context.WithCancel(ctx)
		return child, func() { cancelChild(); cancel() }
	},
}

type key struct{}

// waitDone waits until ctx is done and returns its error.
func waitDone(t *testing.T, ctx context.Context) error {
	t.Helper()
	select {
	case <-ctx.Done():
	case <-time.After(10 * time.Second):
		require.Fail(t, "the context is not done")
	}
	return ctx.Err()
}

func TestContextDone(t *testing.T) {
	for name, derive := range derived {
		t.Run(name, func(t *testing.T) {
			g := &gateway.Gateway{Timeout: 10 * time.Millisecond, Logger: logTo(io.Discard)}
			client, disconnect := context.WithCancel(context.Background()) // like the contexts of net/http
			defer disconnect()
			call(client, g, func(ctx context.Context) {
				ctx, cancel := derive(ctx)
				defer cancel()
				assert.ErrorIs(t, waitDone(t, ctx), context.DeadlineExceeded, "the call timed out")
				assert.ErrorIs(t, context.Cause(ctx), context.DeadlineExceeded)
			})

			g = &gateway.Gateway{Timeout: time.Hour}
			parent, cancelParent := context.WithCancel(context.Background())
			call(parent, g, func(ctx context.Context) {
				ctx, cancel := derive(ctx)
				defer cancel()
				assert.NoError(t, ctx.Err())
				cancelParent()
				assert.ErrorIs(t, waitDone(t, ctx), context.Canceled, "the client disconnected")
			})

			var late context.Context
			call(context.Background(), g, func(ctx context.Context) {
				late, _ = derive(ctx)
				assert.NoError(t, late.Err())
			})
			assert.ErrorIs(t, waitDone(t, late), context.Canceled, "the call has ended")
		})
	}
}

// TestContextConsistent checks that Err and Done agree, whichever is called
// first.
func TestContextConsistent(t *testing.T) {
	parent, cancelParent := context.WithCancel(context.Background())
	call(parent, new(gateway.Gateway), func(ctx context.Context) {
		cancelParent()
		assert.ErrorIs(t, ctx.Err(), context.Canceled)
		select {
		case <-ctx.Done():
		default:
			assert.Fail(t, "Err is not nil, but Done is not closed")
		}
	})
	parent, cancelParent = context.WithCancel(context.Background())
	call(parent, new(gateway.Gateway), func(ctx context.Context) {
		done := ctx.Done()
		cancelParent()
		assert.ErrorIs(t, ctx.Err(), context.Canceled)
		select {
		case <-done:
		default:
			assert.Fail(t, "Err is not nil, but Done is not closed")
		}
	})
}

func TestContextAfterFunc(t *testing.T) {
	g := &gateway.Gateway{Timeout: time.Hour}
	called, stopped, late := make(chan bool, 1), make(chan bool, 1), make(chan bool, 1)
	var saved context.Context
	call(context.WithValue(context.Background(), key{}, "value"), g, func(ctx context.Context) {
		saved = ctx
		assert.Equal(t, "value", ctx.Value(key{}))
		context.AfterFunc(ctx, func() { called <- true })
		stop := context.AfterFunc(ctx, func() { stopped <- true })
		assert.True(t, stop())
		assert.False(t, stop())
		assert.Empty(t, called)
	})
	<-called
	stop := context.AfterFunc(saved, func() { late <- true })
	<-late
	assert.False(t, stop())
	assert.Empty(t, stopped)
}

// TestContextDeadline checks that the request's deadline applies if the gateway
// has no timeout.
func TestContextDeadline(t *testing.T) {
	call(context.Background(), new(gateway.Gateway), func(ctx context.Context) {
		_, has := ctx.Deadline()
		assert.False(t, has)
	})
	at := time.Now().Add(time.Hour)
	parent, cancel := context.WithDeadline(context.Background(), at)
	defer cancel()
	call(parent, new(gateway.Gateway), func(ctx context.Context) {
		deadline, _ := ctx.Deadline()
		assert.Equal(t, at, deadline)
	})
}

// TestExpiredRequest checks that a request whose deadline has passed is
// answered like a call that timed out.
func TestExpiredRequest(t *testing.T) {
	parent, cancel := context.WithTimeout(context.Background(), 0)
	defer cancel()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/", nil).WithContext(parent)
	g := &gateway.Gateway{Logger: logTo(io.Discard)}
	g.Serve(w, r, route.Match{}, func(ctx context.Context, _ request) (response, error) {
		return response{}, errors.Join(ctx.Err())
	})
	assert.Equal(t, http.StatusGatewayTimeout, w.Code)
}

// TestContextRawURL checks that the context has the path and the query as the
// client sent them, at the public URL.
func TestContextRawURL(t *testing.T) {
	raw := func(ctx context.Context, _ request) (response, error) {
		lc, _ := lambdacontext.FromContext(ctx)
		custom := lc.ClientContext.Custom
		return ok(custom["rawPath"] + " " + custom["rawQueryString"]), nil
	}
	public := &url.URL{Scheme: "https", Host: "example.com", Path: "/api/"}
	for target, want := range map[string]string{
		"/sms":                          "/sms ",
		"/sms/":                         "/sms/ ",
		"/sms/a%2Fb/?b=1&a=%c3%ab+x%20": "/sms/a%2Fb/ b=1&a=%c3%ab+x%20",
		"/sms?b=1&&a=2;c=%zz":           "/sms b=1&&a=2;c=%zz",
	} {
		_, body := get(t, serve(t, new(gateway.Gateway), raw).URL+target)
		assert.Equal(t, want, body)
		_, body = get(t, serve(t, &gateway.Gateway{PublicURL: public}, raw).URL+target)
		assert.Equal(t, "/api"+want, body)
	}
}
