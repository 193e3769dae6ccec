package webhooks

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// A key is a decoded secret with the format that it belongs to.
type key struct {
	*format
	bytes []byte
}

var errNoSecret = errors.New("the secret is not set")

// keys appends the keys of all secrets to keys. It ignores empty secrets, but
// it fails if all of them are empty or if one is malformed.
func (o *Options) keys(keys []key, d *definition) ([]key, error) {
	for i := -1; i < len(o.Secrets); i++ {
		secret := o.secret()
		if i >= 0 {
			secret = o.Secrets[i]
		}
		k, err := d.key(secret)
		switch {
		case err == nil:
			keys = append(keys, k)
		case !errors.Is(err, errNoSecret):
			return nil, err
		}
	}
	if len(keys) == 0 {
		return nil, o.noSecret(errNoSecret)
	}
	// If one of the keys signs the payload, accept no token in place of such a
	// signature.
	if slices.ContainsFunc(keys, key.signsPayload) {
		keys = slices.DeleteFunc(keys, func(k key) bool { return !k.signsPayload() })
	}
	return keys, nil
}

// key decodes a secret. It returns errNoSecret if the secret is blank.
func (d *definition) key(secret string) (key, error) {
	// HMAC pads keys with zeros, so a key of zeros is the empty key.
	if strings.Trim(secret, " \t\r\n\x00") == "" {
		return key{}, errNoSecret
	}
	for i := range d.formats {
		f := &d.formats[i]
		if !strings.HasPrefix(secret, f.secretPrefix) && i < len(d.formats)-1 {
			continue
		}
		bytes, err := f.decodeKey(secret)
		if err == nil && len(bytes) == 0 {
			err = errors.New("the secret contains no key")
		}
		return key{f, bytes}, err
	}
	return key{}, errors.New("the scheme has no secret")
}

func (k key) signsPayload() bool { return k.algorithm != sharedSecret{} }

// noSecret adds the name of the environment variable to err if err says that
// the secret is not set.
func (o *Options) noSecret(err error) error {
	if errors.Is(err, errNoSecret) && o.SecretEnv != "" {
		return fmt.Errorf("%w: environment variable %s is empty", err, o.SecretEnv)
	}
	return err
}

// textKey uses the text of a secret as the key.
func textKey(secret string) ([]byte, error) { return []byte(secret), nil }

// hexKey decodes a secret in hexadecimal.
func hexKey(secret string) ([]byte, error) {
	key, err := hex.DecodeString(secret)
	if err != nil {
		// The error of package hex quotes a character of the secret.
		return nil, errors.New("the secret is not valid hexadecimal")
	}
	return key, nil
}

// base64Key returns a function that decodes a secret in base64. The prefix and
// the padding are optional, since people copy secrets without them.
func base64Key(prefix string) func(string) ([]byte, error) {
	return func(secret string) ([]byte, error) {
		digits := strings.TrimRight(strings.TrimPrefix(secret, prefix), "=")
		key, err := base64.RawStdEncoding.DecodeString(digits)
		if err != nil {
			return nil, errors.New("the secret is not valid base64")
		}
		return key, nil
	}
}

// ed25519PrivateKey returns a function that decodes an Ed25519 private key, or
// its seed, in base64.
func ed25519PrivateKey(prefix string) func(string) ([]byte, error) {
	return func(secret string) ([]byte, error) {
		key, err := base64Key(prefix)(secret)
		if err == nil && len(key) == ed25519.SeedSize {
			key = ed25519.NewKeyFromSeed(key)
		}
		return key, err
	}
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
