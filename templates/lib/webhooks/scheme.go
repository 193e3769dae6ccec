package webhooks

import (
	"fmt"
	"strings"
)

// A Scheme is a way to sign webhooks: one of RedwoodJS's verifiers, or that of a
// provider. The zero value is none and verifies nothing.
type Scheme string

// The schemes for senders of your own, by the names of RedwoodJS's verifiers. The
// signature is in the header Options.SignatureHeader.
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

	// TimestampScheme is t= and the time in milliseconds, a comma, v1= and the
	// HMAC-SHA256 in hex of that time, a dot and the body. It verifies a time in
	// seconds too, and any of several v1=.
	TimestampScheme Scheme = "timestampSchemeVerifier"

	// JWT is a JSON Web Token (RFC 7519) under HS256, HS384 or HS512. It expires where it
	// says so, and comes from Options.Issuer where that is set. Its claim sha256, the body's
	// SHA-256 in hex, has to match; a token without it says nothing of the body.
	JWT Scheme = "jwtVerifier"
)

// The providers' schemes. Each is what the provider's documentation says, to which
// the comments point; what differs is not shared.
const (
	// Clerk signs as Svix does: https://clerk.com/docs/webhooks/overview
	Clerk Scheme = "clerk"

	// Discord signs interactions and webhook events by Ed25519. The secret is the application's public
	// key, in hex: https://docs.discord.com/developers/interactions/overview
	Discord Scheme = "discord"

	// Discourse: https://meta.discourse.org/t/configure-webhooks/49045
	Discourse Scheme = "discourse"

	// GitHub: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
	GitHub Scheme = "github"

	// GitLab takes a signing token, whsec_ and the key in base64, or a plain secret token. Where one
	// of the secrets is a signing token, no plain one counts:
	// https://docs.gitlab.com/user/project/integrations/webhooks/
	GitLab Scheme = "gitlab"

	// Linear, whose timestamp is in the payload: https://linear.app/developers/webhooks
	Linear Scheme = "linear"

	// Netlify sends a JSON Web Token with the payload's hash:
	// https://docs.netlify.com/site-deploys/notifications/
	Netlify Scheme = "netlify"

	// Paddle is Paddle Billing: https://developer.paddle.com/webhooks/signature-verification
	Paddle Scheme = "paddle"

	// Shopify, whose secret is the app's client secret: https://shopify.dev/docs/apps/build/webhooks
	Shopify Scheme = "shopify"

	// Slack signs events, interactions and commands:
	// https://docs.slack.dev/authentication/verifying-requests-from-slack
	Slack Scheme = "slack"

	// Square signs the URL, as it is in the subscription, and the payload:
	// https://developer.squareup.com/docs/webhooks/step3validate
	Square Scheme = "square"

	// Standard is Standard Webhooks, of a secret whsec_ or a public key whpk_ (the private one is
	// whsk_). What has no prefix is taken for a secret: https://www.standardwebhooks.com
	Standard Scheme = "standard"

	// Stripe, whose secret is all of whsec_...: https://docs.stripe.com/webhooks/signature
	Stripe Scheme = "stripe"

	// Svix: https://docs.svix.com/receiving/verifying-payloads/how-manual
	Svix Scheme = "svix"

	// Twilio signs the URL and, of a form, its fields. The secret is the account's auth token:
	// https://www.twilio.com/docs/usage/webhooks/webhooks-security
	Twilio Scheme = "twilio"

	// Vercel signs webhooks and drains: https://vercel.com/docs/webhooks/webhooks-api
	Vercel Scheme = "vercel"

	// Zoom: https://developers.zoom.us/docs/api/webhooks/
	Zoom Scheme = "zoom"
)

// Schemes lists them all: first those without a provider, then the providers'.
func Schemes() []Scheme {
	return []Scheme{
		Skip, SecretKey, SHA1, SHA256, Base64SHA1, Base64SHA256, TimestampScheme, JWT,
		Clerk, Discord, Discourse, GitHub, GitLab, Linear, Netlify, Paddle, Shopify,
		Slack, Square, Standard, Stripe, Svix, Twilio, Vercel, Zoom,
	}
}

// ParseScheme is the scheme of that name, such as "sha256Verifier" or "github".
// The error lists the names there are.
func ParseScheme(name string) (Scheme, error) {
	if _, ok := methods[Scheme(name)]; ok {
		return Scheme(name), nil
	}
	names := make([]string, 0, len(Schemes()))
	for _, scheme := range Schemes() {
		names = append(names, string(scheme))
	}
	return "", fmt.Errorf("unknown webhook scheme %q: want one of %s", name, strings.Join(names, ", "))
}
