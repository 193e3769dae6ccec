package webhooks

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// Line is for the LINE Messaging API. It signs the body: its HMAC-SHA256 in
// base64, with the channel secret. There is no timestamp. A message can have
// several events, and their IDs in the body make up the message ID:
// https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/
var Line Scheme = line{}

type line struct{}

func (line) String() string { return "line" }

func (line) verify(m message, secret string) error {
	signature, err := m.signature("X-Line-Signature")
	if err != nil {
		return err
	}
	return match(base64.StdEncoding.EncodeToString(m.mac(sha256.New, []byte(secret), "")), signature)
}

// id does not hash the body, because a retry has deliveryContext.isRedelivery.
func (line) id(m *message) string {
	var message struct {
		Events []struct {
			ID string `json:"webhookEventId"`
		}
	}
	_ = json.Unmarshal(m.body(), &message)
	var ids []string
	for _, event := range message.Events {
		if event.ID == "" {
			return m.contentID("")
		}
		ids = append(ids, event.ID)
	}
	return cmp.Or(strings.Join(ids, ","), m.contentID(""))
}

func (line) sign(d *draft, secret string) error {
	d.setSignature("X-Line-Signature", base64.StdEncoding.EncodeToString(hmacSum(sha256.New, []byte(secret), d.body)))
	return nil
}
