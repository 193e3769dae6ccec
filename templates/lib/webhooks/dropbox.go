package webhooks

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
)

// Dropbox signs the body with the app secret: its HMAC-SHA256 in hexadecimal.
// There is neither a timestamp nor a message ID:
// https://www.dropbox.com/developers/reference/webhooks
var Dropbox Scheme = dropbox{}

type dropbox struct{}

func (dropbox) String() string { return "dropbox" }

func (dropbox) verify(m message, secret string) error {
	signature, err := m.signature("X-Dropbox-Signature")
	if err != nil {
		return err
	}
	return match(hex.EncodeToString(m.mac(sha256.New, []byte(secret), "")), signature)
}

// id is another one for each request, even for a retry. All changes of an
// account have the same body, so hashing only that would drop them.
func (dropbox) id(m *message) string { return m.contentID(m.event.RequestContext.RequestID) }

// challenge returns the text with which Dropbox checks an endpoint.
func (dropbox) challenge(m *message) (events.APIGatewayProxyResponse, bool) {
	text := m.parameter("challenge")
	return textResponse(text), text != "" && m.event.HTTPMethod == http.MethodGet
}

func (dropbox) sign(d *draft, secret string) error {
	d.setSignature("X-Dropbox-Signature", hex.EncodeToString(hmacSum(sha256.New, []byte(secret), d.body)))
	return nil
}
