// Package payload is what AWS Lambda hands to a function that answers HTTP, and what it wants back.
//
// Three services call functions, in four kinds of JSON: API Gateway's REST APIs (and its HTTP APIs with payload format
// 1.0), HTTP APIs and function URLs (payload format 2.0), and Application Load Balancers, with and without multi-valued
// headers. [Decode] tells them apart by what they contain and makes the event of payload format 1.0 of each, and
// [Kind.Encode] turns the answer into what the caller understands. So one handler is deployed behind any of them.
//
//   - Of format 1.0 nothing is changed, neither on the way in nor on the way back.
//   - The others send header names in lower case. They arrive in canonical case (Content-Type), which is that of
//     fngen's own server. A name that needs no care about case is looked for with fn.Header.
//   - Of what is made here, the single-valued and multi-valued maps agree: the same names, and the last value.
//
// Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html,
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html,
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html and
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html.
//
// Nothing is read but the payload, and nothing is kept: all of it may be called at once.
package payload

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-lambda-go/events"
)

// A Kind is who calls, and so the shape of the payload and of the answer to it.
type Kind uint8

const (
	REST          Kind = iota + 1 // API Gateway, payload format 1.0
	HTTP                          // API Gateway's HTTP APIs and function URLs, payload format 2.0
	ALB                           // an Application Load Balancer
	ALBMultiValue                 // the same, whose target group has lambda.multi_value_headers.enabled
)

func (k Kind) String() string {
	switch k {
	case REST:
		return "API Gateway (1.0)"
	case HTTP:
		return "API Gateway or a function URL (2.0)"
	case ALB:
		return "a load balancer"
	case ALBMultiValue:
		return "a load balancer (multi-value)"
	}
	return "no known kind"
}

// Decode makes the event of payload format 1.0 of a payload, and says what kind it is, which the answer depends on.
// Where it is of a service that does not wait for an HTTP response, or of nothing that is known, the error is an
// *OtherError. It fails too where a field has the wrong type.
func Decode(payload []byte) (events.APIGatewayProxyRequest, Kind, error) {
	var e event
	err := json.Unmarshal(payload, &e) // which reads on after a field of the wrong type
	kind := e.kind()
	if kind == 0 {
		return events.APIGatewayProxyRequest{}, 0, other(payload)
	}
	if err != nil {
		return events.APIGatewayProxyRequest{}, 0, fmt.Errorf("fngen: a malformed event of %s: %w", kind, err)
	}
	switch kind {
	case HTTP:
		return e.fromHTTP(), kind, nil
	case ALB, ALBMultiValue:
		return e.fromALB(), kind, nil
	}
	e.APIGatewayProxyRequest.RequestContext = e.RequestContext.APIGatewayProxyRequestContext
	return e.APIGatewayProxyRequest, kind, nil
}

// An event has the fields of all kinds, so that a payload is read once.
type event struct {
	events.APIGatewayProxyRequest
	RequestContext requestContext `json:"requestContext"`

	// Format 2.0.
	Version        string   `json:"version"`
	RouteKey       string   `json:"routeKey"`
	RawPath        string   `json:"rawPath"`
	RawQueryString string   `json:"rawQueryString"`
	Cookies        []string `json:"cookies"`

	// Of API Gateway's questions to an authorizer, which look like requests otherwise.
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

	ELB          *struct{} `json:"elb"`          // a load balancer's
	ConnectionID string    `json:"connectionId"` // a WebSocket API's
}

// kind is 0 for what is no request.
func (e *event) kind() Kind {
	c := &e.RequestContext
	switch {
	case c.ELB != nil && e.MultiValueHeaders != nil:
		return ALBMultiValue
	case c.ELB != nil:
		return ALB
	case c.ConnectionID != "" || e.MethodARN != "" || e.RouteARN != "":
		return 0
	case e.Version == "2.0" && c.HTTP.Method != "":
		return HTTP
	case e.HTTPMethod != "":
		return REST
	}
	return 0
}
