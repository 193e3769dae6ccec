package auth

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/md5" // #nosec G501 -- legacyKey says why
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
)

// SessionSecretEnv is the name of the environment variable with the secret that
// dbAuth encrypts session cookies with.
const SessionSecretEnv = "SESSION_SECRET"

// sessionKeySize is the size of an AES-256 key, in bytes.
const sessionKeySize = 32

// errSession is the error for every session that cannot be decrypted. A more
// precise error would help an attacker.
var errSession = errors.New("the session was tampered with or encrypted with a different SESSION_SECRET")

// DBAuth returns a Decoder for the session cookie of RedwoodJS's dbAuth, whose
// provider is named by a cookie too:
//
//	Cookie: auth-provider=dbAuth; session=<session>
//
// DBAuth reads the secret from SESSION_SECRET for every request. A request
// without the session cookie is anonymous, which is not an error.
//
// The name is the name of the cookie in the configuration of the dbAuth
// handler. It defaults to "session". In the name, DBAuth replaces %port% with
// 8911, the default port of RedwoodJS's API.
//
// The claims are the session's data, usually just an id. Do not keep roles
// there; look them up in GetCurrentUser. dbAuth encrypts with AES-CBC and does
// not authenticate the result, so the owner of a session cannot read it but can
// change its first 16 bytes.
func DBAuth(name string) Decoder {
	if name == "" {
		name = "session"
	}
	name = strings.Replace(name, "%port%", "8911", 1)
	return func(ctx context.Context, token string) (Claims, error) {
		cookies := token
		if credentials, ok := RequestCredentials(ctx); ok {
			cookies = credentials.Cookies // even if a header named the provider
		}
		session := sessionCookie(cookies, name)
		if session == "" {
			return nil, nil
		}
		secret := os.Getenv(SessionSecretEnv)
		if secret == "" {
			return nil, errors.New("environment variable " + SessionSecretEnv + " is not set")
		}
		if len(session) > maxToken {
			return nil, fmt.Errorf("session of %d bytes exceeds %d", len(session), maxToken)
		}
		return decryptSession(session, secret)
	}
}

// ID returns a claim that is a string or a number, formatted as a string, or ""
// for any other claim. It also returns "" for a number from JSON that is too
// large to be exact, because two users could then have the same ID.
func (c Claims) ID(name string) string {
	const maxExact = 1 << 53
	switch claim := c[name].(type) {
	case float64:
		if math.IsNaN(claim) || math.Abs(claim) > maxExact {
			return ""
		}
		return strconv.FormatFloat(claim, 'f', -1, 64)
	case int, int32, int64, uint, uint32, uint64, json.Number:
		return fmt.Sprint(claim)
	}
	return c.Text(name)
}

// sessionCookie returns the value of the named cookie, or "" if there is no
// such cookie. Like dbAuth, it does not decode the value.
func sessionCookie(cookies, name string) string {
	for cookies != "" {
		var pair string
		pair, cookies, _ = strings.Cut(cookies, ";")
		if key, _, _ := strings.Cut(pair, "="); strings.TrimSpace(key) == name {
			return strings.TrimSpace(strings.Replace(pair, name+"=", "", 1))
		}
	}
	return ""
}

// decryptSession returns the data of a session. Decrypted, a session is a JSON
// object, a semicolon and a CSRF token. Encrypted, it is the ciphertext, a "|"
// and the initialization vector, all in base64. Older versions of dbAuth have
// no vector and start with "Salted__" and a salt of 8 bytes.
func decryptSession(session, secret string) (Claims, error) {
	parts := strings.Split(session, "|")
	data, err := base64.StdEncoding.DecodeString(parts[0])
	if err != nil {
		return nil, errSession
	}
	var key, iv []byte
	if len(parts) > 1 && parts[1] != "" {
		if key, err = sessionKey(secret); err != nil {
			return nil, err
		}
		if iv, err = base64.StdEncoding.DecodeString(parts[1]); err != nil {
			return nil, errSession
		}
	} else {
		if len(data) < 2*aes.BlockSize {
			return nil, errSession
		}
		key, iv = legacyKey(secret, data[8:aes.BlockSize])
		data = data[aes.BlockSize:]
	}
	plain, ok := decryptCBC(data, key, iv)
	object, _, _ := strings.Cut(string(plain), ";")
	var claims Claims
	// Parse the object even if the padding is wrong. If the two failures took
	// different times, an attacker could use them as a padding oracle to
	// encrypt any session.
	err = json.Unmarshal([]byte(object), &claims)
	if !ok || err != nil || claims == nil {
		return nil, errSession
	}
	return claims, nil
}

// sessionKey returns the encryption key: the first 32 characters of the secret,
// each of which must be one byte.
func sessionKey(secret string) ([]byte, error) {
	characters := []rune(secret)
	if len(characters) > sessionKeySize {
		characters = characters[:sessionKeySize]
	}
	key := []byte(string(characters))
	if len(key) != sessionKeySize {
		return nil, fmt.Errorf("%s must start with %d ASCII characters", SessionSecretEnv, sessionKeySize)
	}
	return key, nil
}

// legacyKey derives the key and the initialization vector of a session of an
// older dbAuth, which encrypted with the npm package crypto-js. That package
// uses OpenSSL's EVP_BytesToKey with MD5, so MD5 is the only choice here.
func legacyKey(secret string, salt []byte) (key, iv []byte) {
	var derived, digest []byte
	for len(derived) < sessionKeySize+aes.BlockSize {
		sum := md5.Sum(append(append(digest, secret...), salt...)) // #nosec G401 -- see above
		digest = sum[:]
		derived = append(derived, digest...)
	}
	return derived[:sessionKeySize], derived[sessionKeySize:]
}

// decryptCBC decrypts data and removes its padding (RFC 5652, section 6.3). If
// the padding is wrong, ok is false and plain still includes it.
func decryptCBC(data, key, iv []byte) (plain []byte, ok bool) {
	block, err := aes.NewCipher(key)
	if err != nil || len(iv) != aes.BlockSize || len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, false
	}
	plain = make([]byte, len(data))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, data)
	padding := int(plain[len(plain)-1])
	if padding == 0 || padding > aes.BlockSize {
		return plain, false
	}
	end := len(plain) - padding
	want := bytes.Repeat(plain[len(plain)-1:], padding)
	if subtle.ConstantTimeCompare(plain[end:], want) != 1 {
		return plain, false
	}
	return plain[:end], true
}
