package webhooktwilioauthfixtures

import (
	"net/http"

	"example.com/golden/api/src/lib/fntest"
)

// request is what the tests send to /webhookTwilioAuthFixtures. Write one like it for each case
// that deserves a name.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod: http.MethodPost,
		Path:       "/webhookTwilioAuthFixtures",
		Headers:    map[string]string{"Content-Type": "application/x-www-form-urlencoded"},
		Payload:    "From=%2B15005550006&Body=Hello",
	}
}
