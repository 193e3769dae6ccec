package generator

import "fmt"

// A Scheme is a way to verify webhooks, as package webhooks has it, and what a function that is
// generated for it has to know of who sends them.
type Scheme struct {
	Name  string // as in --webhook=NAME
	Ident string // the constant in package webhooks

	sender string // who signs: a provider, or "" for one of the user's own, which signs in a header of choice
	env    string // the variable of the secret; "" is one for each function
	urlEnv string // the variable of the function's public address, where that is signed

	keys    keys
	payload bool // the signature covers the payload
	stamped bool // and the time
	form    bool // a payload is a form

	sample     string // a payload
	handshakes []handshake
}

// keys are what tests sign with. Only where it is a pair does another key verify.
type keys struct{ signs, wrong, verifies string }

// A handshake is what a sender asks before it sends events, and the answer.
type handshake struct{ Name, payload, Status, body string }

// Payload and Body are Go literals.
func (h handshake) Payload() string { return literal(h.payload) }
func (h handshake) Body() string    { return literal(h.body) }

// DefaultScheme is the name of the scheme of a webhook where none is given.
const DefaultScheme = "sha256Verifier"

// Schemes lists them all, in the order in which help shows them.
func Schemes() []Scheme {
	// The seed's secrets, as text and as Standard Webhooks and its like write them.
	text := keys{signs: "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME", wrong: "MY-NAME-IS-WERNER-BRANDES-VERIFY-ME"}
	standard := keys{
		signs: "whsec_TVktVk9JQ0UtSVMtTVktUEFTU1BPUlQtVkVSSUZZLU1F",
		wrong: "whsec_TVktTkFNRS1JUy1XRVJORVItQlJBTkRFUy1WRVJJRlktTUU=",
	}
	const sample = `{"id":1}`
	return []Scheme{
		{Name: "skipVerifier", Ident: "Skip", sample: sample},
		{Name: "secretKeyVerifier", Ident: "SecretKey", keys: text, sample: sample},
		{Name: "sha1Verifier", Ident: "SHA1", keys: text, payload: true, sample: sample},
		{Name: "sha256Verifier", Ident: "SHA256", keys: text, payload: true, sample: sample},
		{Name: "base64Sha1Verifier", Ident: "Base64SHA1", keys: text, payload: true, sample: sample},
		{Name: "base64Sha256Verifier", Ident: "Base64SHA256", keys: text, payload: true, sample: sample},
		{Name: "timestampSchemeVerifier", Ident: "TimestampScheme", keys: text, payload: true, stamped: true, sample: sample},
		{Name: "jwtVerifier", Ident: "JWT", keys: text, payload: true, sample: sample},

		{
			Name: "clerk", Ident: "Clerk", sender: "Clerk", env: "CLERK_WEBHOOK_SIGNING_SECRET",
			keys: standard, payload: true, stamped: true,
			sample: `{"type":"user.created","data":{"id":"user_1"}}`,
		},
		{
			Name: "discord", Ident: "Discord", sender: "Discord", env: "DISCORD_PUBLIC_KEY",
			keys: keys{ // RFC 8032, section 7.1, tests 1 and 2
				signs:    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
				wrong:    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
				verifies: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
			},
			payload: true, stamped: true,
			sample: `{"id":"1","type":2,"data":{"name":"hello"}}`,
			handshakes: []handshake{
				{"PING of interactions", `{"id":"1","type":1}`, "http.StatusOK", `{"type":1}`},
				{"PING of webhook events", `{"application_id":"1","type":0}`, "http.StatusNoContent", ``},
			},
		},
		{
			Name: "discourse", Ident: "Discourse", sender: "Discourse", env: "DISCOURSE_WEBHOOK_SECRET",
			keys: text, payload: true,
			sample: `{"post":{"id":1}}`,
		},
		{
			Name: "github", Ident: "GitHub", sender: "GitHub", env: "GITHUB_WEBHOOK_SECRET",
			keys: text, payload: true,
			sample: `{"action":"opened","number":1}`,
		},
		{
			Name: "gitlab", Ident: "GitLab", sender: "GitLab", env: "GITLAB_WEBHOOK_SECRET",
			keys: standard, payload: true, stamped: true,
			sample: `{"object_kind":"push","ref":"refs/heads/main"}`,
		},
		{
			Name: "linear", Ident: "Linear", sender: "Linear", env: "LINEAR_WEBHOOK_SECRET",
			keys: text, payload: true, stamped: true,
			sample: `{"action":"create","type":"Issue"}`,
		},
		{
			Name: "netlify", Ident: "Netlify", sender: "Netlify", env: "NETLIFY_WEBHOOK_SECRET",
			keys: text, payload: true,
			sample: `{"id":"1","state":"ready"}`,
		},
		{
			Name: "paddle", Ident: "Paddle", sender: "Paddle", env: "PADDLE_WEBHOOK_SECRET",
			keys: text, payload: true, stamped: true,
			sample: `{"event_id":"evt_1","event_type":"transaction.completed"}`,
		},
		{
			Name: "shopify", Ident: "Shopify", sender: "Shopify", env: "SHOPIFY_API_SECRET",
			keys: text, payload: true,
			sample: `{"id":1,"name":"#1001"}`,
		},
		{
			Name: "slack", Ident: "Slack", sender: "Slack", env: "SLACK_SIGNING_SECRET",
			keys: text, payload: true, stamped: true,
			sample: `{"type":"event_callback","event_id":"Ev1"}`,
			handshakes: []handshake{
				{"url_verification", `{"type":"url_verification","challenge":"3eZbrw1a"}`, "http.StatusOK", `{"challenge":"3eZbrw1a"}`},
			},
		},
		{
			Name: "square", Ident: "Square", sender: "Square", env: "SQUARE_WEBHOOK_SIGNATURE_KEY", urlEnv: "SQUARE_WEBHOOK_URL",
			keys: text, payload: true,
			sample: `{"type":"payment.updated","event_id":"1"}`,
		},
		{
			Name: "standard", Ident: "Standard", sender: "Standard Webhooks", env: "STANDARD_WEBHOOK_SECRET",
			keys: standard, payload: true, stamped: true,
			sample: `{"type":"contact.created","data":{"id":"1"}}`,
		},
		{
			Name: "stripe", Ident: "Stripe", sender: "Stripe", env: "STRIPE_WEBHOOK_SECRET",
			keys: text, payload: true, stamped: true,
			sample: `{"id":"evt_1","type":"checkout.session.completed"}`,
		},
		{
			Name: "svix", Ident: "Svix", sender: "Svix", env: "SVIX_WEBHOOK_SECRET",
			keys: standard, payload: true, stamped: true,
			sample: `{"type":"invoice.paid","data":{"id":"1"}}`,
		},
		{
			Name: "twilio", Ident: "Twilio", sender: "Twilio", env: "TWILIO_AUTH_TOKEN", urlEnv: "TWILIO_WEBHOOK_URL",
			keys: text, payload: true, form: true,
			sample: `From=%2B15005550006&Body=Hello`,
		},
		{
			Name: "vercel", Ident: "Vercel", sender: "Vercel", env: "VERCEL_WEBHOOK_SECRET",
			keys: text, payload: true,
			sample: `{"id":"evt_1","type":"deployment.created"}`,
		},
		{
			Name: "zoom", Ident: "Zoom", sender: "Zoom", env: "ZOOM_WEBHOOK_SECRET_TOKEN",
			keys: text, payload: true, stamped: true,
			sample: `{"event":"meeting.started","event_ts":1626230691572}`,
			handshakes: []handshake{
				{
					"endpoint.url_validation", `{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}`,
					"http.StatusOK", `{"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"9ca4e35daeb266c5b30a8aefdf593c5c3929ced87bec015742d9b9f0b84b0b65"}`,
				},
			},
		},
	}
}

// SignatureHeader is the header of the signature in a function that is generated, or "" where the scheme has its own.
func (s Scheme) SignatureHeader() string {
	if s.IsProvider() {
		return ""
	}
	return signatureHeader
}

// SecretEnv is the variable of the secret in a function of that name.
func (s Scheme) SecretEnv(name Name) string {
	if s.env == "" {
		return name.Env() + "_WEBHOOK_SECRET"
	}
	return s.env
}

// URLEnv is the variable of the function's public address, or "" where the scheme signs none.
func (s Scheme) URLEnv() string { return s.urlEnv }

// SendsForms tells whether a payload is a form.
func (s Scheme) SendsForms() bool { return s.form }

// HasPublicKey tells whether the secret that verifies is a public key, which signs nothing.
func (s Scheme) HasPublicKey() bool { return s.keys.verifies != "" }

// IsProvider tells whether it is a provider that signs so.
func (s Scheme) IsProvider() bool { return s.sender != "" }

// signs tells whether a signature is sent along.
func (s Scheme) signs() bool { return s.keys.signs != "" }

// ParseScheme is the scheme of that name. The error is a *ValueError.
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
