package webhooks

import (
	"crypto/sha1" // #nosec G505 -- some senders use HMAC-SHA1, which is not broken
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"
)

// A definition describes the signatures, message IDs and handshakes of a
// scheme.
type definition struct {
	// formats are the signature formats, one for each kind of secret. Most
	// schemes have one; a scheme without a signature has none.
	formats []format

	// If the ID of a message is not signed, these fields say where to find it. A
	// sender uses the same ID when it retries a delivery.
	idHeaders []string // the first of these headers that is present
	idField   string   // otherwise, a field of the JSON body
	idBody    bool     // otherwise, hash only the body: a retry has a new timestamp

	handshake handshake
}

// A format describes how a sender signs with one kind of secret.
type format struct {
	secretPrefix string // selects the format; the last format takes all other secrets
	decodeKey    func(secret string) ([]byte, error)
	algorithm

	// headers are the sets of headers that the sender may use. The first
	// complete set is used.
	headers []headerNames

	// The signature header has one item or, if separator is not empty, several.
	// An item that starts with signaturePrefix is a signature. An item that
	// starts with timestampPrefix, if that is not empty, is the timestamp.
	separator, signaturePrefix, timestampPrefix string

	// signs returns what the signature covers.
	signs func(m message) signedContent

	timestampField string        // the field of the JSON body that has the timestamp
	timestampUnit  time.Duration // 0 accepts seconds and milliseconds, and signs milliseconds
	tolerance      time.Duration // of the timestamp; 0 is DefaultTolerance

	signsURL      bool   // Options.URL is needed
	optionalPort  bool   // the URL may be signed with or without its port
	bodyHashParam string // the query parameter that has the SHA-256 of a body that is not a form
}

// headerNames are the names of the headers that a sender uses, or "" for those
// that it does not.
type headerNames struct{ signature, id, timestamp string }

// These are shared by several schemes.
var (
	hexSHA1      = hmacSignature{sha1.New, hex.AppendEncode}
	hexSHA256    = hmacSignature{sha256.New, hex.AppendEncode}
	base64SHA1   = hmacSignature{sha1.New, base64.StdEncoding.AppendEncode}
	base64SHA256 = hmacSignature{sha256.New, base64.StdEncoding.AppendEncode}

	hexEd25519    = ed25519Signature{hex.EncodeToString, hex.DecodeString}
	base64Ed25519 = ed25519Signature{base64.StdEncoding.EncodeToString, base64.StdEncoding.DecodeString}

	svixHeaders     = headerNames{"Svix-Signature", "Svix-Id", "Svix-Timestamp"}
	standardHeaders = headerNames{"Webhook-Signature", "Webhook-Id", "Webhook-Timestamp"}
)

// onlyBody is the signed content of schemes that sign the unchanged body.
func onlyBody(m message) signedContent { return signedContent{m.body} }

// timestampDotBody is the signed content of Stripe and of TimestampScheme.
func timestampDotBody(m message) signedContent {
	return signedContent{{text: m.timestamp + "."}, m.body}
}

// slackContent is the signed content of Slack and Zoom.
func slackContent(m message) signedContent {
	return signedContent{{text: "v0:" + m.timestamp + ":"}, m.body}
}

// standardFormat returns a format of Standard Webhooks. Svix uses the same
// formats with its own headers.
func standardFormat(
	secretPrefix string, decodeKey func(string) ([]byte, error),
	algorithm algorithm, signaturePrefix string, headers ...headerNames,
) format {
	return format{
		secretPrefix: secretPrefix, decodeKey: decodeKey, algorithm: algorithm,
		headers: headers, separator: " ", signaturePrefix: signaturePrefix,
		signs: func(m message) signedContent {
			return signedContent{{text: m.id + "." + m.timestamp + "."}, m.body}
		},
		timestampUnit: time.Second,
	}
}

// definitions has the definition of every scheme. It is never modified.
var definitions = map[Scheme]*definition{
	Skip: {},
	SecretKey: {
		formats: []format{{decodeKey: textKey, algorithm: sharedSecret{}, signs: onlyBody}},
	},
	SHA1: {
		formats: []format{{decodeKey: textKey, algorithm: hexSHA1, signaturePrefix: "sha1=", signs: onlyBody}},
	},
	SHA256: {
		formats: []format{{decodeKey: textKey, algorithm: hexSHA256, signaturePrefix: "sha256=", signs: onlyBody}},
	},
	Base64SHA1: {
		formats: []format{{decodeKey: nodeBase64Key, algorithm: optionalPadding{base64SHA1}, signs: onlyBody}},
	},
	Base64SHA256: {
		formats: []format{{decodeKey: nodeBase64Key, algorithm: optionalPadding{base64SHA256}, signs: onlyBody}},
	},
	TimestampScheme: {
		formats: []format{{
			decodeKey: textKey, algorithm: hexSHA256,
			separator: ",", signaturePrefix: "v1=", timestampPrefix: "t=",
			signs: timestampDotBody,
		}},
	},
	JWT: {
		formats: []format{{
			decodeKey: textKey, algorithm: jwtSignature{methods: []string{"HS256", "HS384", "HS512"}},
			signs: onlyBody,
		}},
	},

	Clerk: {
		formats: []format{standardFormat("whsec_", base64Key("whsec_"), base64SHA256, "v1,", svixHeaders)},
	},
	Discord: {
		formats: []format{{
			decodeKey: hexKey, algorithm: hexEd25519,
			headers:       []headerNames{{signature: "X-Signature-Ed25519", timestamp: "X-Signature-Timestamp"}},
			signs:         func(m message) signedContent { return signedContent{{text: m.timestamp}, m.body} },
			timestampUnit: time.Second,
		}},
		idField: "id", idBody: true,
		handshake: discordHandshake,
	},
	Discourse: {
		formats: []format{{
			decodeKey: textKey, algorithm: hexSHA256,
			headers:         []headerNames{{signature: "X-Discourse-Event-Signature"}},
			signaturePrefix: "sha256=",
			signs:           onlyBody,
		}},
		idHeaders: []string{"X-Discourse-Event-Id"},
	},
	GitHub: {
		formats: []format{{
			decodeKey: textKey, algorithm: hexSHA256,
			headers:         []headerNames{{signature: "X-Hub-Signature-256"}},
			signaturePrefix: "sha256=",
			signs:           onlyBody,
		}},
		idHeaders: []string{"X-GitHub-Delivery"},
	},
	GitLab: {
		formats: []format{
			standardFormat("whsec_", base64Key("whsec_"), base64SHA256, "v1,", standardHeaders),
			{
				decodeKey: textKey, algorithm: sharedSecret{},
				headers: []headerNames{{signature: "X-Gitlab-Token"}},
				signs:   onlyBody,
			},
		},
		idHeaders: []string{standardHeaders.id, "Idempotency-Key"},
	},
	Linear: {
		formats: []format{{
			decodeKey: textKey, algorithm: hexSHA256,
			headers: []headerNames{{signature: "Linear-Signature"}}, signs: onlyBody,
			timestampField: "webhookTimestamp", timestampUnit: time.Millisecond, tolerance: time.Minute,
		}},
		idHeaders: []string{"Linear-Delivery"},
	},
	Netlify: {formats: []format{{
		decodeKey: textKey,
		algorithm: jwtSignature{methods: []string{"HS256"}, issuer: "netlify", requireBodyHash: true},
		headers:   []headerNames{{signature: "X-Webhook-Signature"}},
		signs:     onlyBody,
	}}},
	Paddle: {
		formats: []format{{
			decodeKey: textKey, algorithm: hexSHA256,
			headers:   []headerNames{{signature: "Paddle-Signature"}},
			separator: ";", signaturePrefix: "h1=", timestampPrefix: "ts=",
			signs:         func(m message) signedContent { return signedContent{{text: m.timestamp + ":"}, m.body} },
			timestampUnit: time.Second, tolerance: 5 * time.Second,
		}},
		idField: "event_id",
	},
	Shopify: {
		formats: []format{{
			decodeKey: textKey, algorithm: base64SHA256,
			headers: []headerNames{{signature: "X-Shopify-Hmac-Sha256"}, {signature: "Shopify-Hmac-Sha256"}},
			signs:   onlyBody,
		}},
		idHeaders: []string{"X-Shopify-Webhook-Id", "Shopify-Webhook-Id"},
	},
	Slack: {
		formats: []format{{
			decodeKey: textKey, algorithm: hexSHA256,
			headers:         []headerNames{{signature: "X-Slack-Signature", timestamp: "X-Slack-Request-Timestamp"}},
			signaturePrefix: "v0=",
			signs:           slackContent, timestampUnit: time.Second,
		}},
		idField:   "event_id",
		handshake: slackHandshake,
	},
	Square: {
		formats: []format{{
			decodeKey: textKey, algorithm: base64SHA256,
			headers:  []headerNames{{signature: "X-Square-HmacSha256-Signature"}},
			signs:    func(m message) signedContent { return signedContent{{text: m.url}, m.body} },
			signsURL: true,
		}},
		idField: "event_id",
	},
	Standard: {
		formats: []format{
			standardFormat("whpk_", base64Key("whpk_"), base64Ed25519, "v1a,", standardHeaders),
			standardFormat("whsk_", ed25519PrivateKey("whsk_"), base64Ed25519, "v1a,", standardHeaders),
			standardFormat("whsec_", base64Key("whsec_"), base64SHA256, "v1,", standardHeaders),
		},
	},
	Stripe: {
		formats: []format{{
			decodeKey: textKey, algorithm: hexSHA256,
			headers:   []headerNames{{signature: "Stripe-Signature"}},
			separator: ",", signaturePrefix: "v1=", timestampPrefix: "t=",
			signs: timestampDotBody, timestampUnit: time.Second,
		}},
		idField: "id",
	},
	Svix: {
		formats: []format{
			standardFormat("whsec_", base64Key("whsec_"), base64SHA256, "v1,", svixHeaders, standardHeaders),
		},
	},
	Twilio: {
		formats: []format{{
			decodeKey: textKey, algorithm: base64SHA1,
			headers:  []headerNames{{signature: "X-Twilio-Signature"}},
			signs:    func(m message) signedContent { return signedContent{{text: m.url}, {text: m.form}} },
			signsURL: true, optionalPort: true, bodyHashParam: "bodySHA256",
		}},
		idHeaders: []string{"I-Twilio-Idempotency-Token"},
	},
	Vercel: {
		formats: []format{{
			decodeKey: textKey, algorithm: hexSHA1,
			headers: []headerNames{{signature: "X-Vercel-Signature"}},
			signs:   onlyBody,
		}},
		idField: "id",
	},
	Zoom: {
		formats: []format{{
			decodeKey: textKey, algorithm: hexSHA256,
			headers:         []headerNames{{signature: "X-Zm-Signature", timestamp: "X-Zm-Request-Timestamp"}},
			signaturePrefix: "v0=",
			signs:           slackContent, timestampUnit: time.Second,
		}},
		idBody:    true,
		handshake: zoomHandshake,
	},
}
