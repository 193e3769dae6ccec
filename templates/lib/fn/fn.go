// Package fn provides the types and helpers that all functions use: handlers,
// middleware, and functions that read requests and build responses.
//
// A [Handler] handles API Gateway proxy events (payload format 1.0), so you can
// pass it to lambda.Start. See
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html.
package fn

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// A Handler handles one request. If it returns an error, the client gets status
// 500; for any other status, return a response.
type Handler func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

// A Middleware wraps a Handler to run code before it, after it or in its place.
type Middleware func(next Handler) Handler

// Chain wraps a handler in middleware. The first middleware runs first.
func Chain(h Handler, middleware ...Middleware) Handler {
	for i := len(middleware) - 1; i >= 0; i-- {
		h = middleware[i](h)
	}
	return h
}

// JSON returns a response with v encoded as JSON. Unlike json.Marshal, it does
// not escape <, > and &. It fails if v cannot be encoded.
func JSON(status int, v any) (events.APIGatewayProxyResponse, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return events.APIGatewayProxyResponse{}, fmt.Errorf("fn: encoding response body: %w", err)
	}
	return events.APIGatewayProxyResponse{
		StatusCode: status,
		Headers:    map[string]string{"Content-Type": "application/json"},
		Body:       strings.TrimSuffix(body.String(), "\n"),
	}, nil
}

// Header returns the value of the named header, or "" if the request does not
// have it. Case is ignored. If the header was sent more than once, Header
// returns the last value, as event.Headers does.
func Header(event events.APIGatewayProxyRequest, name string) string {
	if value, ok := lookup(event.Headers, name); ok {
		return value
	}
	if values, ok := lookup(event.MultiValueHeaders, name); ok && len(values) > 0 {
		return values[len(values)-1]
	}
	return ""
}

// lookup finds a header by name. It prefers the exact name. If only names in
// another case match, it takes the first in sort order, because the order of a
// map is random.
func lookup[V any](headers map[string]V, name string) (value V, ok bool) {
	if value, ok = headers[name]; ok {
		return value, true
	}
	var found string
	for key, v := range headers {
		// Comparing lengths first is faster, and names in ASCII that differ only
		// in case have the same length.
		if len(key) == len(name) && strings.EqualFold(key, name) && (!ok || key < found) {
			found, value, ok = key, v, true
		}
	}
	return value, ok
}

// Body returns the body of a request. If IsBase64Encoded is set, Body decodes
// the body. It fails if the body is not valid base64.
func Body(event events.APIGatewayProxyRequest) ([]byte, error) {
	if !event.IsBase64Encoded {
		return []byte(event.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(event.Body)
	if err != nil {
		return nil, fmt.Errorf("fn: decoding request body: %w", err)
	}
	return body, nil
}
