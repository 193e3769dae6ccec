// Package fntest makes the events and contexts that tests call handlers with.
//
// What cannot be used panics, as httptest.NewRequest does: a mistake in a test
// is found when the test runs.
package fntest

import (
	"bytes"
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

// Event says what is particular about a request. What is left out, [HTTPEvent]
// fills in.
type Event struct {
	HTTPMethod                      string // GET where it is empty
	Path                            string
	Headers                         map[string]string
	QueryStringParameters           map[string]string
	MultiValueQueryStringParameters map[string][]string
	PathParameters                  map[string]string
	StageVariables                  map[string]string

	// Payload is the body: a string or []byte as it is, nil for none, anything
	// else as JSON.
	Payload any

	// IsBase64Encoded has the body arrive in base64, as binary data does.
	IsBase64Encoded bool

	// Signature is set as the header SignatureHeader, where both are given.
	Signature       string
	SignatureHeader string

	RequestContext events.APIGatewayProxyRequestContext
}

// A Signer adds to an event what its sender would sign it with.
type Signer = func(events.APIGatewayProxyRequest) (events.APIGatewayProxyRequest, error)

// HTTPEvent is the event that API Gateway would make of a request: the
// single-valued and multi-valued fields agree. Its maps are its own: none is shared with e.
func HTTPEvent(e Event) events.APIGatewayProxyRequest {
	body := payload(e.Payload)
	if e.IsBase64Encoded {
		body = base64.StdEncoding.EncodeToString([]byte(body))
	}

	headers := clone(e.Headers)
	if e.Signature != "" && e.SignatureHeader != "" {
		headers[strings.ToLower(e.SignatureHeader)] = e.Signature
	}

	method := e.HTTPMethod
	if method == "" {
		method = http.MethodGet
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

	request := e.RequestContext
	request.Authorizer = maps.Clone(request.Authorizer)
	if request.HTTPMethod == "" {
		request.HTTPMethod = method
	}
	if request.Path == "" {
		request.Path = e.Path
	}
	if request.RequestID == "" {
		request.RequestID = requestID
	}
	if request.Identity.SourceIP == "" {
		request.Identity.SourceIP = "127.0.0.1"
	}

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

// SignedWebhook is the event of e as its sender signs it. It panics where the
// signer fails.
func SignedWebhook(e Event, sign Signer) events.APIGatewayProxyRequest {
	signed, err := sign(HTTPEvent(e))
	if err != nil {
		panic("fntest: SignedWebhook: " + err.Error())
	}
	return signed
}

// requestID is what tests find in events and contexts, in the form of AWS's own.
const requestID = "00000000-0000-4000-8000-000000000000"

// timeout is the longest that API Gateway lets a function take.
const timeout = 29 * time.Second

// Context is the context of one invocation: it has a deadline and what
// lambdacontext.FromContext finds, which the options may change. Where tb has a
// Context method (scenario.T does, and testing.T from Go 1.24 on), it builds on that one.
// It is cancelled when the test ends.
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
	encoder.SetEscapeHTML(false) // as senders in other languages write it, and sign it
	if err := encoder.Encode(v); err != nil {
		panic(fmt.Sprintf("fntest: payload: %v", err))
	}
	return strings.TrimSuffix(body.String(), "\n")
}

// clone is a copy of m that can be written to, of nil too.
func clone(m map[string]string) map[string]string {
	c := make(map[string]string, len(m)+1)
	maps.Copy(c, m)
	return c
}

// multi is m with each value as a list of one.
func multi(m map[string]string) map[string][]string {
	lists := make(map[string][]string, len(m))
	for name, value := range m {
		lists[name] = []string{value}
	}
	return lists
}
