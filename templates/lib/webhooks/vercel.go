package webhooks

import (
	"cmp"
	"crypto/sha1" // #nosec G505 -- HMAC-SHA1 is not broken
	"encoding/hex"
	"encoding/json"
)

// Vercel signs the body of webhooks and drains: its HMAC-SHA1 in hexadecimal.
// There is no timestamp. The message ID is in the body:
// https://vercel.com/docs/webhooks/webhooks-api
var Vercel Scheme = vercel{}

type vercel struct{}

func (vercel) String() string { return "vercel" }

func (vercel) verify(m message, secret string) error {
	signature, err := m.signature("X-Vercel-Signature")
	if err != nil {
		return err
	}
	return match(hex.EncodeToString(m.mac(sha1.New, []byte(secret), "")), signature)
}

func (vercel) id(m *message) string {
	var event struct{ ID string }
	_ = json.Unmarshal(m.body(), &event)
	return cmp.Or(event.ID, m.contentID(""))
}

func (vercel) sign(d *draft, secret string) error {
	d.setSignature("X-Vercel-Signature", hex.EncodeToString(hmacSum(sha1.New, []byte(secret), d.body)))
	return nil
}
