package webhooks

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
)

// Square signs the public URL of the subscription and the body: their
// HMAC-SHA256 in base64. There is no timestamp. The message ID is in the body.
// Include the query in Options.URL if it has one: nothing separates it from the
// body in what is signed.
// https://developer.squareup.com/docs/webhooks/step3validate
var Square Scheme = square{}

type square struct{}

func (square) String() string { return "square" }

func (square) verify(m message, secret string) error {
	signature, err := m.signature("X-Square-HmacSha256-Signature")
	if err != nil {
		return err
	}
	url, err := m.publicURL("")
	if err != nil {
		return err
	}
	return match(base64.StdEncoding.EncodeToString(m.mac(sha256.New, []byte(secret), url)), signature)
}

func (square) id(m *message) string {
	var event struct {
		ID string `json:"event_id"`
	}
	_ = json.Unmarshal(m.body(), &event)
	return cmp.Or(event.ID, m.contentID(""))
}

func (square) sign(d *draft, secret string) error {
	url, err := d.publicURL()
	if err != nil {
		return err
	}
	signature := hmacSum(sha256.New, []byte(secret), url+d.body)
	d.setSignature("X-Square-HmacSha256-Signature", base64.StdEncoding.EncodeToString(signature))
	return nil
}
