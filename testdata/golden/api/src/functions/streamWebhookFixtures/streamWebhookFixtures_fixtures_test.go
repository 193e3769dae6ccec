package streamwebhookfixtures

import (
	"net/http"

	"example.com/golden/api/src/lib/fntest"
)

// request returns the request that the tests send. Add a function like it for
// every other request that your tests need.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod: http.MethodPost,
		Path:       "/streamWebhookFixtures",
		Payload:    `{"id":1}`,
	}
}
