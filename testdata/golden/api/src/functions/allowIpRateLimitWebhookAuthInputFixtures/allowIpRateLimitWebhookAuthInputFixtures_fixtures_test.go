package allowipratelimitwebhookauthinputfixtures

import (
	"net/http"

	"example.com/golden/api/src/lib/fntest"
)

// request returns the request that the tests send. Add a function like it for
// every other request that your tests need.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod: http.MethodPost,
		Path:       "/allowIpRateLimitWebhookAuthInputFixtures",
		SourceIP:   "127.0.0.1",
		Headers:    map[string]string{"Content-Type": "application/json"},
		Payload:    valid(),
	}
}

// valid returns a body that the function accepts.
func valid() map[string]any {
	return map[string]any{
		"name":  "example",
		"email": "example",
	}
}
