package webhooks

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
)

// Jira is for Jira Cloud. It signs the body: "sha256=" and its HMAC-SHA256 in
// hexadecimal. There is no timestamp. The message ID is in the header
// X-Atlassian-Webhook-Identifier, which is not signed:
// https://developer.atlassian.com/cloud/jira/platform/webhooks/
var Jira Scheme = jira{}

type jira struct{}

func (jira) String() string { return "jira" }

func (jira) verify(m message, secret string) error {
	signature, err := m.signature("X-Hub-Signature")
	if err != nil {
		return err
	}
	return match("sha256="+hex.EncodeToString(m.mac(sha256.New, []byte(secret), "")), signature)
}

func (jira) id(m *message) string {
	return cmp.Or(m.header("X-Atlassian-Webhook-Identifier"), m.contentID(""))
}

func (jira) sign(d *draft, secret string) error {
	d.setSignature("X-Hub-Signature", "sha256="+hex.EncodeToString(hmacSum(sha256.New, []byte(secret), d.body)))
	return nil
}
