package webhooktwilioauthfixtures

import (
	"net/http"

	"example.com/golden/api/src/lib/fntest"
)

// request returns the request that the tests send. Add a function like it for
// every other request that your tests need.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod: http.MethodPost,
		Path:       "/webhookTwilioAuthFixtures",
		Headers:    map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
		Payload:    "From=%2B15005550006&Body=Hello",
	}
}
