package webhooks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
)

// Sentry signs the body: its HMAC-SHA256 in hexadecimal, with the integration's
// client secret. The timestamp is not signed. The message ID is in the header
// Request-ID, which is not signed either. A retry has another ID.
// https://docs.sentry.io/integrations/integration-platform/webhooks/
var Sentry Scheme = sentry{}

type sentry struct{}

func (sentry) String() string { return "sentry" }

func (sentry) verify(m message, secret string) error {
	signature, err := m.signature("Sentry-Hook-Signature")
	if err != nil {
		return err
	}
	return match(hex.EncodeToString(m.mac(sha256.New, []byte(secret), "")), signature)
}

func (sentry) id(m *message) string { return cmp.Or(m.header("Request-ID"), m.contentID("")) }

func (sentry) sign(d *draft, secret string) error {
	d.setSignature("Sentry-Hook-Signature", hex.EncodeToString(hmacSum(sha256.New, []byte(secret), d.body)))
	return nil
}
