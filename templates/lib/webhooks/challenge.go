package webhooks

import (
	"net/http"

	"github.com/aws/aws-lambda-go/events"
)

// maxChallenge limits the text that a challenge may return, in bytes.
const maxChallenge = 2048

// parameter returns a decoded parameter of the query. It returns "" if the
// parameter is missing or longer than maxChallenge.
func (m *message) parameter(name string) string {
	value := m.event.QueryStringParameters[name]
	if values := m.event.MultiValueQueryStringParameters[name]; len(values) > 0 {
		value = values[len(values)-1]
	}
	if len(value) > maxChallenge {
		return ""
	}
	return value
}

// textResponse returns text that the client sent. The headers keep browsers
// from taking it for HTML.
func textResponse(text string) events.APIGatewayProxyResponse {
	return events.APIGatewayProxyResponse{
		StatusCode: http.StatusOK,
		Headers: map[string]string{
			"Content-Type":           "text/plain; charset=utf-8",
			"X-Content-Type-Options": "nosniff",
		},
		Body: text,
	}
}
