package webhooks

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strings"
	"unicode/utf16"

	"github.com/golang-jwt/jwt/v5"
)

// An algorithm makes signatures of content, and verifies them. No key is empty.
type algorithm interface {
	sign(key []byte, c content, o Options) (string, error)

	// verify is nil where one of the signatures is the content's.
	verify(key []byte, c content, signatures []string, o Options) error
}

var errMismatch = errors.New("the signature does not match")

// plain has the key itself for a signature.
type plain struct{}

func (plain) sign(key []byte, _ content, _ Options) (string, error) { return string(key), nil }

func (plain) verify(key []byte, _ content, signatures []string, _ Options) error {
	// Over hashes, so that the time taken tells nothing of the key's length either.
	return match(signatures, func(signature string) bool {
		got, want := sha256.Sum256([]byte(signature)), sha256.Sum256(key)
		return subtle.ConstantTimeCompare(got[:], want[:]) == 1
	})
}

// A mac is an HMAC (RFC 2104), written as encode writes it.
type mac struct {
	hash   func() hash.Hash
	encode func(dst, src []byte) []byte // appends
}

func (m mac) sum(key []byte, c content) []byte {
	h := hmac.New(m.hash, key)
	c.writeTo(h)
	return m.encode(nil, h.Sum(nil))
}

func (m mac) sign(key []byte, c content, _ Options) (string, error) {
	return string(m.sum(key, c)), nil
}

func (m mac) verify(key []byte, c content, signatures []string, _ Options) error {
	want := m.sum(key, c)
	return match(signatures, func(signature string) bool { return hmac.Equal([]byte(signature), want) })
}

// unpadded is a mac in base64 that counts without its padding too, which there
// are senders that leave out.
type unpadded struct{ mac }

func (u unpadded) verify(key []byte, c content, signatures []string, _ Options) error {
	want := u.sum(key, c)
	bare := bytes.TrimRight(want, "=")
	return match(signatures, func(signature string) bool {
		return hmac.Equal([]byte(signature), want) || hmac.Equal([]byte(signature), bare)
	})
}

// edwards is Ed25519 (RFC 8032). The private key signs, or the seed that it is made
// of, and the public key verifies.
type edwards struct {
	encode func([]byte) string
	decode func(string) ([]byte, error)
}

func (e edwards) sign(key []byte, c content, _ Options) (string, error) {
	switch len(key) {
	case ed25519.SeedSize:
		key = ed25519.NewKeyFromSeed(key)
	case ed25519.PrivateKeySize:
	default:
		return "", fmt.Errorf("the private key has %d bytes, want %d or %d", len(key), ed25519.SeedSize, ed25519.PrivateKeySize)
	}
	return e.encode(ed25519.Sign(key, c.join())), nil
}

func (e edwards) verify(key []byte, c content, signatures []string, _ Options) error {
	if len(key) == ed25519.PrivateKeySize {
		key = key[ed25519.SeedSize:]
	}
	if len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("the public key has %d bytes, want %d", len(key), ed25519.PublicKeySize)
	}
	message := c.join()
	return match(signatures, func(signature string) bool {
		decoded, err := e.decode(signature)
		return err == nil && ed25519.Verify(key, message, decoded)
	})
}

// A token is a JSON Web Token whose claim sha256 is the content's SHA-256 in hex.
type token struct {
	methods []string // that verify; the first one signs
	issuer  string   // where Options.Issuer is empty
	bound   bool     // it has to have the claim sha256
}

func (t token) sign(key []byte, c content, o Options) (string, error) {
	claims := jwt.MapClaims{"iat": o.now().Unix(), "sha256": c.sum()}
	if issuer := t.from(o); issuer != "" {
		claims["iss"] = issuer
	}
	return jwt.NewWithClaims(jwt.GetSigningMethod(t.methods[0]), claims).SignedString(key)
}

func (t token) verify(key []byte, c content, signatures []string, o Options) error {
	options := []jwt.ParserOption{jwt.WithValidMethods(t.methods), jwt.WithTimeFunc(o.now)}
	if issuer := t.from(o); issuer != "" {
		options = append(options, jwt.WithIssuer(issuer))
	}
	parser := jwt.NewParser(options...)
	err := errMismatch
	for _, signature := range signatures {
		claims := jwt.MapClaims{}
		if _, err = parser.ParseWithClaims(signature, claims, func(*jwt.Token) (any, error) { return key, nil }); err != nil {
			continue
		}
		claimed, ok := claims["sha256"]
		if !ok && !t.bound || claimed == c.sum() {
			return nil
		}
		err = errors.New("the token's claim sha256 is not that of the payload")
	}
	return err
}

// from is who has to have issued the token, or "" for anyone.
func (t token) from(o Options) string {
	if o.Issuer != "" {
		return o.Issuer
	}
	return t.issuer
}

// match is nil where a signature matches.
func match(signatures []string, matches func(string) bool) error {
	err := errMismatch
	for _, signature := range signatures {
		if matches(signature) {
			err = nil
		}
	}
	return err
}

// text is the key of a secret that is used as it is written.
func text(secret string) ([]byte, error) { return []byte(secret), nil }

// hexadecimal is the key of a secret in hex.
func hexadecimal(secret string) ([]byte, error) {
	key, err := hex.DecodeString(secret)
	if err != nil {
		return nil, errors.New("the secret is not in hex") // err has a character of it
	}
	return key, nil
}

// prefixed is the key of a secret that is in base64 after a prefix, with which
// not everyone copies it.
func prefixed(prefix string) func(string) ([]byte, error) {
	return func(secret string) ([]byte, error) {
		digits := strings.TrimRight(strings.TrimPrefix(secret, prefix), "=")
		key, err := base64.RawStdEncoding.DecodeString(digits)
		if err != nil {
			return nil, errors.New("the secret is not in base64")
		}
		return key, nil
	}
}

// private is the private key of a secret that may have its seed alone.
func private(prefix string) func(string) ([]byte, error) {
	return func(secret string) ([]byte, error) {
		key, err := prefixed(prefix)(secret)
		if err == nil && len(key) == ed25519.SeedSize {
			key = ed25519.NewKeyFromSeed(key)
		}
		return key, err
	}
}

// laxBase64 is the key that Node.js makes of base64, and so RedwoodJS of secrets: of either
// alphabet, up to the padding, and without what is neither. The low byte of a UTF-16
// unit counts, whatever the other one is. Senders have such keys, passphrases among them.
func laxBase64(secret string) ([]byte, error) {
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
	if len(digits)%4 == 1 { // six bits are no byte
		digits = digits[:len(digits)-1]
	}
	key := make([]byte, base64.RawStdEncoding.DecodedLen(len(digits)))
	n, _ := base64.RawStdEncoding.Decode(key, digits) // only digits are left: it cannot fail
	if n == 0 {
		return nil, errors.New("the secret has no base64 in it")
	}
	return key[:n], nil
}
