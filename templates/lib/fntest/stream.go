package fntest

import (
	"context"
	"io"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// CallStream is like [Call] for a handler whose response is streamed. It reads
// the stream to its end and returns the whole response. If the stream fails,
// the test fails immediately.
func CallStream(
	tb testing.TB,
	handler func(context.Context, events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error),
	event events.APIGatewayProxyRequest,
	options ...func(context.Context) context.Context,
) events.APIGatewayProxyResponse {
	tb.Helper()
	read := func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		stream, err := handler(ctx, event)
		if err != nil {
			return events.APIGatewayProxyResponse{}, err
		}
		defer stream.Close()
		response := events.APIGatewayProxyResponse{
			StatusCode:        stream.StatusCode,
			Headers:           stream.Headers,
			MultiValueHeaders: stream.MultiValueHeaders,
		}
		if stream.Body != nil {
			var body []byte
			body, err = io.ReadAll(stream.Body)
			response.Body = string(body)
		}
		return response, err
	}
	return Call(tb, read, event, options...)
}
