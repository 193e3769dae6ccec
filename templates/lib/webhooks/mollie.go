package webhooks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
)

// Mollie is for Mollie's next-gen webhooks; the classic ones are not signed. It
// signs the body: its HMAC-SHA256 in hexadecimal, which may follow "sha256=".
// There is no timestamp. The message ID is in the body:
// https://docs.mollie.com/reference/webhooks-best-practices
var Mollie Scheme = mollie{}

type mollie struct{}

func (mollie) String() string { return "mollie" }

func (mollie) verify(m message, secret string) error {
	signature, err := m.signature("X-Mollie-Signature")
	if err != nil {
		return err
	}
	want := hex.EncodeToString(m.mac(sha256.New, []byte(secret), ""))
	return match(want, strings.TrimPrefix(signature, "sha256="))
}

func (mollie) id(m *message) string {
	var event struct{ ID string }
	_ = json.Unmarshal(m.body(), &event)
	return cmp.Or(event.ID, m.contentID(""))
}

func (mollie) sign(d *draft, secret string) error {
	d.setSignature("X-Mollie-Signature", "sha256="+hex.EncodeToString(hmacSum(sha256.New, []byte(secret), d.body)))
	return nil
}
