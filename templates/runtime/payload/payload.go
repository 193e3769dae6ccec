// Package payload converts between the formats in which AWS Lambda passes HTTP
// requests to functions and the format of API Gateway's REST APIs.
//
// There are four formats: that of API Gateway's REST APIs, which HTTP APIs with
// payload format 1.0 share, that of HTTP APIs and function URLs with payload
// format 2.0, and those of Application Load Balancers with and without
// multi-value headers. [Decode] recognizes the format of an event and converts
// it to payload format 1.0, and [Kind.Encode] converts the response to what the
// service expects. A handler for one format therefore works behind every
// service.
//
//   - Events of format 1.0 are passed through, except for the names of headers.
//   - Services send header names in lower case, as HTTP/2 does, or in that of
//     the client. Decode converts them to canonical case (Content-Type), which
//     fngen's own server uses too. fn.Header looks up a header regardless of
//     case.
//   - The single-valued and multi-valued maps of a converted event are
//     consistent: they have the same names, and the single value is the last
//     one.
//   - Package response checks responses, as it does for package gateway, and
//     sets the default Content-Type, which differs among the services.
//
// Sources:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html,
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html,
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html and
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html.
//
// All functions are safe for concurrent use.
package payload

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/fngen/fngen/templates/runtime/eventsource"
)

// A Kind is the format of an event and of its response.
type Kind uint8

const (
	REST          Kind = iota + 1 // API Gateway REST APIs, payload format 1.0
	HTTP1                         // API Gateway HTTP APIs, payload format 1.0
	HTTP                          // API Gateway HTTP APIs, payload format 2.0
	FunctionURL                   // function URLs, payload format 2.0
	ALB                           // Application Load Balancer
	ALBMultiValue                 // target group with lambda.multi_value_headers.enabled
)

func (k Kind) String() string {
	switch k {
	case REST, HTTP1:
		return "API Gateway (1.0)"
	case HTTP:
		return "API Gateway (2.0)"
	case FunctionURL:
		return "function URL"
	case ALB:
		return "load balancer"
	case ALBMultiValue:
		return "load balancer (multi-value)"
	}
	return "unknown"
}

// DecodesPath reports whether the paths of events of this kind are
// percent-decoded. Only HTTP APIs do that. In their paths, a slash may have been
// an encoded one.
func (k Kind) DecodesPath() bool { return k == HTTP1 || k == HTTP }

// A Request is an event in payload format 1.0.
type Request struct {
	events.APIGatewayProxyRequest
	Kind Kind // of the event, which determines the format of the response

	// Raw has the path and the query as the client sent them, under the names
	// that format 2.0 uses: rawPath and rawQueryString. Events of format 1.0
	// have neither, and those of load balancers have the query only if it is
	// empty.
	Raw map[string]string
}

// Context returns a copy of ctx whose custom client context contains r.Raw.
func (r Request) Context(ctx context.Context) context.Context {
	if r.Raw == nil {
		return ctx
	}
	var lc lambdacontext.LambdaContext
	if parent, ok := lambdacontext.FromContext(ctx); ok {
		lc = *parent
	}
	custom := map[string]string{}
	maps.Copy(custom, lc.ClientContext.Custom)
	maps.Copy(custom, r.Raw)
	lc.ClientContext.Custom = custom
	return lambdacontext.NewContext(ctx, &lc)
}

// Decode converts an event to payload format 1.0. For an event that is not an
// HTTP request, the error is an [*eventsource.UnsupportedEventError]. Decode also fails if
// a field has the wrong type.
func Decode(payload []byte) (Request, error) {
	var e event
	err := json.Unmarshal(payload, &e) // continues after a field of the wrong type
	kind := e.kind()
	if kind == 0 {
		return Request{}, eventsource.Unsupported(eventsource.HTTPRequests, payload)
	}
	if err != nil {
		return Request{}, fmt.Errorf("fngen: decoding event from %s: %w", kind, err)
	}
	switch kind {
	case HTTP, FunctionURL:
		r := e.fromHTTP()
		raw := map[string]string{"rawPath": r.RequestContext.Path, "rawQueryString": e.RawQueryString}
		if kind.DecodesPath() {
			raw["rawPath"] = (&url.URL{Path: raw["rawPath"]}).EscapedPath() // as clients usually escape it
		}
		return Request{r, kind, raw}, nil
	case ALB, ALBMultiValue:
		r := e.fromALB()
		raw := map[string]string{"rawPath": r.Path}
		if r.QueryStringParameters == nil {
			raw["rawQueryString"] = ""
		}
		return Request{r, kind, raw}, nil
	}
	r := e.APIGatewayProxyRequest
	r.RequestContext = e.RequestContext.APIGatewayProxyRequestContext
	r.Headers, r.MultiValueHeaders = canonicalHeaders(r.Headers), canonicalHeaders(r.MultiValueHeaders)
	return Request{APIGatewayProxyRequest: r, Kind: kind}, nil
}

// An event has the fields of all formats, so that an event is parsed once.
type event struct {
	events.APIGatewayProxyRequest
	RequestContext requestContext `json:"requestContext"`

	// Format 2.0.
	Version        string   `json:"version"`
	RouteKey       string   `json:"routeKey"`
	RawPath        string   `json:"rawPath"`
	RawQueryString string   `json:"rawQueryString"`
	Cookies        []string `json:"cookies"`

	// Events for Lambda authorizers, which otherwise look like requests.
	MethodARN string `json:"methodArn"`
	RouteARN  string `json:"routeArn"`
}

type requestContext struct {
	events.APIGatewayProxyRequestContext

	// Format 2.0.
	HTTP           events.APIGatewayV2HTTPRequestContextHTTPDescription `json:"http"`
	Time           string                                               `json:"time"`
	TimeEpoch      int64                                                `json:"timeEpoch"`
	Authentication struct {
		ClientCert *events.APIGatewayCustomAuthorizerRequestTypeRequestIdentityClientCert `json:"clientCert"`
	} `json:"authentication"`

	ELB          *struct{} `json:"elb"`          // load balancers
	ConnectionID string    `json:"connectionId"` // WebSocket APIs
}

// kind returns the kind of an event, or 0 if it is not an HTTP request. Other
// services send some of the fields of HTTP requests, so it takes those that
// only HTTP requests have together: agents of Amazon Bedrock, for example, send
// httpMethod, but no path.
func (e *event) kind() Kind {
	c := &e.RequestContext
	switch {
	case c.ELB != nil && e.HTTPMethod == "":
		return 0
	case c.ELB != nil && e.MultiValueHeaders != nil:
		return ALBMultiValue
	case c.ELB != nil:
		return ALB
	case c.ConnectionID != "" || e.MethodARN != "" || e.RouteARN != "":
		return 0
	case e.Version == "2.0" && c.HTTP.Method != "" && strings.Contains(c.DomainName, ".lambda-url."):
		return FunctionURL
	case e.Version == "2.0" && c.HTTP.Method != "":
		return HTTP
	case e.Version == "1.0" && e.HTTPMethod != "" && strings.HasPrefix(e.Path, "/"):
		return HTTP1
	case e.HTTPMethod != "" && strings.HasPrefix(e.Path, "/"):
		return REST
	}
	return 0
}
