package webhooks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Stripe signs the timestamp in seconds, a dot and the body: their HMAC-SHA256
// in hexadecimal. The secret is the whole text, including whsec_. The tolerance
// is 5 minutes. The message ID is in the body:
// https://docs.stripe.com/webhooks/signature
var Stripe Scheme = stripe{}

type stripe struct{}

func (stripe) String() string { return "stripe" }

func (stripe) verify(m message, secret string) error {
	header, err := m.signature("Stripe-Signature") // t=TIMESTAMP,v1=SIGNATURE,v1=…
	if err != nil {
		return err
	}
	timestamp, signatures := fields(header, ",", "t", "v1")
	want := hex.EncodeToString(m.mac(sha256.New, []byte(secret), timestamp+"."))
	if err := match(want, signatures...); err != nil {
		return err
	}
	return m.checkTime(timestamp, time.Second, 5*time.Minute)
}

func (stripe) id(m *message) string {
	var event struct{ ID string }
	_ = json.Unmarshal(m.body(), &event)
	return cmp.Or(event.ID, m.contentID(""))
}

func (stripe) sign(d *draft, secret string) error {
	signature := hmacSum(sha256.New, []byte(secret), d.timestamp(time.Second)+"."+d.body)
	d.setSignature("Stripe-Signature", "t="+d.timestamp(time.Second)+",v1="+hex.EncodeToString(signature))
	return nil
}
