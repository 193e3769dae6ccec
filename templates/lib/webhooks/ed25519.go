package webhooks

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
)

// matchEd25519 returns nil if one of the signatures (RFC 8032) signs content.
// The key is the public key, or the private key, which contains it.
func matchEd25519(key, content []byte, signatures ...[]byte) error {
	if len(key) == ed25519.PrivateKeySize {
		key = key[ed25519.SeedSize:]
	}
	if len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("the public key has %d bytes, want %d", len(key), ed25519.PublicKeySize)
	}
	err := errMismatch
	for _, signature := range signatures {
		if ed25519.Verify(key, content, signature) {
			err = nil
		}
	}
	return err
}

// signEd25519 returns the signature of content. The key is the private key or
// its seed.
func signEd25519(key, content []byte) ([]byte, error) {
	switch len(key) {
	case ed25519.SeedSize:
		key = ed25519.NewKeyFromSeed(key)
	case ed25519.PrivateKeySize:
	default:
		return nil, fmt.Errorf("the private key has %d bytes, want %d or %d",
			len(key), ed25519.SeedSize, ed25519.PrivateKeySize)
	}
	return ed25519.Sign(key, content), nil
}

// content returns a prefix and the body in one slice, as Ed25519 needs it.
func (m *message) content(prefix string) []byte {
	content := bytes.NewBuffer(make([]byte, 0, len(prefix)+len(m.text)+len(m.decoded)))
	content.WriteString(prefix)
	m.writeBody(content)
	return content.Bytes()
}
