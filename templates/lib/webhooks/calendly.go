package webhooks

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Calendly signs the timestamp in seconds, a dot and the body: their
// HMAC-SHA256 in hexadecimal. The tolerance is 3 minutes. There is no message
// ID: https://developer.calendly.com/api-docs/4c305798a61d3-webhook-signatures
var Calendly Scheme = calendly{}

type calendly struct{}

func (calendly) String() string { return "calendly" }

func (calendly) verify(m message, secret string) error {
	header, err := m.signature("Calendly-Webhook-Signature") // t=TIMESTAMP,v1=SIGNATURE
	if err != nil {
		return err
	}
	timestamp, signatures := fields(header, ",", "t", "v1")
	want := hex.EncodeToString(m.mac(sha256.New, []byte(secret), timestamp+"."))
	if err := match(want, signatures...); err != nil {
		return err
	}
	return m.checkTime(timestamp, time.Second, 3*time.Minute)
}

// id hashes only the body, because a retry may have a new timestamp.
func (calendly) id(m *message) string { return m.contentID("") }

func (calendly) sign(d *draft, secret string) error {
	signature := hmacSum(sha256.New, []byte(secret), d.timestamp(time.Second)+"."+d.body)
	d.setSignature("Calendly-Webhook-Signature", "t="+d.timestamp(time.Second)+",v1="+hex.EncodeToString(signature))
	return nil
}
