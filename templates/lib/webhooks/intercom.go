package webhooks

import (
	"cmp"
	"crypto/sha1" // #nosec G505 -- HMAC-SHA1 is not broken
	"encoding/hex"
	"encoding/json"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
)

// Intercom signs the body: "sha1=" and its HMAC-SHA1 in hexadecimal, with the
// app's client secret. There is no timestamp. The message ID is in the body:
// https://developers.intercom.com/docs/webhooks/webhook-notifications
var Intercom Scheme = intercom{}

type intercom struct{}

func (intercom) String() string { return "intercom" }

func (intercom) verify(m message, secret string) error {
	signature, err := m.signature("X-Hub-Signature")
	if err != nil {
		return err
	}
	return match("sha1="+hex.EncodeToString(m.mac(sha1.New, []byte(secret), "")), signature)
}

func (intercom) id(m *message) string {
	var event struct{ ID string }
	_ = json.Unmarshal(m.body(), &event)
	return cmp.Or(event.ID, m.contentID(""))
}

func (intercom) sign(d *draft, secret string) error {
	d.setSignature("X-Hub-Signature", "sha1="+hex.EncodeToString(hmacSum(sha1.New, []byte(secret), d.body)))
	return nil
}

// challenge responds to the HEAD request with which Intercom checks a URL:
// https://developers.intercom.com/docs/webhooks/setting-up-webhooks
func (intercom) challenge(m *message) (events.APIGatewayProxyResponse, bool) {
	return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, m.event.HTTPMethod == http.MethodHead
}
