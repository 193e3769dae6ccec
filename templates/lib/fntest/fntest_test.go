package fntest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/fntest"
	"github.com/fngen/fngen/templates/lib/scenario"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

// A vector is a call of a mock function of RedwoodJS, and the event it returned.
type vector struct {
	Fn   string
	Args struct {
		fntest.Event
		Payload       json.RawMessage // a map would lose the order of its keys
		SignatureType string
		Secret        string
	}
	Result map[string]any
}

func (v vector) event() fntest.Event {
	e := v.Args.Event
	var text string
	switch {
	case v.Args.Payload == nil:
	case json.Unmarshal(v.Args.Payload, &text) == nil:
		e.Payload = text
	default:
		e.Payload = v.Args.Payload
	}
	return e
}

func TestVectors(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "testdata", "vectors", "mocks.jsonl"))
	require.NoError(t, err)
	for line := range bytes.Lines(data) {
		var v vector
		require.NoError(t, json.Unmarshal(line, &v))
		t.Run(v.Fn, func(t *testing.T) {
			var event events.APIGatewayProxyRequest
			switch v.Fn {
			case "mockHttpEvent":
				event = fntest.HTTPEvent(v.event())
			case "mockSignedWebhook":
				scheme, err := webhooks.ParseScheme(v.Args.SignatureType)
				require.NoError(t, err)
				event = fntest.SignedWebhook(v.event(), webhooks.Signer(scheme, webhooks.Options{
					Secret:          v.Args.Secret,
					SignatureHeader: v.Args.SignatureHeader,
				}))
			default:
				require.Fail(t, "no such mock", v.Fn)
			}

			got := asJSON(t, event)
			if got["isBase64Encoded"] == nil {
				got["isBase64Encoded"] = false // events leaves it out where it is false
			}
			for field, want := range v.Result {
				if ours(v, field, want) {
					continue
				}
				if field == "body" && want == nil {
					want = ""
				}
				assert.Truef(t, holds(got[field], want), "%s is %v, recorded was %v", field, got[field], want)
			}
			assertConsistent(t, event)
		})
	}
}

// ours reports whether a field is one that API Gateway sets and RedwoodJS does not.
func ours(v vector, field string, recorded any) bool {
	if object, ok := recorded.(map[string]any); recorded != nil && (!ok || len(object) > 0) {
		return false
	}
	switch field {
	case "multiValueHeaders", "multiValueQueryStringParameters", "requestContext", "resource":
		return true
	case "queryStringParameters":
		return len(v.Args.MultiValueQueryStringParameters) > 0
	}
	return false
}

// holds reports whether got equals want, apart from additional members of objects.
func holds(got, want any) bool {
	object, ok := want.(map[string]any)
	if !ok || len(object) == 0 {
		return assert.ObjectsAreEqual(want, got)
	}
	members, _ := got.(map[string]any)
	for name, value := range object {
		if !holds(members[name], value) {
			return false
		}
	}
	return true
}

func asJSON(t *testing.T, event events.APIGatewayProxyRequest) map[string]any {
	t.Helper()
	data, err := json.Marshal(event)
	require.NoError(t, err)
	var object map[string]any
	require.NoError(t, json.Unmarshal(data, &object))
	return object
}

// assertConsistent checks that each single value is the last of the multiple values.
func assertConsistent(t *testing.T, event events.APIGatewayProxyRequest) {
	t.Helper()
	for field, maps := range map[string]struct {
		single map[string]string
		multi  map[string][]string
	}{
		"headers": {event.Headers, event.MultiValueHeaders},
		"query":   {event.QueryStringParameters, event.MultiValueQueryStringParameters},
	} {
		assert.Len(t, maps.multi, len(maps.single), field)
		for name, values := range maps.multi {
			if assert.NotEmpty(t, values, "%s: %s", field, name) {
				assert.Equal(t, values[len(values)-1], maps.single[name], "%s: %s", field, name)
			}
		}
	}
	assert.Equal(t, event.HTTPMethod, event.RequestContext.HTTPMethod)
	assert.Equal(t, event.Path, event.RequestContext.Path)
}

func TestHTTPEventQuery(t *testing.T) {
	type single = map[string]string
	type multi = map[string][]string
	tests := map[string]struct {
		single     single
		multi      multi
		wantSingle single
		wantMulti  multi
	}{
		"none":             {nil, nil, nil, multi{}},
		"single":           {single{"a": "1"}, nil, single{"a": "1"}, multi{"a": {"1"}}},
		"multi":            {nil, multi{"a": {"1", "2"}}, single{"a": "2"}, multi{"a": {"1", "2"}}},
		"both":             {single{"a": "1"}, multi{"b": {"2", "3"}}, single{"a": "1", "b": "3"}, multi{"a": {"1"}, "b": {"2", "3"}}},
		"both of one name": {single{"a": "1"}, multi{"a": {"2", "3"}}, single{"a": "3"}, multi{"a": {"2", "3"}}},
		"without a value":  {nil, multi{"a": {}}, nil, multi{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			event := fntest.HTTPEvent(fntest.Event{QueryStringParameters: tt.single, MultiValueQueryStringParameters: tt.multi})
			assert.Equal(t, tt.wantSingle, event.QueryStringParameters)
			assert.Equal(t, tt.wantMulti, event.MultiValueQueryStringParameters)
			assertConsistent(t, event)
		})
	}
}

func TestHTTPEventBody(t *testing.T) {
	tests := map[string]struct {
		payload any
		base64  bool
		want    string
	}{
		"none":         {nil, false, ""},
		"none, base64": {nil, true, ""},
		"text":         {`{"a": 1}`, false, `{"a": 1}`},
		"bytes":        {[]byte("\x00\xff"), false, "\x00\xff"},
		"base64":       {"hello", true, "aGVsbG8="},
		"bytes base64": {[]byte("\x00\xff\x89"), true, "AP+J"},
		"JSON":         {struct{ A []int }{[]int{1, 2}}, false, `{"A":[1,2]}`},
		"JSON base64":  {map[string]int{"a": 1}, true, "eyJhIjoxfQ=="},
		"number":       {12, false, "12"},
		// Senders sign what they send, and JSON.stringify escapes none of these.
		"JSON with HTML": {map[string]string{"a": "<b> & c"}, false, `{"a":"<b> & c"}`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			event := fntest.HTTPEvent(fntest.Event{Payload: tt.payload, IsBase64Encoded: tt.base64})
			assert.Equal(t, tt.want, event.Body)
			assert.Equal(t, tt.base64, event.IsBase64Encoded)
		})
	}
}

func TestHTTPEventSignature(t *testing.T) {
	tests := map[string]struct {
		event fntest.Event
		want  map[string]string
	}{
		"both":      {fntest.Event{Signature: "sig", SignatureHeader: "X-Sig"}, map[string]string{"x-sig": "sig"}},
		"no header": {fntest.Event{Signature: "sig"}, map[string]string{}},
		"no value":  {fntest.Event{SignatureHeader: "X-Sig"}, map[string]string{}},
		"more": {
			fntest.Event{Signature: "sig", SignatureHeader: "X-Sig", Headers: map[string]string{"A": "1"}},
			map[string]string{"A": "1", "x-sig": "sig"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			event := fntest.HTTPEvent(tt.event)
			assert.Equal(t, tt.want, event.Headers)
			assertConsistent(t, event)
		})
	}
}

func TestHTTPEventKeepsRequestContext(t *testing.T) {
	given := events.APIGatewayProxyRequestContext{
		HTTPMethod: "PUT", Path: "/prod/orders", RequestID: "mine", Stage: "prod",
		Identity: events.APIGatewayRequestIdentity{SourceIP: "1.2.3.4"},
	}
	event := fntest.HTTPEvent(fntest.Event{HTTPMethod: "POST", Path: "/orders", RequestContext: given})
	assert.Equal(t, given, event.RequestContext)
	assert.Equal(t, "POST", event.HTTPMethod)
	assert.Equal(t, "/orders", event.Path)
}

// Tests may share an Event, and change the event that they get.
func TestHTTPEventSharesNothing(t *testing.T) {
	given := func() fntest.Event {
		return fntest.Event{
			Headers:                         map[string]string{"a": "1"},
			QueryStringParameters:           map[string]string{"a": "1"},
			MultiValueQueryStringParameters: map[string][]string{"b": {"1", "2"}},
			PathParameters:                  map[string]string{"a": "1"},
			StageVariables:                  map[string]string{"a": "1"},
			Signature:                       "sig",
			SignatureHeader:                 "X-Sig",
			RequestContext:                  events.APIGatewayProxyRequestContext{Authorizer: map[string]any{"a": "1"}},
		}
	}
	e := given()
	event := fntest.HTTPEvent(e)
	require.Equal(t, given(), e, "HTTPEvent changed what it was given")

	event.Headers["a"] = "changed"
	event.MultiValueHeaders["a"][0] = "changed"
	event.QueryStringParameters["a"] = "changed"
	event.MultiValueQueryStringParameters["b"][0] = "changed"
	event.PathParameters["a"] = "changed"
	event.StageVariables["a"] = "changed"
	event.RequestContext.Authorizer["a"] = "changed"
	assert.Equal(t, given(), e)
}

func TestHTTPEventSourceIP(t *testing.T) {
	requestContext := events.APIGatewayProxyRequestContext{
		Identity: events.APIGatewayRequestIdentity{SourceIP: "198.51.100.1"},
	}
	for _, test := range []struct {
		event fntest.Event
		want  string
	}{
		{fntest.Event{}, "127.0.0.1"},
		{fntest.Event{RequestContext: requestContext}, "198.51.100.1"},
		{fntest.Event{SourceIP: "203.0.113.7"}, "203.0.113.7"},
		{fntest.Event{SourceIP: "203.0.113.7", RequestContext: requestContext}, "203.0.113.7"},
	} {
		assert.Equal(t, test.want, fntest.HTTPEvent(test.event).RequestContext.Identity.SourceIP)
	}
}

func TestUnusableInputPanics(t *testing.T) {
	failing := func(event events.APIGatewayProxyRequest) (events.APIGatewayProxyRequest, error) {
		return event, errors.New("no key")
	}
	tests := map[string]struct {
		call func()
		want string
	}{
		"channel": {
			func() { fntest.HTTPEvent(fntest.Event{Payload: make(chan int)}) },
			"fntest: payload: json: unsupported type: chan int",
		},
		"NaN": {
			func() { fntest.HTTPEvent(fntest.Event{Payload: math.NaN()}) },
			"fntest: payload: json: unsupported value: NaN",
		},
		"failing signer": {func() { fntest.SignedWebhook(fntest.Event{}, failing) }, "fntest: SignedWebhook: no key"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			assert.PanicsWithValue(t, tt.want, tt.call)
		})
	}
}

func TestContext(t *testing.T) {
	ctx := fntest.Context(t)

	// A function behind API Gateway has 29 seconds.
	deadline, ok := ctx.Deadline()
	require.True(t, ok)
	assert.WithinDuration(t, time.Now().Add(29*time.Second), deadline, 10*time.Second)

	invocation, ok := lambdacontext.FromContext(ctx)
	require.True(t, ok)
	assert.Equal(t, fntest.HTTPEvent(fntest.Event{}).RequestContext.RequestID, invocation.AwsRequestID)
	assert.NotEmpty(t, invocation.InvokedFunctionArn)
}

// lasting is a test whose context outlives it.
type lasting struct{ testing.TB }

func (lasting) Context() context.Context { return context.Background() }

func TestContextEndsWithTheTest(t *testing.T) {
	var ctx context.Context
	t.Run("invocation", func(t *testing.T) {
		ctx = fntest.Context(lasting{t})
		require.NoError(t, ctx.Err())
	})
	assert.ErrorIs(t, ctx.Err(), context.Canceled)
}

func TestContextOptions(t *testing.T) {
	ctx := fntest.Context(t,
		func(c *lambdacontext.LambdaContext) { c.AwsRequestID, c.TenantID = "1", "one" },
		func(c *lambdacontext.LambdaContext) { c.AwsRequestID += "2" },
	)
	invocation, ok := lambdacontext.FromContext(ctx)
	require.True(t, ok)
	assert.Equal(t, "12", invocation.AwsRequestID, "options apply in order")
	assert.Equal(t, "one", invocation.TenantID)

	other, _ := lambdacontext.FromContext(fntest.Context(t))
	assert.Empty(t, other.TenantID, "options of one context reach another")
}

type storeKey struct{}

// namedStore is a store that adds its name to the context.
type namedStore string

func (p namedStore) Open(ctx context.Context, _ scenario.TB) (context.Context, func(context.Context, any) error, error) {
	return context.WithValue(ctx, storeKey{}, p), nil, nil
}

// The handler gets the scenario's store from its context.
func TestContextOfScenario(t *testing.T) {
	definition := scenario.Define(namedStore("database"), func(*scenario.Seeder, *struct{}) {})
	definition.Run(t, "test", func(t *scenario.T, _ *struct{}) {
		ctx := fntest.Context(t)
		assert.Equal(t, namedStore("database"), ctx.Value(storeKey{}))
		_, ok := lambdacontext.FromContext(ctx)
		assert.True(t, ok)

		t.Run("subtest", func(t *scenario.T) {
			assert.Equal(t, namedStore("database"), fntest.Context(t).Value(storeKey{}))
		})
	})
}

// recorder is a test that records how it failed.
type recorder struct {
	testing.TB
	fatal string
}

func (r *recorder) Fatalf(format string, args ...any) { r.fatal = fmt.Sprintf(format, args...) }

func TestCall(t *testing.T) {
	type key struct{}
	add := func(text string) func(context.Context) context.Context {
		return func(ctx context.Context) context.Context {
			before, _ := ctx.Value(key{}).(string)
			return context.WithValue(ctx, key{}, before+text)
		}
	}
	handler := func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		_, ok := lambdacontext.FromContext(ctx)
		assert.True(t, ok)
		value, _ := ctx.Value(key{}).(string)
		return events.APIGatewayProxyResponse{StatusCode: 200, Body: event.Path + value}, nil
	}
	event := fntest.HTTPEvent(fntest.Event{Path: "/orders"})

	assert.Equal(t, "/orders", fntest.Call(t, handler, event).Body)
	assert.Equal(t, "/orders12", fntest.Call(t, handler, event, add("1"), add("2")).Body, "options apply in order")
}

func TestCallFailsOnError(t *testing.T) {
	handler := func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		return events.APIGatewayProxyResponse{}, errors.New("no database")
	}
	r := &recorder{TB: t}
	fntest.Call(r, handler, fntest.HTTPEvent(fntest.Event{}))
	assert.Equal(t, "Handler returned an error: no database", r.fatal)
}
