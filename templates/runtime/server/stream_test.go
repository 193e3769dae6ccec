package server

import (
	"context"
	"io"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"

	"github.com/fngen/fngen/templates/lib/fn"
)

// TestStream checks that a function that streams is served at its routes, and
// that Lambda's Invoke API returns its whole response.
func TestStream(t *testing.T) {
	functions := []Function{
		{Name: "plain", Handler: echo},
		{Name: "chat", Routes: []string{"GET /chat/{id}"}, Stream: func(_ context.Context, e request) (
			*events.APIGatewayProxyStreamingResponse, error,
		) {
			return fn.Stream("text/event-stream", func(w io.Writer) error {
				_, err := io.WriteString(w, e.PathParameters["id"])
				return err
			})
		}},
	}
	r := newParent(t).child(t, functions, "-dev")
	resp, body := r.get("/chat/7")
	assert.Equal(t, 200, resp.StatusCode)
	assert.Equal(t, []string{"chunked"}, resp.TransferEncoding)
	assert.Equal(t, "7", body)
	resp, _ = r.get("/chat")
	assert.Equal(t, 404, resp.StatusCode)

	const event = `{"httpMethod":"GET","path":"/chat/7","requestContext":{}}`
	resp, body = r.send("POST /2015-03-31/functions/chat/invocations HTTP/1.1\r\nHost: x\r\n" +
		"Content-Length: 57\r\n\r\n" + event)
	assert.Equal(t, 200, resp.StatusCode)
	assert.Equal(t, `{"statusCode":200,"headers":{"Content-Type":"text/event-stream"},`+
		`"multiValueHeaders":null,"body":"7"}`, body)
}
