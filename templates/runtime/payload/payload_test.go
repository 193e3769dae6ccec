package payload_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/runtime/eventsource"
	"github.com/fngen/fngen/templates/runtime/payload"
)

const restEvent = `{
	"resource": "/orders/{id}", "path": "/orders/a%20b", "httpMethod": "POST",
	"headers": {"Content-Type": "text/plain", "x-Odd": "b"}, "multiValueHeaders": {"Content-Type": ["text/plain"], "x-Odd": ["a", "b"]},
	"queryStringParameters": {"q": "50%25"}, "multiValueQueryStringParameters": {"q": ["1", "50%25"]},
	"pathParameters": {"id": "a b"}, "stageVariables": null,
	"requestContext": {
		"accountId": "123456789012", "stage": "prod", "requestId": "id-1", "path": "/prod/orders/a%20b", "httpMethod": "POST",
		"resourcePath": "/orders/{id}", "domainName": "abc.execute-api.us-east-1.amazonaws.com", "domainPrefix": "abc",
		"identity": {"sourceIp": "203.0.113.9", "userAgent": "curl", "accessKey": null},
		"authorizer": {"principalId": "ada", "plan": "gold"}, "requestTime": "12/Mar/2020:19:03:58 +0000", "requestTimeEpoch": 1583348638390
	},
	"body": "Hello", "isBase64Encoded": false
}`

// TestDecodeREST checks that an event of format 1.0 is decoded as lambda.Start
// decodes it, with canonical names of headers.
func TestDecodeREST(t *testing.T) {
	for name, event := range map[string]string{
		"REST API":      restEvent,
		"HTTP API":      strings.Replace(restEvent, "{", `{"version": "1.0", `, 1),
		"minimal event": `{"httpMethod": "GET", "path": "/x"}`,
		"null fields":   `{"httpMethod": "GET", "path": "/x", "headers": null, "multiValueHeaders": null, "body": null, "requestContext": null}`,
	} {
		t.Run(name, func(t *testing.T) {
			var want events.APIGatewayProxyRequest
			require.NoError(t, json.Unmarshal([]byte(strings.ReplaceAll(event, "x-Odd", "X-Odd")), &want))
			got, kind, err := decode([]byte(event))
			require.NoError(t, err)
			assert.Equal(t, name == "HTTP API", kind == payload.HTTP1)
			assert.Equal(t, name == "HTTP API", kind.DecodesPath())
			assert.Equal(t, want, got)
		})
	}
}

const httpEvent = `{
	"version": "2.0", "routeKey": "POST /orders/{id}", "rawPath": "/prod/orders/a%20b",
	"rawQueryString": "q=1&q=50%2525&a=x+y&semi=1;2&&bad=%zz&flag&=none", "cookies": ["a=1", "b=2"],
	"headers": {"content-type": "text/plain", "x-two": "a,b", "host": "abc.execute-api.us-east-1.amazonaws.com"},
	"queryStringParameters": {"q": "1,50%25"},
	"pathParameters": {"id": "a b"}, "stageVariables": {"color": "red"},
	"requestContext": {
		"accountId": "123456789012", "apiId": "abc", "domainName": "abc.execute-api.us-east-1.amazonaws.com", "domainPrefix": "abc",
		"authentication": {"clientCert": {"clientCertPem": "PEM", "subjectDN": "CN=ada", "validity": {"notAfter": "Aug  5 00:28:21 2120 GMT"}}},
		"authorizer": {"jwt": {"claims": {"sub": "ada"}, "scopes": ["read"]}},
		"http": {"method": "POST", "path": "/prod/orders/a%20b", "protocol": "HTTP/1.1", "sourceIp": "203.0.113.9", "userAgent": "curl"},
		"requestId": "id-1", "routeKey": "POST /orders/{id}", "stage": "prod", "time": "12/Mar/2020:19:03:58 +0000", "timeEpoch": 1583348638390
	},
	"body": "SGVsbG8=", "isBase64Encoded": true
}`

func TestDecodeHTTP(t *testing.T) {
	got, kind, err := decode([]byte(httpEvent))
	require.NoError(t, err)
	assert.Equal(t, payload.HTTP, kind)
	assert.Equal(t, events.APIGatewayProxyRequest{
		Resource:   "/orders/{id}",
		Path:       "/orders/a%20b",
		HTTPMethod: "POST",
		Headers: map[string]string{
			"Content-Type": "text/plain", "X-Two": "a,b", "Cookie": "a=1; b=2",
			"Host": "abc.execute-api.us-east-1.amazonaws.com",
		},
		MultiValueHeaders: map[string][]string{
			"Content-Type": {"text/plain"}, "X-Two": {"a,b"}, "Cookie": {"a=1; b=2"},
			"Host": {"abc.execute-api.us-east-1.amazonaws.com"},
		},
		QueryStringParameters: map[string]string{"q": "50%25", "a": "x y", "semi": "1;2", "bad": "%zz", "flag": "",
			"": "none"},
		MultiValueQueryStringParameters: map[string][]string{
			"q": {"1", "50%25"}, "a": {"x y"}, "semi": {"1;2"}, "bad": {"%zz"}, "flag": {""}, "": {"none"},
		},
		PathParameters: map[string]string{"id": "a b"},
		StageVariables: map[string]string{"color": "red"},
		RequestContext: events.APIGatewayProxyRequestContext{
			AccountID:    "123456789012",
			Stage:        "prod",
			DomainName:   "abc.execute-api.us-east-1.amazonaws.com",
			DomainPrefix: "abc",
			RequestID:    "id-1",
			Protocol:     "HTTP/1.1",
			Identity: events.APIGatewayRequestIdentity{
				SourceIP: "203.0.113.9", UserAgent: "curl",
				ClientCert: &events.APIGatewayCustomAuthorizerRequestTypeRequestIdentityClientCert{
					ClientCertPem: "PEM", SubjectDN: "CN=ada",
					Validity: events.APIGatewayCustomAuthorizerRequestTypeRequestIdentityClientCertValidity{NotAfter: "Aug  5 00:28:21 2120 GMT"},
				},
			},
			ResourcePath:     "/orders/{id}",
			Path:             "/prod/orders/a%20b",
			Authorizer:       map[string]any{"claims": map[string]any{"sub": "ada"}, "scopes": []any{"read"}},
			HTTPMethod:       "POST",
			RequestTime:      "12/Mar/2020:19:03:58 +0000",
			RequestTimeEpoch: 1583348638390,
			APIID:            "abc",
		},
		Body:            "SGVsbG8=",
		IsBase64Encoded: true,
	}, got)
}

func TestPath(t *testing.T) {
	const api = "abc.execute-api.us-east-1.amazonaws.com"
	for name, test := range map[string]struct {
		stage, domain, rawPath, routeKey string
		path, resource, public           string
	}{
		"default stage": {"$default", api, "/orders", "$default", "/orders", "/orders", "/orders"},
		"default in the path": {"$default", api, "/$default/orders", "$default", "/$default/orders",
			"/$default/orders", "/$default/orders"},
		"route": {"$default", api, "/orders/1", "ANY /orders/{id}", "/orders/1", "/orders/{id}",
			"/orders/1"},
		"greedy route": {"$default", api, "/orders/1/x", "ANY /orders/{proxy+}", "/orders/1/x",
			"/orders/{proxy+}", "/orders/1/x"},
		"named stage":        {"dev", api, "/dev/orders", "GET /orders", "/orders", "/orders", "/dev/orders"},
		"only the stage":     {"dev", api, "/dev", "$default", "/", "/", "/dev"},
		"stage and slash":    {"dev", api, "/dev/", "$default", "/", "/", "/dev/"},
		"function named dev": {"dev", api, "/dev/dev", "GET /dev", "/dev", "/dev", "/dev/dev"},
		"longer than stage":  {"dev", api, "/developers", "$default", "/developers", "/developers", "/developers"},
		"custom domain": {"dev", "api.example.com", "/dev/orders", "GET /orders", "/orders", "/orders",
			"/orders"},
		"function URL":  {"$default", "abc.lambda-url.us-east-1.on.aws", "/", "$default", "/", "/", "/"},
		"no stage":      {"", api, "/orders", "$default", "/orders", "/orders", "/orders"},
		"encoded slash": {"dev", api, "/dev/a%2Fb", "$default", "/a%2Fb", "/a%2Fb", "/dev/a%2Fb"},
		"no raw path":   {"$default", api, "", "$default", "/http", "/http", "/http"},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := decode(encode(t, map[string]any{
				"version": "2.0", "routeKey": test.routeKey, "rawPath": test.rawPath,
				"requestContext": map[string]any{
					"apiId": "abc", "stage": test.stage, "domainName": test.domain,
					"http": map[string]any{"method": "GET", "path": "/http"},
				},
			}))
			require.NoError(t, err)
			assert.Equal(t, test.path, got.Path)
			assert.Equal(t, test.resource, got.Resource)
			assert.Equal(t, test.resource, got.RequestContext.ResourcePath)
			assert.Equal(t, test.public, got.RequestContext.Path)
			assert.Nil(t, got.Headers)
			assert.Nil(t, got.QueryStringParameters)
			assert.Nil(t, got.MultiValueQueryStringParameters)
		})
	}
}

func TestAuthorizer(t *testing.T) {
	for name, test := range map[string]struct {
		sent string
		want map[string]any
		id   events.APIGatewayRequestIdentity
	}{
		"none": {sent: `null`},
		"JWT": {sent: `{"jwt": {"claims": {"sub": "ada"}, "scopes": null}}`,
			want: map[string]any{"claims": map[string]any{"sub": "ada"}, "scopes": nil}},
		"Lambda": {sent: `{"lambda": {"plan": "gold", "limit": 3}}`,
			want: map[string]any{"plan": "gold", "limit": 3.0}},
		"no answer": {sent: `{"lambda": null}`},
		"another":   {sent: `{"new": {"a": "b"}}`, want: map[string]any{"new": map[string]any{"a": "b"}}},
		"IAM": {
			sent: `{"iam": {"accessKey": "AK", "accountId": "1", "callerId": "C", "userArn": "ARN", "userId": "U",
				"cognitoIdentity": {"amr": ["x"], "identityId": "I", "identityPoolId": "P"}, "principalOrgId": "O"}}`,
			id: events.APIGatewayRequestIdentity{
				AccessKey: "AK", AccountID: "1", Caller: "C", UserArn: "ARN", User: "U",
				CognitoIdentityID: "I", CognitoIdentityPoolID: "P",
			},
		},
		"IAM of a URL": {sent: `{"iam": {"accessKey": "AK", "cognitoIdentity": null}}`,
			id: events.APIGatewayRequestIdentity{AccessKey: "AK"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := decode([]byte(`{"version": "2.0", "rawPath": "/", "requestContext": {"http": {"method": "GET"}, "authorizer": ` + test.sent + `}}`))
			require.NoError(t, err)
			assert.Equal(t, test.want, got.RequestContext.Authorizer)
			assert.Equal(t, test.id, got.RequestContext.Identity)
		})
	}
}

func TestDecodeALB(t *testing.T) {
	const elb = `"requestContext": {"elb": {"targetGroupArn": "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/x/1"}}`
	want := events.APIGatewayProxyRequest{
		Resource:   "/orders/a%20b",
		Path:       "/orders/a%20b",
		HTTPMethod: "POST",
		Headers: map[string]string{
			"Host": "example.com", "User-Agent": "curl", "X-Amzn-Trace-Id": "Root=1-2-3",
			"X-Forwarded-For": "198.51.100.1, 203.0.113.9",
		},
		MultiValueHeaders: map[string][]string{
			"Host": {"example.com"}, "User-Agent": {"curl"}, "X-Amzn-Trace-Id": {"Root=1-2-3"},
			"X-Forwarded-For": {"198.51.100.1, 203.0.113.9"},
		},
		QueryStringParameters:           map[string]string{"a b": "x y&z", "p": "50%25", "bad": "%zz"},
		MultiValueQueryStringParameters: map[string][]string{"a b": {"x y&z"}, "p": {"50%25"}, "bad": {"%zz"}},
		RequestContext: events.APIGatewayProxyRequestContext{
			ResourcePath: "/orders/a%20b", Path: "/orders/a%20b", HTTPMethod: "POST", RequestID: "Root=1-2-3",
			DomainName: "example.com",
			Identity:   events.APIGatewayRequestIdentity{SourceIP: "203.0.113.9", UserAgent: "curl"},
		},
		Body: "Hello",
	}

	got, kind, err := decode([]byte(`{` + elb + `, "httpMethod": "POST", "path": "/orders/a%20b",
		"queryStringParameters": {"a%20b": "x+y%26z", "p": "50%2525", "bad": "%zz"},
		"headers": {"host": "example.com", "user-agent": "curl", "x-amzn-trace-id": "Root=1-2-3", "x-forwarded-for": "198.51.100.1, 203.0.113.9"},
		"body": "Hello", "isBase64Encoded": false}`))
	require.NoError(t, err)
	assert.Equal(t, payload.ALB, kind)
	assert.Equal(t, want, got)

	want.Headers["X-Two"], want.MultiValueHeaders["X-Two"] = "b", []string{"a", "b"}
	want.QueryStringParameters["p"], want.MultiValueQueryStringParameters["p"] = "50%25", []string{"1", "2", "50%25"}
	got, kind, err = decode([]byte(`{` + elb + `, "httpMethod": "POST", "path": "/orders/a%20b",
		"multiValueQueryStringParameters": {"a%20b": ["x+y%26z"], "p": ["2", "50%2525"], "%70": ["1"], "bad": ["%zz"], "none": []},
		"multiValueHeaders": {"host": ["example.com"], "user-agent": ["curl"], "x-amzn-trace-id": ["Root=1-2-3"],
			"x-forwarded-for": ["198.51.100.1, 203.0.113.9"], "x-two": ["a", "b"], "x-none": []},
		"body": "Hello", "isBase64Encoded": false}`))
	require.NoError(t, err)
	assert.Equal(t, payload.ALBMultiValue, kind)
	assert.Equal(t, want, got)
}

func TestSourceIP(t *testing.T) {
	for forwarded, want := range map[string]string{
		"":                              "",
		"203.0.113.9":                   "203.0.113.9",
		"1.1.1.1, 203.0.113.9":          "203.0.113.9",
		"1.1.1.1,203.0.113.9:4711":      "203.0.113.9",
		"1.1.1.1, 2.2.2.2, 203.0.113.9": "203.0.113.9",
		"1.1.1.1, 2001:db8::1":          "2001:db8::1",
		"1.1.1.1, [2001:db8::1]:4711":   "2001:db8::1",
		"1.1.1.1, [2001:db8::1]":        "2001:db8::1",
		"1.1.1.1, unknown":              "",
		"1.1.1.1, ":                     "",
		"<script>":                      "",
	} {
		got, _, err := decode(encode(t, map[string]any{
			"httpMethod": "GET", "path": "/", "headers": map[string]string{"x-forwarded-for": forwarded},
			"requestContext": map[string]any{"elb": map[string]any{}},
		}))
		require.NoError(t, err)
		assert.Equal(t, want, got.RequestContext.Identity.SourceIP, forwarded)
	}
}

// TestDecodeEqualNames checks that names that differ only in case are one
// header, and that the order of its values does not depend on map iteration.
func TestDecodeEqualNames(t *testing.T) {
	for range 20 {
		got, _, err := decode([]byte(`{"httpMethod": "GET", "requestContext": {"elb": {}},
			"headers": {"x-a": "3", "X-A": "1", "X-a": "2"}, "queryStringParameters": {"%61": "1", "a": "2"}}`))
		require.NoError(t, err)
		assert.Equal(t, map[string]string{"X-A": "3"}, got.Headers)
		assert.Equal(t, map[string][]string{"X-A": {"1", "2", "3"}}, got.MultiValueHeaders)
		assert.Equal(t, map[string]string{"a": "2"}, got.QueryStringParameters)
		assert.Equal(t, map[string][]string{"a": {"1", "2"}}, got.MultiValueQueryStringParameters)
	}
}

func TestDecodeUnsupported(t *testing.T) {
	const message = "fngen: the function handles HTTP requests, but the event is "
	for name, test := range map[string]struct{ event, want string }{
		"SQS": {`{"Records": [{"messageId": "1", "body": "x", "eventSource": "aws:sqs"}]}`,
			"from Amazon SQS (aws:sqs)"},
		"SNS":        {`{"Records": [{"EventSource": "aws:sns", "Sns": {}}]}`, "from Amazon SNS (aws:sns)"},
		"S3":         {`{"Records": [{"eventSource": "aws:s3"}]}`, "from Amazon S3 (aws:s3)"},
		"DynamoDB":   {`{"Records": [{"eventSource": "aws:dynamodb"}]}`, "from Amazon DynamoDB (aws:dynamodb)"},
		"Kinesis":    {`{"Records": [{"eventSource": "aws:kinesis"}]}`, "from Amazon Kinesis (aws:kinesis)"},
		"new source": {`{"Records": [{"eventSource": "aws:new"}]}`, `from "aws:new"`},
		"long source": {`{"eventSource": "` + strings.Repeat("x", 1000) + `"}`,
			`from "` + strings.Repeat("x", 64) + `"`},
		"Kafka": {`{"eventSource": "SelfManagedKafka", "records": {"t-0": []}}`,
			"from Apache Kafka (SelfManagedKafka)"},
		"MSK":        {`{"eventSource": "aws:kafka", "records": {"t-0": []}}`, "from Amazon MSK (aws:kafka)"},
		"CloudFront": {`{"Records": [{"cf": {"config": {}}}]}`, "from Amazon CloudFront (cf)"},
		"schedule":   {`{"version": "0", "detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}`, "from Amazon EventBridge (Scheduled Event)"},
		"Cognito": {`{"version": "1", "triggerSource": "PreSignUp_SignUp", "request": {}, "response": {}}`,
			"from an Amazon Cognito user pool (triggerSource)"},
		"WebSocket connect": {`{"headers": {}, "requestContext": {"eventType": "CONNECT", "connectionId": "c", "routeKey": "$connect"}}`, "from an API Gateway WebSocket API (connectionId)"},
		"WebSocket message": {`{"httpMethod": "GET", "path": "/", "requestContext": {"eventType": "MESSAGE", "connectionId": "c"}, "body": "x"}`, "from an API Gateway WebSocket API (connectionId)"},
		"authorizer":        {`{"type": "REQUEST", "methodArn": "arn", "httpMethod": "GET", "path": "/", "requestContext": {}}`, "from an API Gateway authorizer (methodArn)"},
		"authorizer 2.0":    {`{"version": "2.0", "type": "REQUEST", "routeArn": "arn", "rawPath": "/", "requestContext": {"http": {"method": "GET"}}}`, "from an API Gateway authorizer (routeArn)"},
		"VPC Lattice":       {`{"version": "2.0", "path": "/", "method": "GET", "requestContext": {"serviceArn": "arn"}}`, "from Amazon VPC Lattice (serviceArn)"},
		"CloudFormation": {`{"RequestType": "Create", "ResponseURL": "https://x", "StackId": "s"}`,
			"from AWS CloudFormation (ResponseURL)"},
		"ActiveMQ":           {`{"eventSource": "aws:amq", "messages": []}`, "from Amazon MQ (aws:amq)"},
		"self-managed Kafka": {`{"eventSource": "aws:SelfManagedKafka"}`, "from Apache Kafka (aws:SelfManagedKafka)"},
		"AppSync":            {`{"info": {"fieldName": "x"}, "arguments": {}}`, "from AWS AppSync (fieldName)"},
		"AppSync by Amplify": {`{"typeName": "T", "fieldName": "x", "request": {"headers": {}}}`, "from AWS AppSync (fieldName)"},
		"AppSync batch": {`[{"info": {"fieldName": "x"}}, {"info": {"fieldName": "x"}}]`,
			"an array of events from AWS AppSync (fieldName)"},
		"EventBridge pipe": {`[{"messageId": "1", "eventSource": "aws:sqs"}]`,
			"an array of events from Amazon SQS (aws:sqs)"},
		"array of requests": {`[` + restEvent + `]`, "an array of events of an unknown type"},
		"Bedrock agent": {`{"messageVersion": "1.0", "actionGroup": "a", "apiPath": "/claims", "httpMethod": "GET"}`,
			"from an agent of Amazon Bedrock (actionGroup)"},
		"method without a path":          {`{"httpMethod": "GET", "requestContext": {}}`, "of an unknown type"},
		"path without a slash":           {`{"httpMethod": "GET", "path": "x"}`, "of an unknown type"},
		"load balancer without a method": {`{"path": "/", "requestContext": {"elb": {}}}`, "of an unknown type"},
		"dashboard":                      {`{"widgetContext": {}}`, "from an Amazon CloudWatch dashboard (widgetContext)"},
		"CodeDeploy":                     {`{"DeploymentId": "d", "LifecycleEventHookExecutionId": "x"}`, "from AWS CodeDeploy (LifecycleEventHookExecutionId)"},
		"anything":                       {`{"hello": "world"}`, "of an unknown type"},
		"empty object":                   {`{}`, "of an unknown type"},
		"other types": {`{"Records": "x", "eventSource": 3, "requestContext": "y", "info": []}`,
			"of an unknown type"},
		"null":             {`null`, "of an unknown type"},
		"2.0 of no method": {`{"version": "2.0", "rawPath": "/"}`, "of an unknown type"},
	} {
		t.Run(name, func(t *testing.T) {
			_, kind, err := decode([]byte(test.event))
			var refused *eventsource.UnsupportedEventError
			require.ErrorAs(t, err, &refused)
			assert.EqualError(t, err, message+test.want)
			assert.Zero(t, kind)
		})
	}
	for name, event := range map[string]string{
		"empty": "", "text": "GET /", "list": "[1]", "string": `"x"`, "cut": restEvent[:100], "two": "{} {}",
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := decode([]byte(event))
			var refused *eventsource.UnsupportedEventError
			require.ErrorAs(t, err, &refused)
			assert.ErrorContains(t, err, message+"not a JSON object: ")
			assert.Error(t, refused.Unwrap())
		})
	}
}

// TestDecodeMalformed checks that a field of the wrong type is an error.
func TestDecodeMalformed(t *testing.T) {
	for name, event := range map[string]string{
		"header": `{"httpMethod": "GET", "path": "/", "headers": {"a": 1}}`,
		"body":   `{"version": "2.0", "requestContext": {"http": {"method": "GET"}}, "body": {}}`,
		"values": `{"httpMethod": "GET", "requestContext": {"elb": {}}, "multiValueHeaders": {"a": "b"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			event, kind, err := decode([]byte(event))
			var typeErr *json.UnmarshalTypeError
			require.ErrorAs(t, err, &typeErr)
			assert.ErrorContains(t, err, "fngen: decoding event from ")
			assert.Zero(t, kind)
			assert.Zero(t, event)
		})
	}
}

// TestDecodeSamples decodes the sample events in AWS's Go library. Each is
// recognized as a request of the right kind, or rejected.
func TestDecodeSamples(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-lambda-go").Output()
	require.NoError(t, err)
	samples, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "events", "testdata", "*.json"))
	require.NoError(t, err)
	require.Greater(t, len(samples), 80)

	kinds := map[string]payload.Kind{
		"alb-lambda-target-request-headers-only.json":       payload.ALB,
		"alb-lambda-target-request-multivalue-headers.json": payload.ALBMultiValue,
		"apigw-request.json":                                payload.REST,
		"apigw-restapi-openapi-request.json":                payload.REST,
		"apigw-v2-request-iam.json":                         payload.HTTP,
		"apigw-v2-request-jwt-authorizer.json":              payload.HTTP,
		"apigw-v2-request-lambda-authorizer.json":           payload.HTTP,
		"apigw-v2-request-no-authorizer.json":               payload.HTTP,
		"lambda-urls-request.json":                          payload.FunctionURL,
	}
	found := 0
	unknown := []string{}
	for _, sample := range samples {
		name := filepath.Base(sample)
		event, err := os.ReadFile(sample)
		require.NoError(t, err)
		request, kind, err := decode(event)
		assert.Equal(t, kinds[name], kind, name)
		if kind != 0 {
			found++
			require.NoError(t, err, name)
			assert.NotEmpty(t, request.HTTPMethod, name)
			assert.NotEmpty(t, request.Path, name)
			assert.NotEmpty(t, request.Headers, name)
			continue
		}
		var refused *eventsource.UnsupportedEventError
		require.ErrorAs(t, err, &refused, name)
		if refused.Service == "" && !strings.Contains(name, "response") {
			unknown = append(unknown, name)
		}
	}
	assert.Equal(t, len(kinds), found)
	// These are parts of events, and one file that is not JSON.
	assert.Equal(t,
		[]string{"appsync-identity-cognito.json", "appsync-identity-iam.json",
			"dynamodb-event-malformed.2.json"}, unknown)
}

type vector struct {
	Name    string
	Request struct {
		Method string
		Body   []byte `json:"body_base64"`
	}
	Event json.RawMessage
}

func vectors(t *testing.T, file string) []vector {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "testdata", "vectors", file))
	require.NoError(t, err)
	defer f.Close()
	var rows []vector
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var row vector
		require.NoError(t, json.Unmarshal(lines.Bytes(), &row))
		rows = append(rows, row)
	}
	return rows
}

// TestDecodeVectors checks that the same request yields the same event through
// a REST API and an HTTP API.
func TestDecodeVectors(t *testing.T) {
	v1, v2 := vectors(t, "http-apigw-v1.jsonl"), vectors(t, "http-apigw-v2.jsonl")
	require.Len(t, v2, len(v1))
	compared := 0
	for i := range v1 {
		if len(v1[i].Event) == 0 || string(v1[i].Event) == "null" {
			continue // did not reach a function
		}
		compared++
		t.Run(v1[i].Name, func(t *testing.T) {
			require.Equal(t, v1[i].Name, v2[i].Name)
			want, kind, err := decode(v1[i].Event)
			require.NoError(t, err)
			require.Equal(t, payload.REST, kind)
			got, kind, err := decode(v2[i].Event)
			require.NoError(t, err)
			require.Equal(t, payload.HTTP, kind)

			assert.Equal(t, v1[i].Request.Method, got.HTTPMethod)
			assert.Equal(t, want.HTTPMethod, got.HTTPMethod)
			assert.Equal(t, "/v2"+want.Path, got.Path)
			assert.Equal(t, "/v2"+want.Resource, got.Resource)
			assert.Equal(t, want.QueryStringParameters, got.QueryStringParameters)
			assert.Equal(t, want.MultiValueQueryStringParameters, got.MultiValueQueryStringParameters)
			assert.Equal(t, canonical(want.Headers), got.Headers)
			// The emulator adds a Content-Type to the single-valued
			// headers only.
			for name, values := range want.MultiValueHeaders {
				assert.Equal(t, values, got.MultiValueHeaders[http.CanonicalHeaderKey(name)], name)
			}
			assert.Equal(t, bodyBytes(t, want), bodyBytes(t, got))
			assert.Equal(t, v1[i].Request.Body, bodyBytes(t, got))
			assert.Equal(t, want.RequestContext.Identity.SourceIP, got.RequestContext.Identity.SourceIP)
			assert.Equal(t, want.RequestContext.Protocol, got.RequestContext.Protocol)
			assert.NotZero(t, got.RequestContext.RequestTimeEpoch)
			consistent(t, got)
		})
	}
	assert.Equal(t, 21, compared)
}

func canonical(headers map[string]string) map[string]string {
	all := map[string]string{}
	for name, value := range headers {
		all[http.CanonicalHeaderKey(name)] = value
	}
	return all
}

func bodyBytes(t *testing.T, event events.APIGatewayProxyRequest) []byte {
	t.Helper()
	if !event.IsBase64Encoded {
		return []byte(event.Body)
	}
	body, err := base64.StdEncoding.DecodeString(event.Body)
	require.NoError(t, err)
	return body
}

// consistent checks that the single-valued maps match the multi-valued ones.
func consistent(tb testing.TB, event events.APIGatewayProxyRequest) {
	tb.Helper()
	for _, maps := range []struct {
		single map[string]string
		multi  map[string][]string
	}{
		{event.Headers, event.MultiValueHeaders},
		{event.QueryStringParameters, event.MultiValueQueryStringParameters},
	} {
		require.Len(tb, maps.multi, len(maps.single))
		for name, value := range maps.single {
			values := maps.multi[name]
			require.NotEmpty(tb, values, name)
			require.Equal(tb, value, values[len(values)-1], name)
		}
	}
}

func encode(tb testing.TB, v any) []byte {
	tb.Helper()
	out, err := json.Marshal(v)
	require.NoError(tb, err)
	return out
}

func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		restEvent, httpEvent, `{"Records": [{"eventSource": "aws:sqs"}]}`, `{"requestContext": {"connectionId": "c"}}`,
		`{"httpMethod": "GET", "path": "/", "requestContext": {"elb": {}}, "headers": {"x-a": "1", "X-A": "2"}, "queryStringParameters": {"%61": "%zz"}}`,
		`{"httpMethod": "GET", "requestContext": {"elb": {}}, "multiValueHeaders": {"x-forwarded-for": ["1.1.1.1", "[::1]:80"]}, "multiValueQueryStringParameters": {"a": []}}`,
		`{"version": "2.0", "rawPath": "/x", "rawQueryString": "a=%&=&&;=1", "requestContext": {"stage": "x", "http": {"method": "GET"}, "authorizer": {"iam": {}}}}`,
		`[]`, `"`, `{"info": {"fieldName": "x"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, received []byte) {
		given := bytes.Clone(received)
		event, kind, err := decode(received)
		require.Equal(t, given, received)
		if err != nil {
			require.Zero(t, kind)
			require.Zero(t, event)
			require.NotEmpty(t, err.Error())
			return
		}
		require.NotEmpty(t, event.HTTPMethod+event.Path+kind.String())
		if kind != payload.REST {
			consistent(t, event)
		}
		again, _, err := decode(received)
		require.NoError(t, err)
		require.Equal(t, event, again)
	})
}

func BenchmarkDecode(b *testing.B) {
	alb := []byte(`{"requestContext": {"elb": {}}, "httpMethod": "GET", "path": "/", "queryStringParameters": {"a": "1"}, "headers": {"host": "h", "accept": "*/*"}, "body": ""}`)
	for name, event := range map[string][]byte{"REST": []byte(restEvent), "HTTP": []byte(httpEvent), "ALB": alb} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := decode(event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("REST with encoding/json", func(b *testing.B) { // baseline: what lambda.Start does
		b.ReportAllocs()
		for b.Loop() {
			var event events.APIGatewayProxyRequest
			if err := json.Unmarshal([]byte(restEvent), &event); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// decode returns what Decode does, in parts.
func decode(data []byte) (events.APIGatewayProxyRequest, payload.Kind, error) {
	r, err := payload.Decode(data)
	return r.APIGatewayProxyRequest, r.Kind, err
}

// TestRequestContext checks that the context has the path and the query as they
// were sent, as far as the event has them.
func TestRequestContext(t *testing.T) {
	const mapping, stage = "hooks.example.com", "abc.execute-api.us-east-1.amazonaws.com"
	const function = "abc.lambda-url.us-east-1.on.aws"
	for name, test := range map[string]struct {
		event string
		want  map[string]string
	}{
		"function URL": {
			`{"version": "2.0", "rawPath": "/a%2fb/", "rawQueryString": "b=1&a=%c3%ab+x&b=",
				"requestContext": {"stage": "$default", "domainName": "` + function + `", "http": {"method": "POST"}}}`,
			map[string]string{"rawPath": "/a%2fb/", "rawQueryString": "b=1&a=%c3%ab+x&b="},
		},
		"stage": {
			`{"version": "2.0", "rawPath": "/prod/a b/",
				"requestContext": {"stage": "prod", "apiId": "abc", "domainName": "` + stage + `", "http": {"method": "GET"}}}`,
			map[string]string{"rawPath": "/prod/a%20b/", "rawQueryString": ""},
		},
		"custom domain": {
			`{"version": "2.0", "rawPath": "/prod/sms", "rawQueryString": "a=1",
				"requestContext": {"stage": "prod", "apiId": "abc", "domainName": "` + mapping + `", "http": {"method": "GET"}}}`,
			map[string]string{"rawPath": "/sms", "rawQueryString": "a=1"},
		},
		"load balancer": {
			`{"httpMethod": "GET", "path": "/a%20b/", "requestContext": {"elb": {}}, "queryStringParameters": {}}`,
			map[string]string{"rawPath": "/a%20b/", "rawQueryString": ""},
		},
		"load balancer, query": {
			`{"httpMethod": "GET", "path": "/x", "requestContext": {"elb": {}}, "queryStringParameters": {"a": "1"}}`,
			map[string]string{"rawPath": "/x"},
		},
		"REST API": {restEvent, map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := payload.Decode([]byte(test.event))
			require.NoError(t, err)
			parent := &lambdacontext.LambdaContext{AwsRequestID: "id-1"}
			parent.ClientContext.Custom = map[string]string{"custom": "kept"}
			lc, ok := lambdacontext.FromContext(r.Context(lambdacontext.NewContext(t.Context(), parent)))
			require.True(t, ok)
			assert.Equal(t, "id-1", lc.AwsRequestID)
			test.want["custom"] = "kept"
			assert.Equal(t, test.want, lc.ClientContext.Custom)
			assert.Len(t, parent.ClientContext.Custom, 1, "the parent's map is unchanged")

			_, ok = lambdacontext.FromContext(r.Context(t.Context()))
			assert.Equal(t, r.Raw != nil, ok)
		})
	}
}
