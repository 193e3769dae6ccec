package webhooks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
)

// Linear signs the body: its HMAC-SHA256 in hexadecimal. The timestamp in
// milliseconds is in the body, and the tolerance is one minute. The message ID
// is in the header Linear-Delivery, which is not signed:
// https://linear.app/developers/webhooks
var Linear Scheme = linear{}

type linear struct{}

func (linear) String() string { return "linear" }

func (linear) verify(m message, secret string) error {
	signature, err := m.signature("Linear-Signature")
	if err != nil {
		return err
	}
	if err := match(hex.EncodeToString(m.mac(sha256.New, []byte(secret), "")), signature); err != nil {
		return err
	}
	var payload struct{ WebhookTimestamp json.Number }
	if err := json.Unmarshal(m.body(), &payload); err != nil {
		return err
	}
	return m.checkTime(payload.WebhookTimestamp.String(), time.Millisecond, time.Minute)
}

func (linear) id(m *message) string { return cmp.Or(m.header("Linear-Delivery"), m.contentID("")) }

func (linear) sign(d *draft, secret string) error {
	// Add the timestamp to a JSON object that has none.
	var fields map[string]json.RawMessage
	if json.Unmarshal([]byte(d.body), &fields) == nil && fields != nil && fields["webhookTimestamp"] == nil {
		comma := ","
		if len(fields) == 0 {
			comma = ""
		}
		end := strings.LastIndexByte(d.body, '}')
		d.setBody(d.body[:end] + comma + `"webhookTimestamp":` + d.timestamp(time.Millisecond) + "}")
	}
	d.setSignature("Linear-Signature", hex.EncodeToString(hmacSum(sha256.New, []byte(secret), d.body)))
	return nil
}
