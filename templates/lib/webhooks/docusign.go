package webhooks

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
)

// DocuSign is for DocuSign Connect. It signs the body: its HMAC-SHA256 in
// base64. If the account has several keys, each has a header with its number at
// the end of the name. There is neither a timestamp nor a message ID:
// https://developers.docusign.com/platform/webhooks/connect/hmac/
var DocuSign Scheme = docuSign{}

type docuSign struct{}

func (docuSign) String() string { return "docusign" }

func (docuSign) verify(m message, secret string) error {
	signature, err := m.signature("X-DocuSign-Signature-1")
	if err != nil {
		return err
	}
	signatures := []string{signature}
	for i := 2; i <= 100; i++ {
		signature := m.header("X-DocuSign-Signature-" + strconv.Itoa(i))
		if signature == "" {
			break
		}
		signatures = append(signatures, signature)
	}
	return match(base64.StdEncoding.EncodeToString(m.mac(sha256.New, []byte(secret), "")), signatures...)
}

func (docuSign) id(m *message) string { return m.contentID("") }

func (docuSign) sign(d *draft, secret string) error {
	signature := hmacSum(sha256.New, []byte(secret), d.body)
	d.setSignature("X-DocuSign-Signature-1", base64.StdEncoding.EncodeToString(signature))
	return nil
}
