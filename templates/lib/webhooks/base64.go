package webhooks

import (
	"crypto/sha1" // #nosec G505 -- some senders use HMAC-SHA1, which is not broken
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"strings"
	"unicode/utf16"
)

// Schemes for senders of your own that sign the body with an HMAC in base64.
// Their secret is in base64 too.
var (
	Base64SHA1   Scheme = &base64Scheme{"base64Sha1Verifier", sha1.New}
	Base64SHA256 Scheme = &base64Scheme{"base64Sha256Verifier", sha256.New}
)

type base64Scheme struct {
	name string
	hash func() hash.Hash
}

func (s *base64Scheme) String() string { return s.name }

func (s *base64Scheme) verify(m message, secret string) error {
	key, err := nodeBase64Key(secret)
	if err != nil {
		return err
	}
	signature, err := m.signature(DefaultSignatureHeader)
	if err != nil {
		return err
	}
	want := base64.StdEncoding.EncodeToString(m.mac(s.hash, key, ""))
	if !strings.HasSuffix(signature, "=") { // some senders omit the padding
		want = strings.TrimRight(want, "=")
	}
	return match(want, signature)
}

func (s *base64Scheme) id(m *message) string { return m.contentID("") }

func (s *base64Scheme) sign(d *draft, secret string) error {
	key, err := nodeBase64Key(secret)
	if err != nil {
		return err
	}
	d.setSignature(DefaultSignatureHeader, base64.StdEncoding.EncodeToString(hmacSum(s.hash, key, d.body)))
	return nil
}

// nodeBase64Key decodes a secret as Node.js does in Buffer.from(secret,
// "base64"), which RedwoodJS uses. It accepts both base64 alphabets, stops at
// the padding and skips all other characters, so that even passphrases have a
// key. Node.js looks only at the low byte of each UTF-16 code unit.
func nodeBase64Key(secret string) ([]byte, error) {
	digits := make([]byte, 0, len(secret))
	for _, unit := range utf16.Encode([]rune(secret)) {
		c := byte(unit & 0xff)
		if c == '=' {
			break
		}
		switch {
		case c == '-':
			digits = append(digits, '+')
		case c == '_':
			digits = append(digits, '/')
		case c == '+', c == '/', '0' <= c && c <= '9', 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z':
			digits = append(digits, c)
		}
	}
	if len(digits)%4 == 1 { // its six bits are less than a byte
		digits = digits[:len(digits)-1]
	}
	key := make([]byte, base64.RawStdEncoding.DecodedLen(len(digits)))
	n, _ := base64.RawStdEncoding.Decode(key, digits) // cannot fail: only digits are left
	if n == 0 {
		return nil, errors.New("the secret contains no base64")
	}
	return key[:n], nil
}
