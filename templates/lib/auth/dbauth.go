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
	"os"
	"strings"
)

// SessionSecretEnv names the environment variable of the secret that dbAuth encrypts
// its session cookies with.
const SessionSecretEnv = "SESSION_SECRET"

// sessionKeySize is how much of the secret is the key: AES-256 takes no more.
const sessionKeySize = 32

// errSession is all that the log hears of a cookie that does not decrypt: what
// exactly is wrong with it would help who tampers with it, and nobody else.
var errSession = errors.New("the session has potentially been tampered with, or SESSION_SECRET is another")

// DBAuth decodes the session cookie of RedwoodJS's dbAuth, by the secret in SESSION_SECRET, which is
// read for each. Without the cookie nobody is signed in, and nothing is logged.
//
// The name is the cookie's as the dbAuth handler has it, "session" where it is empty; %port% in it is
// 8911, as it is there wherever no redwood.toml says otherwise.
//
// The claims are what the session says: an id, as a rule. dbAuth's encryption (AES in CBC mode, and nothing
// beside it) hides what a session says, and does not keep who owns one from changing it, in the first sixteen
// bytes at will. RedwoodJS trusts it all the same. Do not put roles there: look them up in GetCurrentUser.
func DBAuth(name string) Decoder {
	if name == "" {
		name = "session"
	}
	name = strings.Replace(name, "%port%", "8911", 1)
	return func(ctx context.Context, token string) (Claims, error) {
		cookies := token
		if c, ok := RequestCredentials(ctx); ok {
			cookies = c.Cookies // whatever the Authorization header has
		}
		text := session(cookies, name)
		if text == "" {
			return nil, nil
		}
		secret := os.Getenv(SessionSecretEnv)
		if secret == "" {
			return nil, errors.New("the secret is unset: " + SessionSecretEnv + " is empty")
		}
		if len(text) > maxToken {
			return nil, fmt.Errorf("the session has %d bytes, more than %d", len(text), maxToken)
		}
		return decryptSession(text, secret)
	}
}

// session is the value of the session's cookie, as it is written, or "".
func session(cookies, name string) string {
	for cookies != "" {
		var pair string
		pair, cookies, _ = strings.Cut(cookies, ";")
		if key, _, _ := strings.Cut(pair, "="); strings.TrimSpace(key) == name {
			return strings.TrimSpace(strings.Replace(pair, name+"=", "", 1))
		}
	}
	return ""
}

// decryptSession is what a session says: an object in JSON, which a semicolon and the token against
// request forgery follow.
func decryptSession(text, secret string) (Claims, error) {
	parts := strings.Split(text, "|")
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
	// Where the padding is wrong it is parsed all the same: the time taken must not tell the two apart,
	// since who learns that of cookies of his own making can make one that says anything.
	err = json.Unmarshal([]byte(object), &claims)
	if !ok || err != nil || claims == nil {
		return nil, errSession
	}
	return claims, nil
}

// sessionKey is the key in a secret: its first 32 characters, each of which has to be one byte.
func sessionKey(secret string) ([]byte, error) {
	characters := []rune(secret)
	if len(characters) > sessionKeySize {
		characters = characters[:sessionKeySize]
	}
	key := []byte(string(characters))
	if len(key) != sessionKeySize {
		return nil, fmt.Errorf("%s is not %d characters of ASCII, or more", SessionSecretEnv, sessionKeySize)
	}
	return key, nil
}

// legacyKey is the key and the initialisation vector of a session that an older dbAuth encrypted, by the
// package crypto-js. That derives them by MD5, as OpenSSL did (EVP_BytesToKey): there is no choice of another.
func legacyKey(secret string, salt []byte) (key, iv []byte) {
	var derived, digest []byte
	for len(derived) < sessionKeySize+aes.BlockSize {
		sum := md5.Sum(append(append(digest, secret...), salt...)) // #nosec G401 -- see above
		digest = sum[:]
		derived = append(derived, digest...)
	}
	return derived[:sessionKeySize], derived[sessionKeySize:]
}

// decryptCBC undoes AES in CBC mode, and its padding (RFC 5652, section 6.3). Where that is wrong, it is left
// there, and the result is not ok.
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
