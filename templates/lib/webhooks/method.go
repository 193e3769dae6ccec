package webhooks

import (
	"crypto/sha1" // #nosec G505 -- some senders sign by it, as an HMAC, which is not broken
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"
)

// A method is how a sender signs, and what else it has of its own.
type method struct {
	ways []way // by kind of secret, of which there is mostly one; none where nothing is signed

	// What has the id of a message, which is the same when it is sent again, where the id is not signed.
	idHeaders []string // headers, of which the first that is there counts
	idField   string   // or else a field of the JSON
	idBody    bool     // or else the body alone: it says when it happened, and the signature when it was sent

	handshake handshake
}

// A way is how a sender signs with one kind of secret.
type way struct {
	secret string                       // what such a secret starts with; the last way has all others
	key    func(string) ([]byte, error) // what the secret stands for
	algorithm

	// headers are where the signature and what goes with it is. Of several, the first
	// that are all there count.
	headers []headers

	// The signature's header is one item, or several with a separator between them. One
	// that starts with mark is a signature, one that starts with stampMark the timestamp.
	separator, mark, stampMark string

	// content is what is signed, with {body}, {stamp}, {id}, {url} and {form} in their places.
	content string

	stampField string        // the field of the JSON that has the timestamp
	unit       time.Duration // of the timestamp; 0 is a millisecond, or a second where that is the likelier
	tolerance  time.Duration // of its age; 0 is DefaultTolerance

	hashQuery string // the parameter of the query that has the SHA-256 of a body that is no form
	anyPort   bool   // the URL may be signed with its port or without
}

// headers names headers, "" for one that there is not.
type headers struct{ signature, id, stamp string }

// What several schemes have in common.
var (
	hexSHA1      = mac{sha1.New, hex.AppendEncode}
	hexSHA256    = mac{sha256.New, hex.AppendEncode}
	base64SHA1   = mac{sha1.New, base64.StdEncoding.AppendEncode}
	base64SHA256 = mac{sha256.New, base64.StdEncoding.AppendEncode}

	hexEd25519    = edwards{hex.EncodeToString, hex.DecodeString}
	base64Ed25519 = edwards{base64.StdEncoding.EncodeToString, base64.StdEncoding.DecodeString}

	svixHeaders     = headers{"Svix-Signature", "Svix-Id", "Svix-Timestamp"}
	standardHeaders = headers{"Webhook-Signature", "Webhook-Id", "Webhook-Timestamp"}
)

// standard is the way of Standard Webhooks, by which Svix signs too, under headers of its own.
func standard(secret string, key func(string) ([]byte, error), algorithm algorithm, mark string, headers ...headers) way {
	return way{
		secret: secret, key: key, algorithm: algorithm,
		headers: headers, separator: " ", mark: mark,
		content: "{id}.{stamp}.{body}", unit: time.Second,
	}
}

// methods are how the schemes sign. Nothing changes them.
var methods = map[Scheme]*method{
	Skip: {},
	SecretKey: {
		ways: []way{{key: text, algorithm: plain{}, content: "{body}"}},
	},
	SHA1: {
		ways: []way{{key: text, algorithm: hexSHA1, mark: "sha1=", content: "{body}"}},
	},
	SHA256: {
		ways: []way{{key: text, algorithm: hexSHA256, mark: "sha256=", content: "{body}"}},
	},
	Base64SHA1: {
		ways: []way{{key: laxBase64, algorithm: unpadded{base64SHA1}, content: "{body}"}},
	},
	Base64SHA256: {
		ways: []way{{key: laxBase64, algorithm: unpadded{base64SHA256}, content: "{body}"}},
	},
	TimestampScheme: {
		ways: []way{{
			key: text, algorithm: hexSHA256,
			separator: ",", mark: "v1=", stampMark: "t=",
			content: "{stamp}.{body}",
		}},
	},
	JWT: {
		ways: []way{{key: text, algorithm: token{methods: []string{"HS256", "HS384", "HS512"}}, content: "{body}"}},
	},

	Clerk: {
		ways: []way{standard("whsec_", prefixed("whsec_"), base64SHA256, "v1,", svixHeaders)},
	},
	Discord: {
		ways: []way{{
			key: hexadecimal, algorithm: hexEd25519,
			headers: []headers{{signature: "X-Signature-Ed25519", stamp: "X-Signature-Timestamp"}},
			content: "{stamp}{body}", unit: time.Second,
		}},
		idField: "id", idBody: true,
		handshake: discordHandshake,
	},
	Discourse: {
		ways: []way{{
			key: text, algorithm: hexSHA256,
			headers: []headers{{signature: "X-Discourse-Event-Signature"}}, mark: "sha256=",
			content: "{body}",
		}},
		idHeaders: []string{"X-Discourse-Event-Id"},
	},
	GitHub: {
		ways: []way{{
			key: text, algorithm: hexSHA256,
			headers: []headers{{signature: "X-Hub-Signature-256"}}, mark: "sha256=",
			content: "{body}",
		}},
		idHeaders: []string{"X-GitHub-Delivery"},
	},
	GitLab: {
		ways: []way{
			standard("whsec_", prefixed("whsec_"), base64SHA256, "v1,", standardHeaders),
			{key: text, algorithm: plain{}, headers: []headers{{signature: "X-Gitlab-Token"}}, content: "{body}"},
		},
		idHeaders: []string{standardHeaders.id, "Idempotency-Key"},
	},
	Linear: {
		ways: []way{{
			key: text, algorithm: hexSHA256,
			headers: []headers{{signature: "Linear-Signature"}}, content: "{body}",
			stampField: "webhookTimestamp", unit: time.Millisecond, tolerance: time.Minute,
		}},
		idHeaders: []string{"Linear-Delivery"},
	},
	Netlify: {ways: []way{{
		key: text, algorithm: token{methods: []string{"HS256"}, issuer: "netlify", bound: true},
		headers: []headers{{signature: "X-Webhook-Signature"}}, content: "{body}",
	}}},
	Paddle: {
		ways: []way{{
			key: text, algorithm: hexSHA256,
			headers: []headers{{signature: "Paddle-Signature"}}, separator: ";", mark: "h1=", stampMark: "ts=",
			content: "{stamp}:{body}", unit: time.Second, tolerance: 5 * time.Second,
		}},
		idField: "event_id",
	},
	Shopify: {
		ways: []way{{
			key: text, algorithm: base64SHA256,
			headers: []headers{{signature: "X-Shopify-Hmac-Sha256"}, {signature: "Shopify-Hmac-Sha256"}},
			content: "{body}",
		}},
		idHeaders: []string{"X-Shopify-Webhook-Id", "Shopify-Webhook-Id"},
	},
	Slack: {
		ways: []way{{
			key: text, algorithm: hexSHA256,
			headers: []headers{{signature: "X-Slack-Signature", stamp: "X-Slack-Request-Timestamp"}}, mark: "v0=",
			content: "v0:{stamp}:{body}", unit: time.Second,
		}},
		idField:   "event_id",
		handshake: slackHandshake,
	},
	Square: {
		ways: []way{{
			key: text, algorithm: base64SHA256,
			headers: []headers{{signature: "X-Square-HmacSha256-Signature"}},
			content: "{url}{body}",
		}},
		idField: "event_id",
	},
	Standard: {
		ways: []way{
			standard("whpk_", prefixed("whpk_"), base64Ed25519, "v1a,", standardHeaders),
			standard("whsk_", private("whsk_"), base64Ed25519, "v1a,", standardHeaders),
			standard("whsec_", prefixed("whsec_"), base64SHA256, "v1,", standardHeaders),
		},
	},
	Stripe: {
		ways: []way{{
			key: text, algorithm: hexSHA256,
			headers: []headers{{signature: "Stripe-Signature"}}, separator: ",", mark: "v1=", stampMark: "t=",
			content: "{stamp}.{body}", unit: time.Second,
		}},
		idField: "id",
	},
	Svix: {
		ways: []way{standard("whsec_", prefixed("whsec_"), base64SHA256, "v1,", svixHeaders, standardHeaders)},
	},
	Twilio: {
		ways: []way{{
			key: text, algorithm: base64SHA1,
			headers: []headers{{signature: "X-Twilio-Signature"}},
			content: "{url}{form}", hashQuery: "bodySHA256", anyPort: true,
		}},
		idHeaders: []string{"I-Twilio-Idempotency-Token"},
	},
	Vercel: {
		ways: []way{{
			key: text, algorithm: hexSHA1,
			headers: []headers{{signature: "X-Vercel-Signature"}},
			content: "{body}",
		}},
		idField: "id",
	},
	Zoom: {
		ways: []way{{
			key: text, algorithm: hexSHA256,
			headers: []headers{{signature: "X-Zm-Signature", stamp: "X-Zm-Request-Timestamp"}}, mark: "v0=",
			content: "v0:{stamp}:{body}", unit: time.Second,
		}},
		idBody:    true,
		handshake: zoomHandshake,
	},
}
