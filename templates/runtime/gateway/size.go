package gateway

import (
	"encoding/json"

	"github.com/aws/aws-lambda-go/events"
)

// smallBody is the length of a body below which an event or a response stays
// within Lambda's payload limit, even if every byte is escaped.
const smallBody = 256 << 10

// eventSize returns the size of an event in bytes of JSON, or 0 if its body is
// small.
func eventSize(event *events.APIGatewayProxyRequest) int {
	if len(event.Body) < smallBody {
		return 0
	}
	rest := *event
	rest.Body = ""
	return jsonSize(rest) + escapedLen(event.Body)
}

// responseSize returns the size of a response in bytes of JSON, or 0 if its
// body is small.
func responseSize(response *events.APIGatewayProxyResponse) int {
	if len(response.Body) < smallBody {
		return 0
	}
	rest := *response
	rest.Body = ""
	return jsonSize(rest) + escapedLen(response.Body)
}

func jsonSize(v any) int {
	data, err := json.Marshal(v)
	if err != nil {
		return 0 // cannot happen: events and responses always marshal
	}
	return len(data)
}

// escapedLen returns the length of s as a JSON string, without the quotes.
func escapedLen(s string) int {
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
