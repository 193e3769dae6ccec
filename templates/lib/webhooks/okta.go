package webhooks

import (
	"cmp"
	"encoding/json"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// Okta is for Okta's event hooks. It sends the secret in the header
// Authorization, the "authentication field" of the hook, and does not sign the
// body. There is no timestamp. The message ID is in the body:
// https://developer.okta.com/docs/concepts/event-hooks/
var Okta Scheme = okta{}

type okta struct{}

func (okta) String() string { return "okta" }

func (okta) verify(m message, secret string) error {
	sent, err := m.signature("Authorization")
	if err != nil {
		return err
	}
	return matchSecret(secret, sent)
}

func (okta) id(m *message) string {
	var event struct{ EventID string }
	_ = json.Unmarshal(m.body(), &event)
	return cmp.Or(event.EventID, m.contentID(""))
}

// handshake returns the text with which Okta checks a new hook. That request has
// the secret too.
func (okta) handshake(m *message) (events.APIGatewayProxyResponse, bool, error) {
	text := m.header("X-Okta-Verification-Challenge")
	if m.event.HTTPMethod != http.MethodGet || text == "" {
		return events.APIGatewayProxyResponse{}, false, nil
	}
	response, err := fn.JSON(http.StatusOK, map[string]string{"verification": text})
	return response, true, err
}

func (okta) sign(d *draft, secret string) error {
	d.setSignature("Authorization", secret)
	return nil
}
