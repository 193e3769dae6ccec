package webhooks

import (
	"crypto/sha256"
	"encoding/hex"
)

// LemonSqueezy signs the body: its HMAC-SHA256 in hexadecimal. There is neither
// a timestamp nor a message ID:
// https://docs.lemonsqueezy.com/help/webhooks/signing-requests
var LemonSqueezy Scheme = lemonSqueezy{}

type lemonSqueezy struct{}

func (lemonSqueezy) String() string { return "lemonsqueezy" }

func (lemonSqueezy) verify(m message, secret string) error {
	signature, err := m.signature("X-Signature")
	if err != nil {
		return err
	}
	return match(hex.EncodeToString(m.mac(sha256.New, []byte(secret), "")), signature)
}

func (lemonSqueezy) id(m *message) string { return m.contentID("") }

func (lemonSqueezy) sign(d *draft, secret string) error {
	d.setSignature("X-Signature", hex.EncodeToString(hmacSum(sha256.New, []byte(secret), d.body)))
	return nil
}
