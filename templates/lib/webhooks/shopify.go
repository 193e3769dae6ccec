package webhooks

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
)

// Shopify signs the body: its HMAC-SHA256 in base64, with the app's client
// secret. There is no timestamp. The message ID is in the header
// X-Shopify-Event-Id, which is not signed. All headers may come without the X-:
// https://shopify.dev/docs/apps/build/webhooks
var Shopify Scheme = shopify{}

type shopify struct{}

func (shopify) String() string { return "shopify" }

func (shopify) verify(m message, secret string) error {
	signature, err := m.signature("X-Shopify-Hmac-Sha256")
	if err != nil {
		signature, err = m.signature("Shopify-Hmac-Sha256")
	}
	if err != nil {
		return err
	}
	return match(base64.StdEncoding.EncodeToString(m.mac(sha256.New, []byte(secret), "")), signature)
}

// id prefers the ID of the event. Several subscriptions may get the same event,
// each with a webhook ID of its own.
func (shopify) id(m *message) string {
	return cmp.Or(m.header("X-Shopify-Event-Id"), m.header("Shopify-Event-Id"),
		m.header("X-Shopify-Webhook-Id"), m.header("Shopify-Webhook-Id"), m.contentID(""))
}

func (shopify) sign(d *draft, secret string) error {
	signature := hmacSum(sha256.New, []byte(secret), d.body)
	d.setSignature("X-Shopify-Hmac-Sha256", base64.StdEncoding.EncodeToString(signature))
	return nil
}
