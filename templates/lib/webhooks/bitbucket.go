package webhooks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
)

// Bitbucket signs the body: "sha256=" and its HMAC-SHA256 in hexadecimal. There
// is no timestamp. The message ID is in a header that is not signed:
// X-Request-UUID, or X-Request-Id for Bitbucket Data Center.
// https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/
var Bitbucket Scheme = bitbucket{}

type bitbucket struct{}

func (bitbucket) String() string { return "bitbucket" }

func (bitbucket) verify(m message, secret string) error {
	signature, err := m.signature("X-Hub-Signature")
	if err != nil {
		return err
	}
	return match("sha256="+hex.EncodeToString(m.mac(sha256.New, []byte(secret), "")), signature)
}

func (bitbucket) id(m *message) string {
	return cmp.Or(m.header("X-Request-UUID"), m.header("X-Request-Id"), m.contentID(""))
}

func (bitbucket) sign(d *draft, secret string) error {
	d.setSignature("X-Hub-Signature", "sha256="+hex.EncodeToString(hmacSum(sha256.New, []byte(secret), d.body)))
	return nil
}
