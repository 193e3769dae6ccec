package webhooks

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"hash"

	"github.com/golang-jwt/jwt/v5"
)

// An algorithm signs content and verifies signatures. Keys are never empty.
// Options are passed by value so that they stay on the stack.
type algorithm interface {
	sign(key []byte, c signedContent, o Options) (string, error)

	// verify returns nil if one of the signatures matches the content.
	verify(key []byte, c signedContent, signatures []string, o Options) error
}

var errMismatch = errors.New("the signature does not match")

// matchAny returns nil if one of the signatures matches. It calls matches for
// all of them, so that the time taken does not depend on which one does.
func matchAny(signatures []string, matches func(string) bool) error {
	err := errMismatch
	for _, signature := range signatures {
		if matches(signature) {
			err = nil
		}
	}
	return err
}

// sharedSecret sends the secret itself as the signature.
type sharedSecret struct{}

func (sharedSecret) sign(key []byte, _ signedContent, _ Options) (string, error) {
	return string(key), nil
}

func (sharedSecret) verify(key []byte, _ signedContent, signatures []string, _ Options) error {
	// Comparing hashes does not reveal the length of the secret either.
	want := sha256.Sum256(key)
	return matchAny(signatures, func(signature string) bool {
		got := sha256.Sum256([]byte(signature))
		return subtle.ConstantTimeCompare(got[:], want[:]) == 1
	})
}

// hmacSignature signs with an HMAC (RFC 2104).
type hmacSignature struct {
	hash         func() hash.Hash
	appendEncode func(dst, src []byte) []byte
}

// encoded returns the encoded HMAC of the content.
func (s hmacSignature) encoded(key []byte, c signedContent) []byte {
	mac := hmac.New(s.hash, key)
	c.writeTo(mac)
	return s.appendEncode(nil, mac.Sum(nil))
}

func (s hmacSignature) sign(key []byte, c signedContent, _ Options) (string, error) {
	return string(s.encoded(key, c)), nil
}

func (s hmacSignature) verify(key []byte, c signedContent, signatures []string, _ Options) error {
	want := s.encoded(key, c)
	return matchAny(signatures, func(signature string) bool { return hmac.Equal([]byte(signature), want) })
}

// optionalPadding is an HMAC in base64 that also verifies without padding,
// which some senders omit.
type optionalPadding struct{ hmacSignature }

func (s optionalPadding) verify(key []byte, c signedContent, signatures []string, _ Options) error {
	padded := s.encoded(key, c)
	unpadded := bytes.TrimRight(padded, "=")
	return matchAny(signatures, func(signature string) bool {
		return hmac.Equal([]byte(signature), padded) || hmac.Equal([]byte(signature), unpadded)
	})
}

// ed25519Signature signs with Ed25519 (RFC 8032). The private key or its seed
// signs, and the public key verifies.
type ed25519Signature struct {
	encode func([]byte) string
	decode func(string) ([]byte, error)
}

func (s ed25519Signature) sign(key []byte, c signedContent, _ Options) (string, error) {
	switch len(key) {
	case ed25519.SeedSize:
		key = ed25519.NewKeyFromSeed(key)
	case ed25519.PrivateKeySize:
	default:
		return "", fmt.Errorf("the private key has %d bytes, want %d or %d",
			len(key), ed25519.SeedSize, ed25519.PrivateKeySize)
	}
	return s.encode(ed25519.Sign(key, c.join())), nil
}

func (s ed25519Signature) verify(key []byte, c signedContent, signatures []string, _ Options) error {
	if len(key) == ed25519.PrivateKeySize {
		key = key[ed25519.SeedSize:]
	}
	if len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("the public key has %d bytes, want %d", len(key), ed25519.PublicKeySize)
	}
	message := c.join()
	return matchAny(signatures, func(signature string) bool {
		decoded, err := s.decode(signature)
		return err == nil && ed25519.Verify(key, message, decoded)
	})
}

// jwtSignature signs with a JSON Web Token (RFC 7519) whose sha256 claim is the
// SHA-256 hash of the content in hexadecimal.
type jwtSignature struct {
	methods         []string // accepted signing methods; the first one signs
	issuer          string   // expected unless Options.Issuer is set; "" accepts any
	requireBodyHash bool     // reject tokens without the sha256 claim
}

func (s jwtSignature) sign(key []byte, c signedContent, o Options) (string, error) {
	claims := jwt.MapClaims{"iat": o.now().Unix(), "sha256": c.sha256Hex()}
	if issuer := s.expectedIssuer(o); issuer != "" {
		claims["iss"] = issuer
	}
	return jwt.NewWithClaims(jwt.GetSigningMethod(s.methods[0]), claims).SignedString(key)
}

func (s jwtSignature) verify(key []byte, c signedContent, signatures []string, o Options) error {
	parser := jwt.NewParser(jwt.WithValidMethods(s.methods), jwt.WithoutClaimsValidation())
	keyFunc := func(*jwt.Token) (any, error) { return key, nil }
	err := errMismatch
	for _, signature := range signatures {
		claims := jwt.MapClaims{}
		if _, err = parser.ParseWithClaims(signature, claims, keyFunc); err != nil {
			continue
		}
		if err = s.checkClaims(claims, o); err != nil {
			continue
		}
		claimed, ok := claims["sha256"]
		if !ok && !s.requireBodyHash || claimed == c.sha256Hex() {
			return nil
		}
		err = errors.New("the token's sha256 claim does not match the payload")
	}
	return err
}

// checkClaims checks the issuer and the times of a token. The parser would
// ignore exp if it is 0, and overflow for large times. Like the npm package
// jsonwebtoken, checkClaims compares times with the whole seconds of the clock.
func (s jwtSignature) checkClaims(claims jwt.MapClaims, o Options) error {
	if issuer := s.expectedIssuer(o); issuer != "" && claims["iss"] != issuer {
		return jwt.ErrTokenInvalidIssuer
	}
	for _, name := range []string{"exp", "nbf"} {
		if claim, ok := claims[name]; ok {
			if _, ok := claim.(float64); !ok {
				return fmt.Errorf("claim %s is not a number", name)
			}
		}
	}
	now := float64(o.now().Unix())
	if exp, ok := claims["exp"].(float64); ok && exp <= now {
		return jwt.ErrTokenExpired
	}
	if nbf, ok := claims["nbf"].(float64); ok && nbf > now {
		return jwt.ErrTokenNotValidYet
	}
	return nil
}

func (s jwtSignature) expectedIssuer(o Options) string {
	if o.Issuer != "" {
		return o.Issuer
	}
	return s.issuer
}
