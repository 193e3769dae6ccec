package webhooks

import (
	"crypto/sha1" // #nosec G505 -- some senders use HMAC-SHA1, which is not broken
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
)

// Schemes for senders that have no scheme of their own in this package. They
// sign the body with an HMAC (RFC 2104) whose key is the text of the secret.
// Options.SignatureHeader names the header, which has only the signature.
var (
	HMACSHA1Hex      Scheme = &hmacScheme{"hmacSha1Hex", "", sha1.New, hex.EncodeToString}
	HMACSHA1Base64   Scheme = &hmacScheme{"hmacSha1Base64", "", sha1.New, base64.StdEncoding.EncodeToString}
	HMACSHA256Hex    Scheme = &hmacScheme{"hmacSha256Hex", "", sha256.New, hex.EncodeToString}
	HMACSHA256Base64 Scheme = &hmacScheme{"hmacSha256Base64", "", sha256.New, base64.StdEncoding.EncodeToString}
	HMACSHA512Hex    Scheme = &hmacScheme{"hmacSha512Hex", "", sha512.New, hex.EncodeToString}
	HMACSHA512Base64 Scheme = &hmacScheme{"hmacSha512Base64", "", sha512.New, base64.StdEncoding.EncodeToString}
)
