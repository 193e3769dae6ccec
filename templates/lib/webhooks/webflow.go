package webhooks

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Webflow signs the timestamp in milliseconds, a colon and the body: their
// HMAC-SHA256 in hexadecimal. The tolerance is 5 minutes. There is no message
// ID. Webhooks that were created in the site's settings are not signed:
// https://developers.webflow.com/data/docs/working-with-webhooks
var Webflow Scheme = webflow{}

type webflow struct{}

func (webflow) String() string { return "webflow" }

func (webflow) verify(m message, secret string) error {
	signature, err := m.signature("X-Webflow-Signature")
	if err != nil {
		return err
	}
	timestamp := m.header("X-Webflow-Timestamp")
	want := hex.EncodeToString(m.mac(sha256.New, []byte(secret), timestamp+":"))
	if err := match(want, signature); err != nil {
		return err
	}
	return m.checkTime(timestamp, time.Millisecond, DefaultTolerance)
}

// id hashes only the body, because a retry may have a new timestamp.
func (webflow) id(m *message) string { return m.contentID("") }

func (webflow) sign(d *draft, secret string) error {
	timestamp := d.timestamp(time.Millisecond)
	signature := hmacSum(sha256.New, []byte(secret), timestamp+":"+d.body)
	d.setSignature("X-Webflow-Signature", hex.EncodeToString(signature))
	d.setHeader("X-Webflow-Timestamp", timestamp)
	return nil
}
