package webhooks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// PagerDuty signs the body: "v1=" and its HMAC-SHA256 in hexadecimal. While you
// rotate the secret, it signs with both, separated by a comma. There is no
// timestamp. The message ID is in the body:
// https://developer.pagerduty.com/docs/verifying-webhook-signatures
var PagerDuty Scheme = pagerDuty{}

type pagerDuty struct{}

func (pagerDuty) String() string { return "pagerduty" }

func (pagerDuty) verify(m message, secret string) error {
	header, err := m.signature("X-PagerDuty-Signature")
	if err != nil {
		return err
	}
	return match(hex.EncodeToString(m.mac(sha256.New, []byte(secret), "")), items(header, ",", "v1=")...)
}

func (pagerDuty) id(m *message) string {
	var payload struct{ Event struct{ ID string } }
	_ = json.Unmarshal(m.body(), &payload)
	return cmp.Or(payload.Event.ID, m.contentID(""))
}

func (pagerDuty) sign(d *draft, secret string) error {
	d.setSignature("X-PagerDuty-Signature", "v1="+hex.EncodeToString(hmacSum(sha256.New, []byte(secret), d.body)))
	return nil
}
