package webhooks

import (
	"cmp"
	"encoding/json"
)

// Telegram is for the Bot API. It sends the secret_token of setWebhook and does
// not sign the body. There is no timestamp. The message ID is the body's
// update_id: https://core.telegram.org/bots/api#setwebhook
var Telegram Scheme = telegram{}

type telegram struct{}

func (telegram) String() string { return "telegram" }

func (telegram) verify(m message, secret string) error {
	token, err := m.signature("X-Telegram-Bot-Api-Secret-Token")
	if err != nil {
		return err
	}
	return matchSecret(secret, token)
}

func (telegram) id(m *message) string {
	var update struct {
		ID json.Number `json:"update_id"`
	}
	_ = json.Unmarshal(m.body(), &update)
	return cmp.Or(update.ID.String(), m.contentID(""))
}

func (telegram) sign(d *draft, secret string) error {
	d.setSignature("X-Telegram-Bot-Api-Secret-Token", secret)
	return nil
}
