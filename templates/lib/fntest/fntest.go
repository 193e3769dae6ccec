// Package fntest creates events and contexts for tests of handlers, and calls
// the handlers.
//
// Functions without an error result panic on invalid arguments, as
// httptest.NewRequest does: a mistake in a test shows as soon as the test runs.
package fntest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// An Event describes a request. [HTTPEvent] fills in the fields that are not
// set.
type Event struct {
	HTTPMethod                      string // GET if empty
	Path                            string
	Headers                         map[string]string
	QueryStringParameters           map[string]string
	MultiValueQueryStringParameters map[string][]string
	PathParameters                  map[string]string
	StageVariables                  map[string]string

	// Payload is the request body. A string or byte slice is sent unchanged,
	// nil is an empty body, and any other value is encoded as JSON.
	Payload any

	// IsBase64Encoded says to encode the body in base64, as API Gateway does
	// with binary data.
	IsBase64Encoded bool

	// Signature is sent in the header SignatureHeader if both are set.
	Signature       string
	SignatureHeader string

	// SourceIP is the client's IP address. It defaults to the address in
	// RequestContext or, if that is empty, to 127.0.0.1.
	SourceIP string

	RequestContext events.APIGatewayProxyRequestContext
}

// HTTPEvent returns the event that API Gateway creates for a request. Its
// single-valued and multi-valued fields agree, and it shares no map with e.
func HTTPEvent(e Event) events.APIGatewayProxyRequest {
	body := payload(e.Payload)
	if e.IsBase64Encoded {
		body = base64.StdEncoding.EncodeToString([]byte(body))
	}

	headers := clone(e.Headers)
	if e.Signature != "" && e.SignatureHeader != "" {
		headers[strings.ToLower(e.SignatureHeader)] = e.Signature
	}

	query, multiQuery := maps.Clone(e.QueryStringParameters), multi(e.QueryStringParameters)
	for name, values := range e.MultiValueQueryStringParameters {
		if len(values) == 0 {
			continue
		}
		if query == nil {
			query = map[string]string{}
		}
		query[name] = values[len(values)-1]
		multiQuery[name] = append([]string(nil), values...)
	}

	method := cmp.Or(e.HTTPMethod, http.MethodGet)
	request := e.RequestContext
	request.Authorizer = maps.Clone(request.Authorizer)
	request.HTTPMethod = cmp.Or(request.HTTPMethod, method)
	request.Path = cmp.Or(request.Path, e.Path)
	request.RequestID = cmp.Or(request.RequestID, requestID)
	request.Identity.SourceIP = cmp.Or(e.SourceIP, request.Identity.SourceIP, "127.0.0.1")

	return events.APIGatewayProxyRequest{
		Resource:                        e.Path,
		Path:                            e.Path,
		HTTPMethod:                      method,
		Headers:                         headers,
		MultiValueHeaders:               multi(headers),
		QueryStringParameters:           query,
		MultiValueQueryStringParameters: multiQuery,
		PathParameters:                  maps.Clone(e.PathParameters),
		StageVariables:                  maps.Clone(e.StageVariables),
		RequestContext:                  request,
		Body:                            body,
		IsBase64Encoded:                 e.IsBase64Encoded,
	}
}

// requestID is the request ID in events and contexts, in the format of AWS.
const requestID = "00000000-0000-4000-8000-000000000000"

// timeout is API Gateway's default limit on the duration of a request.
const timeout = 29 * time.Second

// Context returns the context of one invocation, which has a deadline and is
// canceled when the test ends. lambdacontext.FromContext finds a LambdaContext
// in it, which the options can change. If tb has a Context method (scenario.T
// does, and testing.T since Go 1.24), the context is derived from tb's context.
func Context(tb testing.TB, options ...func(*lambdacontext.LambdaContext)) context.Context {
	tb.Helper()
	parent := context.Background()
	if t, ok := tb.(interface{ Context() context.Context }); ok {
		parent = t.Context()
	}
	invocation := &lambdacontext.LambdaContext{
		AwsRequestID:       requestID,
		InvokedFunctionArn: "arn:aws:lambda:us-east-1:123456789012:function:test",
	}
	for _, option := range options {
		option(invocation)
	}
	ctx, cancel := context.WithTimeout(lambdacontext.NewContext(parent, invocation), timeout)
	tb.Cleanup(cancel)
	return ctx
}

// Call calls handler with event in a new [Context] and returns the response. If
// the handler returns an error, the test fails immediately. Each option derives
// a context from the previous one. For example, auth.As(user) signs in a user.
func Call(
	tb testing.TB,
	handler func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error),
	event events.APIGatewayProxyRequest,
	options ...func(context.Context) context.Context,
) events.APIGatewayProxyResponse {
	tb.Helper()
	ctx := Context(tb)
	for _, option := range options {
		ctx = option(ctx)
	}
	response, err := handler(ctx, event)
	if err != nil {
		tb.Fatalf("Handler returned an error: %v", err)
	}
	return response
}

func payload(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []byte:
		return string(v)
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // like the encoders of other languages
	if err := encoder.Encode(v); err != nil {
		panic(fmt.Sprintf("fntest: payload: %v", err))
	}
	return strings.TrimSuffix(body.String(), "\n")
}

// clone returns a copy of m that is never nil.
func clone(m map[string]string) map[string]string {
	c := make(map[string]string, len(m)+1)
	maps.Copy(c, m)
	return c
}

// multi returns m with each value in a list of its own.
func multi(m map[string]string) map[string][]string {
	lists := make(map[string][]string, len(m))
	for name, value := range m {
		lists[name] = []string{value}
	}
	return lists
}
