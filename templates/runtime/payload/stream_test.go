package payload_test

import (
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/runtime/payload"
	"github.com/fngen/fngen/templates/runtime/response"
)

func TestEncodeHead(t *testing.T) {
	r := events.APIGatewayProxyResponse{
		StatusCode:        200,
		Headers:           map[string]string{"content-type": "text/event-stream", "Connection": "close"},
		MultiValueHeaders: map[string][]string{"X-A": {"1", "2"}, "Set-Cookie": {"a=1", "b=2"}},
	}
	const delimiter = "\x00\x00\x00\x00\x00\x00\x00\x00"
	for kind, want := range map[payload.Kind]string{
		payload.REST: `{"statusCode":200,"headers":{"Content-Type":"text/event-stream"},` +
			`"multiValueHeaders":{"Set-Cookie":["a=1","b=2"],"X-A":["1","2"]}}`,
		payload.FunctionURL: `{"statusCode":200,"headers":{"Content-Type":"text/event-stream","X-A":"1, 2"},` +
			`"cookies":["a=1","b=2"]}`,
	} {
		assert.True(t, kind.CanStream())
		head, err := kind.EncodeHead(r)
		require.NoError(t, err)
		assert.Equal(t, want+delimiter, string(head), kind)
		_, err = kind.EncodeHead(events.APIGatewayProxyResponse{})
		assert.ErrorIs(t, err, response.ErrMalformed)
	}
	for _, kind := range []payload.Kind{payload.HTTP, payload.HTTP1, payload.ALB, payload.ALBMultiValue} {
		assert.False(t, kind.CanStream())
	}
}

func TestStreamHead(t *testing.T) {
	multi := map[string][]string{"Set-Cookie": {"a=1"}}
	head := response.Head(&events.APIGatewayProxyStreamingResponse{
		StatusCode: 201, Headers: map[string]string{"X": "1"}, MultiValueHeaders: multi, Cookies: []string{"b=2"},
	})
	assert.Equal(t, events.APIGatewayProxyResponse{
		StatusCode: 201, Headers: map[string]string{"X": "1"},
		MultiValueHeaders: map[string][]string{"Set-Cookie": {"a=1", "b=2"}},
	}, head)
	assert.Equal(t, map[string][]string{"Set-Cookie": {"a=1"}}, multi, "the map of the handler")
}
