package webhooks_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

func TestRoute(t *testing.T) {
	respond := func(text string) fn.Handler {
		return func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			return fn.JSON(http.StatusAccepted, text)
		}
	}
	handlers := map[string]fn.Handler{"invoice.paid": respond("paid"), "push": respond("pushed")}
	all := map[string]fn.Handler{"push": respond("pushed"), "*": respond("other")}
	field, header := webhooks.TypeField("type"), webhooks.TypeHeader("X-GitHub-Event")
	for name, tt := range map[string]struct {
		handler fn.Handler
		event   events.APIGatewayProxyRequest
		status  int
		body    string
	}{
		"field": {
			webhooks.Route(field, handlers), events.APIGatewayProxyRequest{Body: `{"type":"invoice.paid"}`}, 202, `"paid"`,
		},
		"field in base64": {
			webhooks.Route(field, handlers),
			events.APIGatewayProxyRequest{Body: "eyJ0eXBlIjoicHVzaCJ9", IsBase64Encoded: true}, 202, `"pushed"`,
		},
		"unlisted": {
			webhooks.Route(field, handlers), events.APIGatewayProxyRequest{Body: `{"type":"invoice.sent"}`}, 200, "",
		},
		"not text": {webhooks.Route(field, handlers), events.APIGatewayProxyRequest{Body: `{"type":1}`}, 200, ""},
		"not JSON": {webhooks.Route(field, handlers), events.APIGatewayProxyRequest{Body: `type=push`}, 200, ""},
		"default":  {webhooks.Route(field, all), events.APIGatewayProxyRequest{Body: `{"type":"x"}`}, 202, `"other"`},
		"header": {
			webhooks.Route(header, handlers),
			events.APIGatewayProxyRequest{Headers: map[string]string{"x-github-event": "push"}}, 202, `"pushed"`,
		},
		"no header": {webhooks.Route(header, handlers), events.APIGatewayProxyRequest{}, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			response, err := tt.handler(t.Context(), tt.event)
			require.NoError(t, err)
			assert.Equal(t, tt.status, response.StatusCode)
			assert.Equal(t, tt.body, response.Body)
		})
	}
}
