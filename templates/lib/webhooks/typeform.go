package webhooks

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
)

// Typeform signs the body: "sha256=" and its HMAC-SHA256 in base64. There is no
// timestamp. The message ID is in the body:
// https://www.typeform.com/developers/webhooks/secure-your-webhooks/
var Typeform Scheme = typeform{}

type typeform struct{}

func (typeform) String() string { return "typeform" }

func (typeform) verify(m message, secret string) error {
	signature, err := m.signature("Typeform-Signature")
	if err != nil {
		return err
	}
	mac := m.mac(sha256.New, []byte(secret), "")
	return match("sha256="+base64.StdEncoding.EncodeToString(mac), signature)
}

func (typeform) id(m *message) string {
	var event struct {
		ID string `json:"event_id"`
	}
	_ = json.Unmarshal(m.body(), &event)
	return cmp.Or(event.ID, m.contentID(""))
}

func (typeform) sign(d *draft, secret string) error {
	signature := hmacSum(sha256.New, []byte(secret), d.body)
	d.setSignature("Typeform-Signature", "sha256="+base64.StdEncoding.EncodeToString(signature))
	return nil
}
