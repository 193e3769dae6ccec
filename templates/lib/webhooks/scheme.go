package webhooks

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
	"unicode/utf16"
)

// A Scheme is a way to sign webhooks. The zero value is none and verifies nothing.
type Scheme string

// The schemes, by the names of RedwoodJS's verifiers.
const (
	// Skip verifies everything. It is for development alone.
	Skip Scheme = "skipVerifier"

	// SecretKey has the secret itself as the signature. It says who sent an
	// event and nothing of what is in it: the payload is not signed.
	SecretKey Scheme = "secretKeyVerifier"

	// SHA1 is sha1= and the HMAC-SHA1 of the body in hex.
	SHA1 Scheme = "sha1Verifier"

	// SHA256 is sha256= and the HMAC-SHA256 of the body in hex.
	SHA256 Scheme = "sha256Verifier"

	// Base64SHA1 is the HMAC-SHA1 of the body in base64. Its secret is in base64 too.
	Base64SHA1 Scheme = "base64Sha1Verifier"

	// Base64SHA256 is the HMAC-SHA256 of the body in base64. Its secret is in base64 too.
	Base64SHA256 Scheme = "base64Sha256Verifier"
)

// Schemes lists them all.
func Schemes() []Scheme {
	return []Scheme{Skip, SecretKey, SHA1, SHA256, Base64SHA1, Base64SHA256}
}

// ParseScheme is the scheme of that name, such as "sha256Verifier". The error
// lists the names there are.
func ParseScheme(name string) (Scheme, error) {
	if _, ok := Scheme(name).method(); ok {
		return Scheme(name), nil
	}
	names := make([]string, 0, len(Schemes()))
	for _, scheme := range Schemes() {
		names = append(names, string(scheme))
	}
	return "", fmt.Errorf("unknown webhook scheme %q: want one of %s", name, strings.Join(names, ", "))
}

// A method is how a scheme signs.
type method struct {
	open   bool // there is no signature
	keyed  bool // the secret is the signature
	hash   func() hash.Hash
	prefix string
	encode func([]byte) string
	base64 bool // the secret is the key in base64, and so is the signature
}

func (s Scheme) method() (method, bool) {
	switch s {
	case Skip:
		return method{open: true}, true
	case SecretKey:
		return method{keyed: true}, true
	case SHA1:
		return method{hash: sha1.New, prefix: "sha1=", encode: hex.EncodeToString}, true
	case SHA256:
		return method{hash: sha256.New, prefix: "sha256=", encode: hex.EncodeToString}, true
	case Base64SHA1:
		return method{hash: sha1.New, encode: base64.StdEncoding.EncodeToString, base64: true}, true
	case Base64SHA256:
		return method{hash: sha256.New, encode: base64.StdEncoding.EncodeToString, base64: true}, true
	}
	return method{}, false
}

// key is what a secret stands for. It is empty where a secret in base64 has
// nothing to decode, and then everybody could sign: it counts as unset.
func (m method) key(secret string) []byte {
	if m.base64 {
		return decode(secret)
	}
	return []byte(secret)
}

func (m method) sign(payload string, key []byte) string {
	if m.keyed {
		return string(key)
	}
	mac := hmac.New(m.hash, key)
	mac.Write([]byte(payload))
	return m.prefix + m.encode(mac.Sum(nil))
}

// verifies tells whether a signature is the payload's. Base64 counts without
// its padding too, which there are senders that leave out.
func (m method) verifies(payload, signature string, key []byte) bool {
	want := m.sign(payload, key)
	verified := equal(signature, want)
	if m.base64 {
		verified = equal(signature, strings.TrimRight(want, "=")) || verified
	}
	return verified
}

// decode is what Node.js makes of base64, and so RedwoodJS of secrets: of either
// alphabet, up to the padding, and without what is neither. The low byte of a UTF-16
// unit counts, whatever the other one is. Senders have such keys, passphrases among them.
func decode(text string) []byte {
	digits := make([]byte, 0, len(text))
	for _, unit := range utf16.Encode([]rune(text)) {
		c := byte(unit)
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
	if len(digits)%4 == 1 { // six bits are no byte
		digits = digits[:len(digits)-1]
	}
	key := make([]byte, base64.RawStdEncoding.DecodedLen(len(digits)))
	n, _ := base64.RawStdEncoding.Decode(key, digits) // only digits are left: it cannot fail
	return key[:n]
}

// equal compares in a time that depends on neither text nor length.
func equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
