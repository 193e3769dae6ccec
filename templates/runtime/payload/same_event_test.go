package payload_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/runtime/gateway"
	"github.com/fngen/fngen/templates/runtime/route"
)

// recorded are the events that AWS sent for one request, which is the first of
// sameEvents. Others recorded them on 2026-07-10, and published them under the
// MIT license; only the fields that tests compare are here:
// https://github.com/hotsock/voker/tree/59c7289ac4c579691e5eb05e8ede5f75fe601846/vokerhttp/testdata
var recorded = map[string]string{
	"REST API": `{
		"resource": "/{proxy+}", "path": "/capture/space%20value", "httpMethod": "POST",
		"headers": {"User-Agent": "curl/8.7.1", "accept": "*/*", "content-type": "application/json",
			"cookie": "session=abc123; theme=dark", "x-voker-probe": "second"},
		"multiValueHeaders": {"User-Agent": ["curl/8.7.1"], "accept": ["*/*"], "content-type": ["application/json"],
			"cookie": ["session=abc123; theme=dark"], "x-voker-probe": ["first", "second"]},
		"queryStringParameters": {"empty": "", "encodedPlus": "a+b", "literalPlus": "a b",
			"redirect": "https://example.com/a/b", "repeat": "two"},
		"multiValueQueryStringParameters": {"empty": [""], "encodedPlus": ["a+b"], "literalPlus": ["a b"],
			"redirect": ["https://example.com/a/b"], "repeat": ["one", "two"]},
		"pathParameters": {"proxy": "capture/space%20value"},
		"requestContext": {"path": "/live/capture/space%20value", "resourcePath": "/{proxy+}", "stage": "live"},
		"body": "{\"unicode\":\"lambda-λ\"}", "isBase64Encoded": false}`,
	"HTTP API, 2.0": `{
		"version": "2.0", "routeKey": "$default", "rawPath": "/capture/space value",
		"rawQueryString": "repeat=one&repeat=two&redirect=https%3A%2F%2Fexample.com%2Fa%2Fb&literalPlus=a+b&encodedPlus=a%2Bb&empty=",
		"cookies": ["session=abc123", "theme=dark"],
		"headers": {"accept": "*/*", "content-type": "application/json", "user-agent": "curl/8.7.1",
			"x-voker-probe": "first,second"},
		"queryStringParameters": {"empty": "", "encodedPlus": "a+b", "literalPlus": "a b",
			"redirect": "https://example.com/a/b", "repeat": "one,two"},
		"requestContext": {"stage": "$default", "http": {"method": "POST", "path": "/capture/space value"}},
		"body": "{\"unicode\":\"lambda-λ\"}", "isBase64Encoded": false}`,
	"function URL": `{
		"version": "2.0", "routeKey": "$default", "rawPath": "/capture/space%20value",
		"rawQueryString": "repeat=one&repeat=two&redirect=https%3A%2F%2Fexample.com%2Fa%2Fb&literalPlus=a+b&encodedPlus=a%2Bb&empty=",
		"cookies": ["session=abc123", "theme=dark"],
		"headers": {"accept": "*/*", "content-type": "application/json", "cookie": "session=abc123; theme=dark",
			"user-agent": "curl/8.7.1", "x-voker-probe": "first,second"},
		"queryStringParameters": {"empty": "", "encodedPlus": "a+b", "literalPlus": "a b",
			"redirect": "https://example.com/a/b", "repeat": "one,two"},
		"requestContext": {"stage": "$default", "domainName": "abc.lambda-url.us-west-2.on.aws",
			"http": {"method": "POST", "path": "/capture/space value"}},
		"body": "{\"unicode\":\"lambda-λ\"}", "isBase64Encoded": false}`,
	"load balancer, multi-value": `{
		"requestContext": {"elb": {"targetGroupArn": "arn"}}, "httpMethod": "POST", "path": "/capture/space%20value",
		"multiValueQueryStringParameters": {"empty": [""], "encodedPlus": ["a%2Bb"], "literalPlus": ["a+b"],
			"redirect": ["https%3A%2F%2Fexample.com%2Fa%2Fb"], "repeat": ["one", "two"]},
		"multiValueHeaders": {"accept": ["*/*"], "content-type": ["application/json"],
			"cookie": ["session=abc123; theme=dark"], "user-agent": ["curl/8.7.1"], "x-voker-probe": ["first", "second"]},
		"body": "{\"unicode\":\"lambda-λ\"}", "isBase64Encoded": false}`,
}

// An httpRequest is a request as a client sends it.
type httpRequest struct {
	target string
	header []string // names and values, in turn
	body   string
}

func (r httpRequest) split() (path, query string) {
	path, query, _ = strings.Cut(r.target, "?")
	return path, query
}

// served returns the event that fngen dev and fngen serve make of the request.
func (r httpRequest) served(t *testing.T) events.APIGatewayProxyRequest {
	t.Helper()
	request := httptest.NewRequest(http.MethodPost, r.target, strings.NewReader(r.body))
	for i := 0; i < len(r.header); i += 2 {
		request.Header.Add(r.header[i], r.header[i+1])
	}
	event, err := gateway.EventFromRequest(request)
	require.NoError(t, err)
	return event
}

// received returns the event that a function receives on Lambda. Its name is the
// first segment of the request's path.
func (r httpRequest) received(t *testing.T, sent []byte) compared {
	t.Helper()
	event, kind, err := decode(sent)
	require.NoError(t, err)
	name, _ := r.segments()
	route.New(route.Function{Name: name}).FindEvent(&event, kind.DecodesPath())
	return fieldsOf(event)
}

// segments returns the first segment of the path, and the others.
func (r httpRequest) segments() (first, others string) {
	path, _ := r.split()
	first, others, _ = strings.Cut(path[1:], "/")
	return first, others
}

// lower returns the headers with lower-case names, as HTTP/2 and most services
// send them.
func (r httpRequest) lower() map[string][]string {
	headers := map[string][]string{"host": {"example.com"}}
	for i := 0; i < len(r.header); i += 2 {
		name := strings.ToLower(r.header[i])
		headers[name] = append(headers[name], r.header[i+1])
	}
	return headers
}

// last returns the last value of each name, as services send it that send one.
func last(values map[string][]string) map[string]string {
	single := map[string]string{}
	for name, list := range values {
		single[name] = list[len(list)-1]
	}
	return single
}

// query splits a query without decoding it.
func (r httpRequest) query() map[string][]string {
	_, query := r.split()
	values := map[string][]string{}
	for _, pair := range strings.FieldsFunc(query, func(r rune) bool { return r == '&' }) {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = append(values[name], value)
	}
	return values
}

// decodedPath returns the path as HTTP APIs send it.
func (r httpRequest) decodedPath(t *testing.T) string {
	t.Helper()
	path, _ := r.split()
	return httptest.NewRequest(http.MethodGet, path, nil).URL.Path
}

// A service is how a service of AWS sends a request to a function.
type service struct {
	send func(t *testing.T, r httpRequest) any

	decodesPath bool // event.Path is percent-decoded
	joins       bool // several values of a header are one, with commas in between
	lastOnly    bool // of several values of a header or parameter, it sends the last one
}

// services are described at
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html,
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html and
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html,
// except for which of them decode paths.
var services = map[string]service{
	"REST API": {send: func(t *testing.T, r httpRequest) any {
		e := r.served(t)
		if _, others := r.segments(); others != "" {
			e.PathParameters = map[string]string{"proxy": others} // encoded
		}
		e.MultiValueHeaders, e.Headers = r.lower(), last(r.lower())
		return e
	}},
	"HTTP API, 1.0": {decodesPath: true, send: func(t *testing.T, r httpRequest) any {
		e := r.served(t)
		e.Path, e.MultiValueHeaders, e.Headers = r.decodedPath(t), r.lower(), last(r.lower())
		return struct {
			events.APIGatewayProxyRequest
			Version string `json:"version"`
		}{e, "1.0"}
	}},
	"HTTP API, 2.0": {decodesPath: true, joins: true, send: func(t *testing.T, r httpRequest) any {
		return r.version2(t, r.decodedPath(t))
	}},
	"function URL": {joins: true, send: func(t *testing.T, r httpRequest) any {
		path, _ := r.split()
		e := r.version2(t, path)
		e.RouteKey, e.PathParameters = "$default", nil
		e.RequestContext.DomainName = "abc.lambda-url.us-west-2.on.aws"
		return e
	}},
	"load balancer": {lastOnly: true, send: func(_ *testing.T, r httpRequest) any {
		path, _ := r.split()
		return events.ALBTargetGroupRequest{
			HTTPMethod: http.MethodPost, Path: path, Body: r.body,
			QueryStringParameters: last(r.query()), Headers: last(r.lower()),
		}
	}},
	"load balancer, multi-value": {send: func(_ *testing.T, r httpRequest) any {
		path, _ := r.split()
		return events.ALBTargetGroupRequest{
			HTTPMethod: http.MethodPost, Path: path, Body: r.body,
			MultiValueQueryStringParameters: r.query(), MultiValueHeaders: r.lower(),
		}
	}},
}

// version2 returns the event of payload format 2.0.
func (r httpRequest) version2(t *testing.T, path string) events.APIGatewayV2HTTPRequest {
	t.Helper()
	_, query := r.split()
	headers := map[string]string{}
	for name, values := range r.lower() {
		headers[name] = strings.Join(values, ",")
	}
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RawPath: path, RawQueryString: query, Headers: headers, Body: r.body,
	}
	if cookie, ok := headers["cookie"]; ok {
		e.Cookies = strings.Split(cookie, "; ")
		delete(headers, "cookie")
	}
	served := r.served(t)
	e.RouteKey, e.PathParameters = "ANY "+served.Resource, served.PathParameters
	e.RequestContext.Stage = "$default"
	e.RequestContext.HTTP.Method, e.RequestContext.HTTP.Path = http.MethodPost, path
	return e
}

// sameEvents are the requests of TestSameEvent. The first is that of recorded.
var sameEvents = []httpRequest{
	{
		"/capture/space%20value?repeat=one&repeat=two&redirect=https%3A%2F%2Fexample.com%2Fa%2Fb&literalPlus=a+b&encodedPlus=a%2Bb&empty=",
		[]string{
			"Accept", "*/*", "Content-Type", "application/json", "Cookie", "session=abc123; theme=dark",
			"User-Agent", "curl/8.7.1", "X-Voker-Probe", "first", "X-Voker-Probe", "second",
		},
		`{"unicode":"lambda-λ"}`,
	},
	{"/divide", nil, ""},
	{"/divide/", nil, ""},
	{"/divide/a/b", nil, ""},
	{"/divide/a/", nil, ""},
	{"/divide/a%2Fb", nil, ""},
	{"/divide/%25/%C3%A9/+;=@:$&'()*!~", nil, ""},
	{"/divide/%7Eada", nil, ""},
	{"/divide//a", nil, ""},
	{"/divide?", nil, ""},
	{"/divide?a=1&a=2&b=&c&=d", nil, ""},
	{"/divide?q=50%2525&plus=%2B+x&semi=1;2&a[]=1&b%5B%5D=2", nil, ""},
	{"/divide?%C3%A9=%C3%A9", nil, ""},
	{"/divide", []string{"X-List", "a, b", "X-List", "c", "X-Empty", ""}, ""},
	{"/divide", []string{"Cookie", "a=1; b=x,y", "Content-Type", "text/plain"}, "a\r\nb"},
}

// compared has the fields of an event that a request determines.
type compared struct {
	Method, Path  string
	Resource      string
	Parameters    map[string]string
	Query         map[string]string
	Queries       map[string][]string
	Headers       map[string]string
	MultiHeaders  map[string][]string
	Body          string
	Base64Encoded bool
}

func fieldsOf(e events.APIGatewayProxyRequest) compared {
	delete(e.Headers, "Host")
	delete(e.MultiValueHeaders, "Host")
	return compared{
		e.HTTPMethod, e.Path, e.Resource, e.PathParameters, e.QueryStringParameters, e.MultiValueQueryStringParameters,
		e.Headers, e.MultiValueHeaders, e.Body, e.IsBase64Encoded,
	}
}

// want returns what the service is expected to send for the event that fngen
// serve makes of a request.
func (s service) want(t *testing.T, r httpRequest) compared {
	t.Helper()
	want := fieldsOf(r.served(t))
	if s.decodesPath {
		want.Path = r.decodedPath(t)
	}
	for name, values := range want.MultiHeaders {
		if s.joins {
			want.Headers[name] = strings.Join(values, ",")
			want.MultiHeaders[name] = []string{want.Headers[name]}
		}
	}
	for _, lists := range []map[string][]string{want.MultiHeaders, want.Queries} {
		for name, values := range lists {
			if s.lastOnly {
				lists[name] = values[len(values)-1:]
			}
		}
	}
	return want
}

// TestSameEvent checks that a function receives the same event for a request
// behind every service, apart from what no conversion can undo: HTTP APIs
// decode paths, format 2.0 joins the values of a header, and load balancers
// without multi-value headers send one value of a header or parameter.
func TestSameEvent(t *testing.T) {
	for name, s := range services {
		for _, r := range sameEvents {
			t.Run(name+r.target, func(t *testing.T) {
				sent, err := json.Marshal(s.send(t, r))
				require.NoError(t, err)
				assert.Equal(t, s.want(t, r), r.received(t, sent))
			})
		}
	}
}

// TestRecordedEvents checks services against what AWS sent.
func TestRecordedEvents(t *testing.T) {
	for name, event := range recorded {
		t.Run(name, func(t *testing.T) {
			want, got := services[name].want(t, sameEvents[0]), sameEvents[0].received(t, []byte(event))
			want.Resource, want.Parameters = got.Resource, got.Parameters // the probe had other routes
			assert.Equal(t, want, got)
		})
	}
}
