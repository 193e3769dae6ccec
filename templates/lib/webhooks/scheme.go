package webhooks

import (
	"fmt"
	"strings"
)

// A Scheme names a signature scheme. The zero value is not a scheme and rejects
// every event.
type Scheme string

// Schemes for senders of your own. They have the names of RedwoodJS's
// verifiers. Options.SignatureHeader names the signature header.
const (
	// Skip accepts every event without a signature. Use it only for development.
	Skip Scheme = "skipVerifier"

	// SecretKey expects the secret itself in the signature header. It
	// authenticates the sender, but the payload is not signed.
	SecretKey Scheme = "secretKeyVerifier"

	// SHA1 signs with "sha1=" and the HMAC-SHA1 of the body in hexadecimal.
	SHA1 Scheme = "sha1Verifier"

	// SHA256 signs with "sha256=" and the HMAC-SHA256 of the body in
	// hexadecimal.
	SHA256 Scheme = "sha256Verifier"

	// Base64SHA1 signs with the HMAC-SHA1 of the body in base64. The secret is
	// in base64 too.
	Base64SHA1 Scheme = "base64Sha1Verifier"

	// Base64SHA256 signs with the HMAC-SHA256 of the body in base64. The secret
	// is in base64 too.
	Base64SHA256 Scheme = "base64Sha256Verifier"

	// TimestampScheme signs with "t=TIMESTAMP,v1=SIGNATURE". The timestamp is in
	// milliseconds, and the signature is the HMAC-SHA256 in hexadecimal of the
	// timestamp, a dot and the body. VerifyEvent also accepts a timestamp in
	// seconds and more than one v1 item.
	TimestampScheme Scheme = "timestampSchemeVerifier"

	// JWT signs with a JSON Web Token (RFC 7519): HS256, HS384 or HS512. If the
	// token has an expiry or a sha256 claim with the hash of the body in
	// hexadecimal, it is checked. A token without that claim does not protect
	// the body. If Options.Issuer is set, the token must have that issuer.
	JWT Scheme = "jwtVerifier"
)

// Schemes of providers, as the linked documentation describes them.
const (
	// Clerk signs as Svix does: https://clerk.com/docs/webhooks/overview
	Clerk Scheme = "clerk"

	// Discord signs interactions and webhook events with Ed25519. The secret is
	// the application's public key in hexadecimal:
	// https://docs.discord.com/developers/interactions/overview
	Discord Scheme = "discord"

	// Discourse signs the body:
	// https://meta.discourse.org/t/configure-webhooks/49045
	Discourse Scheme = "discourse"

	// GitHub signs the body:
	// https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
	GitHub Scheme = "github"

	// GitLab accepts a signing token (whsec_ and a key in base64) or a plain
	// secret token. If one of the secrets is a signing token, plain tokens are
	// rejected: https://docs.gitlab.com/user/project/integrations/webhooks/
	GitLab Scheme = "gitlab"

	// Linear puts the timestamp in the body:
	// https://linear.app/developers/webhooks
	Linear Scheme = "linear"

	// Netlify sends a JSON Web Token with the hash of the body:
	// https://docs.netlify.com/site-deploys/notifications/
	Netlify Scheme = "netlify"

	// Paddle is for Paddle Billing:
	// https://developer.paddle.com/webhooks/signature-verification
	Paddle Scheme = "paddle"

	// Shopify uses the app's client secret:
	// https://shopify.dev/docs/apps/build/webhooks
	Shopify Scheme = "shopify"

	// Slack signs events, interactions and slash commands:
	// https://docs.slack.dev/authentication/verifying-requests-from-slack
	Slack Scheme = "slack"

	// Square signs the body and the URL of the subscription:
	// https://developer.squareup.com/docs/webhooks/step3validate
	Square Scheme = "square"

	// Standard is Standard Webhooks. The secret is a symmetric key (whsec_) or a
	// public key (whpk_), whose private key (whsk_) signs. A secret without a
	// prefix is a symmetric key: https://www.standardwebhooks.com
	Standard Scheme = "standard"

	// Stripe uses the whole secret, including whsec_:
	// https://docs.stripe.com/webhooks/signature
	Stripe Scheme = "stripe"

	// Svix signs the ID, the timestamp and the body:
	// https://docs.svix.com/receiving/verifying-payloads/how-manual
	Svix Scheme = "svix"

	// Twilio signs the URL and the fields of a form. The secret is the account's
	// auth token: https://www.twilio.com/docs/usage/webhooks/webhooks-security
	Twilio Scheme = "twilio"

	// Vercel signs webhooks and drains:
	// https://vercel.com/docs/webhooks/webhooks-api
	Vercel Scheme = "vercel"

	// Zoom signs the timestamp and the body:
	// https://developers.zoom.us/docs/api/webhooks/
	Zoom Scheme = "zoom"
)

// Schemes returns all schemes, with the schemes of providers last.
func Schemes() []Scheme {
	return []Scheme{
		Skip, SecretKey, SHA1, SHA256, Base64SHA1, Base64SHA256, TimestampScheme, JWT,
		Clerk, Discord, Discourse, GitHub, GitLab, Linear, Netlify, Paddle, Shopify,
		Slack, Square, Standard, Stripe, Svix, Twilio, Vercel, Zoom,
	}
}

// ParseScheme returns the scheme with the given name, such as "sha256Verifier"
// or "github". Its error lists the valid names.
func ParseScheme(name string) (Scheme, error) {
	if _, ok := definitions[Scheme(name)]; ok {
		return Scheme(name), nil
	}
	names := make([]string, 0, len(Schemes()))
	for _, scheme := range Schemes() {
		names = append(names, string(scheme))
	}
	return "", fmt.Errorf("unknown webhook scheme %q, want one of %s", name, strings.Join(names, ", "))
}
