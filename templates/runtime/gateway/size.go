package gateway

import (
	"encoding/json"

	"github.com/aws/aws-lambda-go/events"
)

// small is the length of a body below which no event or response comes near Lambda's limit, whatever is escaped in it.
const small = 256 << 10

// eventSize is the length in bytes of an event's JSON, or less than the limit where it is far from it.
func eventSize(event *events.APIGatewayProxyRequest) int {
	if len(event.Body) < small {
		return 0
	}
	rest := *event
	rest.Body = ""
	return jsonSize(rest) + escaped(event.Body)
}

// responseSize is the same of a response.
func responseSize(response *events.APIGatewayProxyResponse) int {
	if len(response.Body) < small {
		return 0
	}
	rest := *response
	rest.Body = ""
	return jsonSize(rest) + escaped(response.Body)
}

func jsonSize(v any) int {
	data, err := json.Marshal(v)
	if err != nil {
		return 0 // There is nothing in it that has no JSON.
	}
	return len(data)
}

// escaped is the length of a string within JSON's quotes.
func escaped(s string) int {
	size := len(s)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"', c == '\\', c == '\n', c == '\r', c == '\t', c == '\b', c == '\f':
			size++
		case c < ' ':
			size += len(`\u0000`) - 1
		}
	}
	return size
}
