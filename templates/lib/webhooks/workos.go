package webhooks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
)

// WorkOS signs the timestamp in milliseconds, a dot and the body: their
// HMAC-SHA256 in hexadecimal. The tolerance is 3 minutes. The message ID is in
// the body: https://workos.com/docs/events/data-syncing/webhooks
var WorkOS Scheme = workOS{}

type workOS struct{}

func (workOS) String() string { return "workos" }

func (workOS) verify(m message, secret string) error {
	header, err := m.signature("WorkOS-Signature") // t=TIMESTAMP, v1=SIGNATURE
	if err != nil {
		return err
	}
	header = strings.ReplaceAll(header, ", ", ",")
	timestamp, signatures := fields(header, ",", "t", "v1")
	want := hex.EncodeToString(m.mac(sha256.New, []byte(secret), timestamp+"."))
	if err := match(want, signatures...); err != nil {
		return err
	}
	return m.checkTime(timestamp, time.Millisecond, 3*time.Minute)
}

func (workOS) id(m *message) string {
	var event struct{ ID string }
	_ = json.Unmarshal(m.body(), &event)
	return cmp.Or(event.ID, m.contentID(""))
}

func (workOS) sign(d *draft, secret string) error {
	timestamp := d.timestamp(time.Millisecond)
	signature := hmacSum(sha256.New, []byte(secret), timestamp+"."+d.body)
	d.setSignature("WorkOS-Signature", "t="+timestamp+", v1="+hex.EncodeToString(signature))
	return nil
}
