package webhooks

import "crypto/sha256"

// SecretKey expects the secret itself in the signature header. It authenticates
// the sender, but the payload is not signed.
var SecretKey Scheme = secretKey{}

type secretKey struct{}

func (secretKey) String() string { return "secretKeyVerifier" }

func (secretKey) verify(m message, secret string) error {
	signature, err := m.signature(DefaultSignatureHeader)
	if err != nil {
		return err
	}
	return matchSecret(secret, signature)
}

func (secretKey) id(m *message) string { return m.contentID("") }

func (secretKey) sign(d *draft, secret string) error {
	d.setSignature(DefaultSignatureHeader, secret)
	return nil
}

// matchSecret returns nil if the sender sent the secret. Comparing hashes does
// not reveal the length of the secret either.
func matchSecret(secret, sent string) error {
	want, got := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(sent))
	return match(string(want[:]), string(got[:]))
}
