package generator

import (
	"fmt"
	"net/http"
)

// A Scheme is a way to verify webhooks: one of package webhooks, with what a
// generated function must know about the sender.
type Scheme struct {
	Name  string // value of --webhook
	Ident string // constant in package webhooks

	sender string // name of the provider, or "" for any sender
	env    string // environment variable of the secret, or "" for one per function
	urlEnv string // environment variable of the function's public URL, or "" if the scheme does not sign it

	// For tests and samples.
	keys       keys // zero if nothing is signed
	secretOnly bool // the signature is the secret, whatever the payload
	payload    string
	form       bool // payload is a form
	handshakes []handshake
}

// keys are the keys of a sender in tests.
type keys struct {
	secret      string // signs
	otherSecret string // has the same format as secret, and is not valid
	publicKey   string // verifies, or "" if secret does
}

// A handshake is a request by which a provider checks an endpoint, and the
// response to it.
type handshake struct {
	name, payload string
	status        int
	body          string
}

// DefaultScheme is the name of the scheme for a webhook whose scheme is not
// given.
const DefaultScheme = "sha256Verifier"

// Schemes returns all schemes, in the order of the help text.
func Schemes() []Scheme {
	text := keys{
		secret:      "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME",
		otherSecret: "MY-NAME-IS-WERNER-BRANDES-VERIFY-ME",
	}
	standard := keys{ // the same in the format of Standard Webhooks
		secret:      "whsec_TVktVk9JQ0UtSVMtTVktUEFTU1BPUlQtVkVSSUZZLU1F",
		otherSecret: "whsec_TVktTkFNRS1JUy1XRVJORVItQlJBTkRFUy1WRVJJRlktTUU=",
	}
	const payload = `{"id":1}`
	return []Scheme{
		{Name: "skipVerifier", Ident: "Skip", payload: payload},
		{Name: "secretKeyVerifier", Ident: "SecretKey", keys: text, secretOnly: true, payload: payload},
		{Name: "sha1Verifier", Ident: "SHA1", keys: text, payload: payload},
		{Name: "sha256Verifier", Ident: "SHA256", keys: text, payload: payload},
		{Name: "base64Sha1Verifier", Ident: "Base64SHA1", keys: text, payload: payload},
		{Name: "base64Sha256Verifier", Ident: "Base64SHA256", keys: text, payload: payload},
		{Name: "timestampSchemeVerifier", Ident: "TimestampScheme", keys: text, payload: payload},
		{Name: "jwtVerifier", Ident: "JWT", keys: text, payload: payload},

		{
			Name: "clerk", Ident: "Clerk", sender: "Clerk", env: "CLERK_WEBHOOK_SIGNING_SECRET",
			keys: standard, payload: `{"type":"user.created","data":{"id":"user_1"}}`,
		},
		{
			Name: "discord", Ident: "Discord", sender: "Discord", env: "DISCORD_PUBLIC_KEY",
			keys: keys{ // RFC 8032, section 7.1, tests 1 and 2
				secret:      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
				otherSecret: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
				publicKey:   "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
			},
			payload: `{"id":"1","type":2,"data":{"name":"hello"}}`,
			handshakes: []handshake{
				{"interaction PING", `{"id":"1","type":1}`, http.StatusOK, `{"type":1}`},
				{"webhook event PING", `{"application_id":"1","type":0}`, http.StatusNoContent, ``},
			},
		},
		{
			Name: "discourse", Ident: "Discourse", sender: "Discourse", env: "DISCOURSE_WEBHOOK_SECRET",
			keys: text, payload: `{"post":{"id":1}}`,
		},
		{
			Name: "github", Ident: "GitHub", sender: "GitHub", env: "GITHUB_WEBHOOK_SECRET",
			keys: text, payload: `{"action":"opened","number":1}`,
		},
		{
			Name: "gitlab", Ident: "GitLab", sender: "GitLab", env: "GITLAB_WEBHOOK_SECRET",
			keys: standard, payload: `{"object_kind":"push","ref":"refs/heads/main"}`,
		},
		{
			Name: "linear", Ident: "Linear", sender: "Linear", env: "LINEAR_WEBHOOK_SECRET",
			keys: text, payload: `{"action":"create","type":"Issue"}`,
		},
		{
			Name: "netlify", Ident: "Netlify", sender: "Netlify", env: "NETLIFY_WEBHOOK_SECRET",
			keys: text, payload: `{"id":"1","state":"ready"}`,
		},
		{
			Name: "paddle", Ident: "Paddle", sender: "Paddle", env: "PADDLE_WEBHOOK_SECRET",
			keys: text, payload: `{"event_id":"evt_1","event_type":"transaction.completed"}`,
		},
		{
			Name: "shopify", Ident: "Shopify", sender: "Shopify", env: "SHOPIFY_API_SECRET",
			keys: text, payload: `{"id":1,"name":"#1001"}`,
		},
		{
			Name: "slack", Ident: "Slack", sender: "Slack", env: "SLACK_SIGNING_SECRET",
			keys: text, payload: `{"type":"event_callback","event_id":"Ev1"}`,
			handshakes: []handshake{
				{
					name:    "url_verification",
					payload: `{"type":"url_verification","challenge":"3eZbrw1a"}`,
					status:  http.StatusOK,
					body:    `{"challenge":"3eZbrw1a"}`,
				},
			},
		},
		{
			Name: "square", Ident: "Square", sender: "Square", env: "SQUARE_WEBHOOK_SIGNATURE_KEY",
			urlEnv: "SQUARE_WEBHOOK_URL", keys: text, payload: `{"type":"payment.updated","event_id":"1"}`,
		},
		{
			Name: "standard", Ident: "Standard", env: "STANDARD_WEBHOOK_SECRET",
			keys: standard, payload: `{"type":"contact.created","data":{"id":"1"}}`,
		},
		{
			Name: "stripe", Ident: "Stripe", sender: "Stripe", env: "STRIPE_WEBHOOK_SECRET",
			keys: text, payload: `{"id":"evt_1","type":"checkout.session.completed"}`,
		},
		{
			Name: "svix", Ident: "Svix", sender: "Svix", env: "SVIX_WEBHOOK_SECRET",
			keys: standard, payload: `{"type":"invoice.paid","data":{"id":"1"}}`,
		},
		{
			Name: "twilio", Ident: "Twilio", sender: "Twilio", env: "TWILIO_AUTH_TOKEN", urlEnv: "TWILIO_WEBHOOK_URL",
			keys: text, form: true, payload: `From=%2B15005550006&Body=Hello`,
		},
		{
			Name: "vercel", Ident: "Vercel", sender: "Vercel", env: "VERCEL_WEBHOOK_SECRET",
			keys: text, payload: `{"id":"evt_1","type":"deployment.created"}`,
		},
		{
			Name: "zoom", Ident: "Zoom", sender: "Zoom", env: "ZOOM_WEBHOOK_SECRET_TOKEN",
			keys: text, payload: `{"event":"meeting.started","event_ts":1626230691572}`,
			handshakes: []handshake{
				{
					name:    "endpoint.url_validation",
					payload: `{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}`,
					status:  http.StatusOK,
					body: `{"plainToken":"qgg8vlvZRS6UYooatFL8Aw",` +
						`"encryptedToken":"9ca4e35daeb266c5b30a8aefdf593c5c3929ced87bec015742d9b9f0b84b0b65"}`,
				},
			},
		},
	}
}

// SignatureHeader returns the header of the signature in a generated function,
// or "" if the scheme has a header of its own.
func (s Scheme) SignatureHeader() string {
	if s.IsProvider() {
		return ""
	}
	return "X-Webhook-Signature"
}

// SecretEnv returns the environment variable of the secret for the function
// name.
func (s Scheme) SecretEnv(name Name) string {
	if s.env == "" {
		return name.Env() + "_WEBHOOK_SECRET"
	}
	return s.env
}

// URLEnv returns the environment variable of the function's public URL, or ""
// if the scheme does not sign the URL.
func (s Scheme) URLEnv() string { return s.urlEnv }

// SendsForms reports whether the provider sends forms instead of JSON.
func (s Scheme) SendsForms() bool { return s.form }

// HasPublicKey reports whether a public key verifies signatures, so that the
// receiver's secret cannot sign.
func (s Scheme) HasPublicKey() bool { return s.keys.publicKey != "" }

// TestSecret returns a secret for tests, or "" if the scheme has no secret.
func (s Scheme) TestSecret() string { return s.keys.secret }

// IsProvider reports whether the scheme is that of a provider.
func (s Scheme) IsProvider() bool { return s.env != "" }

// ParseScheme returns the scheme called name. The error is a *[ValueError].
func ParseScheme(name string) (Scheme, error) {
	var names []string
	for _, scheme := range Schemes() {
		if scheme.Name == name {
			return scheme, nil
		}
		names = append(names, scheme.Name)
	}
	return Scheme{}, &ValueError{Reason: fmt.Sprintf("unknown scheme %q", name), Suggestion: Nearest(name, names)}
}
