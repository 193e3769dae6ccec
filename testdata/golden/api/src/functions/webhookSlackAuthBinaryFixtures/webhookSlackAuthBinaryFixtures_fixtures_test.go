package webhookslackauthbinaryfixtures

import (
	"net/http"

	"example.com/golden/api/src/lib/fntest"
)

// request is what the tests send to /webhookSlackAuthBinaryFixtures. Write one like it for each case
// that deserves a name.
func request() fntest.Event {
	return fntest.Event{
		HTTPMethod: http.MethodPost,
		Path:       "/webhookSlackAuthBinaryFixtures",
		Payload:    `{"type":"event_callback","event_id":"Ev1"}`,
	}
}
