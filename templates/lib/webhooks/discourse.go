package webhooks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
)

// Discourse signs the body: "sha256=" and its HMAC-SHA256 in hexadecimal. There
// is no timestamp. The message ID is in the header X-Discourse-Event-Id, which
// is not signed: https://meta.discourse.org/t/configure-webhooks/49045
var Discourse Scheme = discourse{}

type discourse struct{}

func (discourse) String() string { return "discourse" }

func (discourse) verify(m message, secret string) error {
	signature, err := m.signature("X-Discourse-Event-Signature")
	if err != nil {
		return err
	}
	return match("sha256="+hex.EncodeToString(m.mac(sha256.New, []byte(secret), "")), signature)
}

func (discourse) id(m *message) string {
	return cmp.Or(m.header("X-Discourse-Event-Id"), m.contentID(""))
}

func (discourse) sign(d *draft, secret string) error {
	signature := hmacSum(sha256.New, []byte(secret), d.body)
	d.setSignature("X-Discourse-Event-Signature", "sha256="+hex.EncodeToString(signature))
	return nil
}
