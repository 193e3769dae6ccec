package lambdaentry_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/lambdaruntime"
)

// count is a handler whose body reports when it is closed.
func count(ctx context.Context, event events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error) {
	switch event.Headers["Mode"] {
	case "nil":
		return nil, nil
	case "no content":
		return &events.APIGatewayProxyStreamingResponse{StatusCode: 204, Body: &counter{ctx: ctx}}, nil
	case "large":
		return &events.APIGatewayProxyStreamingResponse{
			StatusCode: 200, Body: strings.NewReader(strings.Repeat("x", 7<<20)),
		}, nil
	}
	return &events.APIGatewayProxyStreamingResponse{
		StatusCode: 200, Body: &counter{ctx: ctx, mode: event.Headers["Mode"]},
	}, nil
}

// A counter reads 1, 2 and 3, or fails at 2.
type counter struct {
	ctx  context.Context
	n    int
	mode string
}

func (c *counter) Read(p []byte) (int, error) {
	c.n++
	switch {
	case c.n == 2 && c.mode == "panic":
		panic("two")
	case c.n == 2 && c.mode == "error":
		return 0, errors.New("two")
	case c.n > 3:
		return 0, io.EOF
	}
	return copy(p, fmt.Sprint(c.n)), nil
}

func (c *counter) Close() error {
	_, err := fmt.Fprintln(os.Stderr, "closed after", c.n, c.ctx.Err())
	return err
}

func TestStream(t *testing.T) {
	r, log := start(t, lambdaruntime.Function{Command: []string{self(t)}, Env: []string{"LAMBDAENTRY_TEST=stream"}})
	ctx := testContext(t)
	call := func(method, mode string) (string, error) {
		event := fmt.Sprintf(`{"httpMethod":%q,"path":"/orders","headers":{"Mode":%q},"requestContext":{}}`, method, mode)
		stream, err := r.InvokeStream(ctx, []byte(event))
		if err != nil {
			return "", err
		}
		body, err := io.ReadAll(stream.Body)
		head, rest, ok := strings.Cut(string(body), "\x00\x00\x00\x00\x00\x00\x00\x00")
		require.True(t, ok)
		var parsed struct{ StatusCode int }
		require.NoError(t, json.Unmarshal([]byte(head), &parsed))
		return fmt.Sprint(parsed.StatusCode, " ", rest), err
	}
	for mode, want := range map[string]string{"": "200 123", "no content": "204 ", "large": "200 " + strings.Repeat("x", 7<<20)} {
		got, err := call("GET", mode)
		require.NoError(t, err, mode)
		assert.True(t, want == got, mode)
	}
	got, err := call("POST", "")
	require.NoError(t, err)
	assert.Equal(t, `405 {"message":"Method Not Allowed"}`, got)
	for _, mode := range []string{"panic", "error"} {
		got, err := call("GET", mode)
		var failed *lambdaruntime.FunctionError
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, "two", failed.Message)
		assert.Equal(t, "200 1", got)
	}
	_, err = call("GET", "nil")
	assert.ErrorContains(t, err, "the function returned no response")
	_, err = r.InvokeStream(ctx, []byte(`{"Records":[{"eventSource":"aws:sqs"}]}`))
	assert.ErrorContains(t, err, "SQS")

	// A load balancer does not stream, and takes no more than 1 MB.
	response, err := r.Invoke(ctx, []byte(`{"httpMethod":"GET","path":"/orders","headers":{"Mode":"large"},`+
		`"requestContext":{"elb":{"targetGroupArn":"x"}}}`))
	require.NoError(t, err)
	assert.Contains(t, string(response), `"statusCode":502`)

	require.NoError(t, r.Terminate(ctx))
	assert.Contains(t, log.String(), "closed after 4 context canceled")
	assert.Contains(t, log.String(), "closed after 0 context canceled")
	assert.Contains(t, log.String(), "closed after 2 context canceled")
	assert.Equal(t, 2, strings.Count(log.String(), "stream failed"))
	assert.Contains(t, log.String(), "first")
}
