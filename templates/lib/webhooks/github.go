package webhooks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
)

// GitHub signs the body: "sha256=" and its HMAC-SHA256 in hexadecimal. There is
// no timestamp. The message ID is in the header X-GitHub-Delivery, which is not
// signed:
// https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
var GitHub Scheme = github{}

type github struct{}

func (github) String() string { return "github" }

func (github) verify(m message, secret string) error {
	signature, err := m.signature("X-Hub-Signature-256")
	if err != nil {
		return err
	}
	return match("sha256="+hex.EncodeToString(m.mac(sha256.New, []byte(secret), "")), signature)
}

func (github) id(m *message) string { return cmp.Or(m.header("X-GitHub-Delivery"), m.contentID("")) }

func (github) sign(d *draft, secret string) error {
	d.setSignature("X-Hub-Signature-256", "sha256="+hex.EncodeToString(hmacSum(sha256.New, []byte(secret), d.body)))
	return nil
}
