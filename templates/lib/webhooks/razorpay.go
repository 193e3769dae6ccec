package webhooks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
)

// Razorpay signs the body: its HMAC-SHA256 in hexadecimal. There is no
// timestamp. The message ID is in the header X-Razorpay-Event-Id, which is not
// signed: https://razorpay.com/docs/webhooks/validate-test/
var Razorpay Scheme = razorpay{}

type razorpay struct{}

func (razorpay) String() string { return "razorpay" }

func (razorpay) verify(m message, secret string) error {
	signature, err := m.signature("X-Razorpay-Signature")
	if err != nil {
		return err
	}
	return match(hex.EncodeToString(m.mac(sha256.New, []byte(secret), "")), signature)
}

func (razorpay) id(m *message) string {
	return cmp.Or(m.header("X-Razorpay-Event-Id"), m.contentID(""))
}

func (razorpay) sign(d *draft, secret string) error {
	d.setSignature("X-Razorpay-Signature", hex.EncodeToString(hmacSum(sha256.New, []byte(secret), d.body)))
	return nil
}
