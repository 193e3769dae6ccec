package lambdaentry

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A response that the service would reject for its size is answered with 502,
// and the process lives.
func TestResponseTooLarge(t *testing.T) {
	tests := []struct {
		name, event string
		limit       int
	}{
		{"1.0", `{"httpMethod":"GET","path":"/","requestContext":{}}`, 6_291_556},
		{"2.0", `{"version":"2.0","rawPath":"/","requestContext":{"http":{"method":"GET"}}}`, 6_291_556},
		{"load balancer", `{"httpMethod":"GET","path":"/","headers":{},"requestContext":{"elb":{}}}`, 1 << 20},
		{"load balancer, multi-value", `{"httpMethod":"GET","path":"/","multiValueHeaders":{},"requestContext":{"elb":{}}}`, 1 << 20},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var log bytes.Buffer
			previous := slog.Default()
			slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
			defer slog.SetDefault(previous)

			invoke := func(size int) []byte {
				handler := newHandler(Function{Name: "large", Handler: func(context.Context, events.APIGatewayProxyRequest) (
					events.APIGatewayProxyResponse, error,
				) {
					return events.APIGatewayProxyResponse{StatusCode: 200, Body: strings.Repeat("x", size)}, nil
				}})
				out, err := handler.Invoke(t.Context(), []byte(test.event))
				require.NoError(t, err)
				return out
			}
			overhead := len(invoke(0))

			largest := invoke(test.limit - overhead)
			assert.Len(t, largest, test.limit)
			assert.Empty(t, log.String())

			var response events.APIGatewayProxyResponse
			require.NoError(t, json.Unmarshal(invoke(test.limit-overhead+1), &response))
			assert.Equal(t, 502, response.StatusCode)
			assert.JSONEq(t, `{"message":"Internal server error"}`, response.Body)
			assert.Contains(t, log.String(), "function response is too large")
		})
	}
}
