package allowipratelimitwebhookauthbinaryfixtures

import (
	"net/http"

	"example.com/golden/api/src/lib/fntest"
)

// request is what the tests send to /allowIpRateLimitWebhookAuthBinaryFixtures. Write one like it for each case
// that deserves a name.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod:     http.MethodPost,
		Path:           "/allowIpRateLimitWebhookAuthBinaryFixtures",
		RequestContext: caller,
		Payload:        `{"id":1}`,
	}
}
