// Package fn is the small core that serverless functions share: the shape of a
// handler, the middleware around it, and what reads an event and writes a
// response.
//
// A [Handler] has the shape that AWS Lambda calls for API Gateway's proxy
// integration, payload format 1.0, so lambda.Start takes it as it is:
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
package fn

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// A Handler answers one request. An error that it returns is the caller's 500:
// for any other status, return a response.
type Handler func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

// A Middleware makes a Handler that runs something before the next one, after
// it, or in its place.
type Middleware func(next Handler) Handler

// Chain puts middleware around a handler. The first listed runs first.
func Chain(h Handler, middleware ...Middleware) Handler {
	for i := len(middleware) - 1; i >= 0; i-- {
		h = middleware[i](h)
	}
	return h
}

// JSON is a response with v as its body in JSON, <, > and & left as they are.
// It fails where v has no JSON form.
func JSON(status int, v any) (events.APIGatewayProxyResponse, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return events.APIGatewayProxyResponse{}, fmt.Errorf("fn: response body: %w", err)
	}
	return events.APIGatewayProxyResponse{
		StatusCode: status,
		Headers:    map[string]string{"Content-Type": "application/json"},
		Body:       strings.TrimSuffix(body.String(), "\n"),
	}, nil
}

// Binary is a response of status 200 with data as its body, base64-encoded as
// API Gateway wants it. The whole of it is held in memory, and Lambda bounds a
// response to 6 MB: send larger data from an object store.
func Binary(contentType string, data []byte) (events.APIGatewayProxyResponse, error) {
	return events.APIGatewayProxyResponse{
		StatusCode:      http.StatusOK,
		Headers:         map[string]string{"Content-Type": contentType},
		Body:            base64.StdEncoding.EncodeToString(data),
		IsBase64Encoded: true,
	}, nil
}

// Header is the value of the event's header of that name, in any case, or ""
// where there is none. Of a header sent more than once it is the last value,
// as in the event's single-valued Headers.
func Header(event events.APIGatewayProxyRequest, name string) string {
	if value, ok := lookup(event.Headers, name); ok {
		return value
	}
	if values, ok := lookup(event.MultiValueHeaders, name); ok && len(values) > 0 {
		return values[len(values)-1]
	}
	return ""
}

// lookup finds a header by its name in any case: the very name first, then the
// first in order of those that differ by case.
func lookup[V any](headers map[string]V, name string) (value V, ok bool) {
	if value, ok = headers[name]; ok {
		return value, true
	}
	var found string
	for key, v := range headers {
		// Of one length, in ASCII: that is told sooner than the case is.
		if len(key) == len(name) && strings.EqualFold(key, name) && (!ok || key < found) {
			found, value, ok = key, v, true
		}
	}
	return value, ok
}

// Body is the event's body in bytes, with base64 undone where the event says
// that it is encoded. It fails on what is not base64.
func Body(event events.APIGatewayProxyRequest) ([]byte, error) {
	if !event.IsBase64Encoded {
		return []byte(event.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(event.Body)
	if err != nil {
		return nil, fmt.Errorf("fn: request body: %w", err)
	}
	return body, nil
}
