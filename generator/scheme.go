package generator

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
)

// A Scheme is a way to verify webhooks: one of package webhooks, with what a
// generated function must know about the sender.
type Scheme struct {
	Name  string // value of --webhook
	Ident string // variable in package webhooks

	file   string // part of package webhooks that declares the variable, if it is neither the core nor named Name
	sender string // name of the provider, or "" for any sender
	env    string // environment variable of the secret, or "" for one per function
	urlEnv string // environment variable of the function's public URL, or "" if the scheme does not sign it

	// Command that has the sender send an event, if nobody else can sign one.
	sendCommand string

	note []string // lines about the secret for the handler's comment

	// Environment variable of the token with which the sender checks an
	// endpoint, or "" if it has none.
	tokenEnv string

	// For tests and samples.
	keys       keys // zero if nothing is signed
	secretOnly bool // white space after the payload, or all of it, is not signed
	payload    string
	form       bool // payload is a form
	handshakes []handshake
	challenges []challenge
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

// A challenge is a handshake that is not signed. Its fields are those of
// fntest.Event.
type challenge struct {
	name           string
	method         string // constant in package net/http, such as MethodGet
	query, headers map[string]string
	payload        string
	body           string // of the response, whose status is 200
}

// verifyToken is the value of tokenEnv in tests.
const verifyToken = "meet-me-at-the-usual-place"

// textSecret is, in tests, the secret of schemes whose secret can be any text.
const textSecret = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"

// DefaultScheme is the name of the scheme for a webhook whose scheme is not
// given.
const DefaultScheme = "sha256Verifier"

// Schemes returns all schemes, in the order of the help text.
func Schemes() []Scheme {
	text := keys{
		secret:      textSecret,
		otherSecret: "MY-NAME-IS-WERNER-BRANDES-VERIFY-ME",
	}
	standard := keys{ // the same in the format of Standard Webhooks
		secret:      "whsec_TVktVk9JQ0UtSVMtTVktUEFTU1BPUlQtVkVSSUZZLU1F",
		otherSecret: "whsec_TVktTkFNRS1JUy1XRVJORVItQlJBTkRFUy1WRVJJRlktTUU=",
	}
	const payload = `{"id":1}`
	return []Scheme{
		{Name: "skipVerifier", Ident: "Skip", payload: payload},
		{Name: "secretKeyVerifier", Ident: "SecretKey", file: "secretkey", keys: text, secretOnly: true, payload: payload},
		{Name: "sha1Verifier", Ident: "SHA1", keys: text, payload: payload},
		{Name: "sha256Verifier", Ident: "SHA256", keys: text, payload: payload},
		{Name: "base64Sha1Verifier", Ident: "Base64SHA1", file: "base64", keys: text, payload: payload},
		{Name: "base64Sha256Verifier", Ident: "Base64SHA256", file: "base64", keys: text, payload: payload},
		{Name: "timestampSchemeVerifier", Ident: "TimestampScheme", file: "timestamp", keys: text, payload: payload},
		{Name: "jwtVerifier", Ident: "JWT", file: "jwt", keys: text, payload: payload},
		{Name: "hmacSha1Hex", Ident: "HMACSHA1Hex", file: "hmac", keys: text, payload: payload},
		{Name: "hmacSha1Base64", Ident: "HMACSHA1Base64", file: "hmac", keys: text, payload: payload},
		{Name: "hmacSha256Hex", Ident: "HMACSHA256Hex", file: "hmac", keys: text, payload: payload},
		{Name: "hmacSha256Base64", Ident: "HMACSHA256Base64", file: "hmac", keys: text, payload: payload},
		{Name: "hmacSha512Hex", Ident: "HMACSHA512Hex", file: "hmac", keys: text, payload: payload},
		{Name: "hmacSha512Base64", Ident: "HMACSHA512Base64", file: "hmac", keys: text, payload: payload},

		{
			Name: "bitbucket", Ident: "Bitbucket", sender: "Bitbucket", env: "BITBUCKET_WEBHOOK_SECRET",
			keys: text, payload: `{"push":{"changes":[]}}`,
		},
		{
			Name: "calendly", Ident: "Calendly", sender: "Calendly", env: "CALENDLY_WEBHOOK_SIGNING_KEY",
			keys: text, payload: `{"event":"invitee.created","payload":{"name":"Mona"}}`,
		},
		{
			Name: "clerk", Ident: "Clerk", sender: "Clerk", env: "CLERK_WEBHOOK_SIGNING_SECRET",
			keys: standard, payload: `{"type":"user.created","data":{"id":"user_1"}}`,
		},
		{
			Name: "cloudevents", Ident: "CloudEvents", env: "CLOUDEVENTS_ACCESS_TOKEN",
			keys: text, secretOnly: true, payload: `{"specversion":"1.0","id":"1","source":"/orders","type":"order.created"}`,
			challenges: []challenge{{
				name: "permission to send", method: "MethodOptions",
				headers: map[string]string{"WebHook-Request-Origin": "eventgrid.azure.net"},
			}},
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
			Name: "docusign", Ident: "DocuSign", sender: "DocuSign", env: "DOCUSIGN_HMAC_KEY",
			keys: text, payload: `{"event":"envelope-completed","data":{"envelopeId":"1"}}`,
		},
		{
			Name: "dropbox", Ident: "Dropbox", sender: "Dropbox", env: "DROPBOX_APP_SECRET",
			keys: text, payload: `{"list_folder":{"accounts":["dbid:1"]}}`,
			challenges: []challenge{{
				name: "new webhook", method: "MethodGet",
				query: map[string]string{"challenge": "abc123"}, body: "abc123",
			}},
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
			Name: "graph", Ident: "Graph", sender: "Microsoft Graph", env: "GRAPH_CLIENT_STATE",
			keys: text, secretOnly: true, payload: `{"value":[{"subscriptionId":"1","changeType":"created"}]}`,
			challenges: []challenge{{
				name: "new subscription", method: "MethodPost",
				query: map[string]string{"validationToken": "Validation: <b>1</b>"}, body: "Validation: <b>1</b>",
			}},
		},
		{
			Name: "hubspot", Ident: "HubSpot", sender: "HubSpot", env: "HUBSPOT_CLIENT_SECRET",
			urlEnv: "HUBSPOT_WEBHOOK_URL", keys: text, payload: `[{"eventId":1,"subscriptionType":"contact.creation"}]`,
		},
		{
			Name: "intercom", Ident: "Intercom", sender: "Intercom", env: "INTERCOM_CLIENT_SECRET",
			keys: text, payload: `{"type":"notification_event","id":"notif_1","topic":"contact.user.created"}`,
			challenges: []challenge{{name: "check of the URL", method: "MethodHead"}},
		},
		{
			Name: "jira", Ident: "Jira", sender: "Jira", env: "JIRA_WEBHOOK_SECRET",
			keys: text, payload: `{"webhookEvent":"jira:issue_created","issue":{"id":"1"}}`,
		},
		{
			Name: "lemonsqueezy", Ident: "LemonSqueezy", sender: "Lemon Squeezy", env: "LEMONSQUEEZY_WEBHOOK_SECRET",
			keys: text, payload: `{"meta":{"event_name":"order_created"},"data":{"id":"1"}}`,
		},
		{
			Name: "line", Ident: "Line", sender: "LINE", env: "LINE_CHANNEL_SECRET",
			keys: text, payload: `{"events":[{"type":"follow","webhookEventId":"1"}]}`,
		},
		{
			Name: "linear", Ident: "Linear", sender: "Linear", env: "LINEAR_WEBHOOK_SECRET",
			keys: text, payload: `{"action":"create","type":"Issue"}`,
		},
		{
			Name: "mailgun", Ident: "Mailgun", sender: "Mailgun", env: "MAILGUN_WEBHOOK_SIGNING_KEY",
			keys: text, secretOnly: true, payload: `{"event-data":{"event":"delivered","id":"1"}}`,
		},
		{
			Name: "meta", Ident: "Meta", sender: "Meta", env: "META_APP_SECRET",
			tokenEnv: "META_VERIFY_TOKEN", keys: text, payload: `{"object":"page","entry":[{"id":"1"}]}`,
			challenges: []challenge{{
				name: "verification", method: "MethodGet",
				query: map[string]string{
					"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": verifyToken,
				},
				body: "1158201444",
			}},
		},
		{
			Name: "mollie", Ident: "Mollie", sender: "Mollie", env: "MOLLIE_WEBHOOK_SECRET",
			keys: text, payload: `{"id":"event_1","type":"payment-link.paid"}`,
		},
		{
			Name: "netlify", Ident: "Netlify", sender: "Netlify", env: "NETLIFY_WEBHOOK_SECRET",
			keys: text, payload: `{"id":"1","state":"ready"}`,
		},
		{
			Name: "notion", Ident: "Notion", sender: "Notion", env: "NOTION_WEBHOOK_VERIFICATION_TOKEN",
			note: []string{
				"The secret is the verification token, which Notion sends for a new",
				"subscription. It is logged as long as the secret is not set.",
			},
			keys: text, payload: `{"id":"1","type":"page.created"}`,
		},
		{
			Name: "okta", Ident: "Okta", sender: "Okta", env: "OKTA_EVENT_HOOK_SECRET",
			keys: text, secretOnly: true, payload: `{"eventType":"com.okta.event_hook","eventId":"1"}`,
			challenges: []challenge{{ // it has the secret too
				name: "verification", method: "MethodGet",
				headers: map[string]string{"X-Okta-Verification-Challenge": "Me_rShK8", "Authorization": text.secret},
				body:    `{"verification":"Me_rShK8"}`,
			}},
		},
		{
			Name: "openai", Ident: "OpenAI", sender: "OpenAI", env: "OPENAI_WEBHOOK_SECRET",
			keys: standard, payload: `{"id":"evt_1","type":"response.completed"}`,
		},
		{
			Name: "paddle", Ident: "Paddle", sender: "Paddle", env: "PADDLE_WEBHOOK_SECRET",
			keys: text, payload: `{"event_id":"evt_1","event_type":"transaction.completed"}`,
		},
		{
			Name: "pagerduty", Ident: "PagerDuty", sender: "PagerDuty", env: "PAGERDUTY_WEBHOOK_SECRET",
			keys: text, payload: `{"event":{"id":"1","event_type":"incident.triggered"}}`,
		},
		{
			Name: "razorpay", Ident: "Razorpay", sender: "Razorpay", env: "RAZORPAY_WEBHOOK_SECRET",
			keys: text, payload: `{"event":"payment.captured","payload":{}}`,
		},
		{
			Name: "replicate", Ident: "Replicate", sender: "Replicate", env: "REPLICATE_WEBHOOK_SIGNING_SECRET",
			keys: standard, payload: `{"id":"1","status":"succeeded"}`,
		},
		{
			Name: "resend", Ident: "Resend", sender: "Resend", env: "RESEND_WEBHOOK_SECRET",
			keys: standard, payload: `{"type":"email.delivered","data":{"email_id":"1"}}`,
		},
		{
			Name: "sendgrid", Ident: "SendGrid", sender: "SendGrid", env: "SENDGRID_WEBHOOK_VERIFICATION_KEY",
			keys: keys{ // on P-256; the first is that of RFC 6979, appendix A.2.5
				secret:      "MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCDJr6nYRbp1FmtcIVdnsdaTTlDD2zbomxJ7imIrEg9nIQ==",
				otherSecret: "MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCBRm0I9cV+LWB9PqO5Z9HcaW0TIEwtOPqzKVKVt2nK0ZA==",
				publicKey: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5A/4QCLi8" +
					"maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ==",
			},
			payload: `[{"event":"delivered","sg_event_id":"1"}]`,
		},
		{
			Name: "sentry", Ident: "Sentry", sender: "Sentry", env: "SENTRY_CLIENT_SECRET",
			keys: text, payload: `{"action":"created","data":{"issue":{"id":"1"}}}`,
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
			Name: "sns", Ident: "SNS", sender: "Amazon SNS", env: "SNS_TOPIC_ARN",
			note: []string{
				"The secret is the ARN of the topic. Subscriptions to it are confirmed.",
			},
			sendCommand: `aws sns publish --topic-arn "$SNS_TOPIC_ARN" --message Hello`,
			keys: keys{
				secret:      "arn:aws:sns:us-east-1:123456789012:orders",
				otherSecret: "arn:aws:sns:us-east-1:999999999999:orders",
			},
			secretOnly: true,
			payload:    `{"Type":"Notification","Message":"Hello"}`,
			handshakes: []handshake{{
				name:    "UnsubscribeConfirmation",
				payload: `{"Type":"UnsubscribeConfirmation","Message":"Goodbye","Token":"1"}`,
				status:  http.StatusOK,
			}},
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
			Name: "telegram", Ident: "Telegram", sender: "Telegram", env: "TELEGRAM_WEBHOOK_SECRET",
			keys: text, secretOnly: true, payload: `{"update_id":1,"message":{"text":"Hello"}}`,
		},
		{
			Name: "twilio", Ident: "Twilio", sender: "Twilio", env: "TWILIO_AUTH_TOKEN", urlEnv: "TWILIO_WEBHOOK_URL",
			keys: text, form: true, payload: `From=%2B15005550006&Body=Hello`,
		},
		{
			Name: "typeform", Ident: "Typeform", sender: "Typeform", env: "TYPEFORM_WEBHOOK_SECRET",
			keys: text, payload: `{"event_id":"1","event_type":"form_response"}`,
		},
		{
			Name: "vercel", Ident: "Vercel", sender: "Vercel", env: "VERCEL_WEBHOOK_SECRET",
			keys: text, payload: `{"id":"evt_1","type":"deployment.created"}`,
		},
		{
			Name: "webflow", Ident: "Webflow", sender: "Webflow", env: "WEBFLOW_WEBHOOK_SECRET",
			keys: text, payload: `{"triggerType":"form_submission","payload":{}}`,
		},
		{
			Name: "workos", Ident: "WorkOS", sender: "WorkOS", env: "WORKOS_WEBHOOK_SECRET",
			keys: text, payload: `{"id":"event_1","event":"user.created","data":{}}`,
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

// part returns the part of package webhooks that declares the scheme, or "" for
// the core.
func (s Scheme) part() string {
	if s.IsProvider() {
		return s.Name
	}
	return s.file
}

// SecretEnv returns the environment variable of the secret for the function
// name.
func (s Scheme) SecretEnv(name Name) string {
	if s.env == "" {
		return name.Env() + "_WEBHOOK_SECRET"
	}
	return s.env
}

// Variables returns the environment variables to set for the function name: of
// its secret, and of its URL and its verify token if the scheme has them.
func (s Scheme) Variables(name Name) []string {
	if s.keys == (keys{}) {
		return nil
	}
	return slices.DeleteFunc([]string{s.SecretEnv(name), s.urlEnv, s.tokenEnv}, func(name string) bool { return name == "" })
}

// URLEnv returns the environment variable of the function's public URL, or ""
// if the scheme does not sign the URL.
func (s Scheme) URLEnv() string { return s.urlEnv }

// SendCommand returns a command that has the sender send an event, or "" if its
// events can be signed with the receiver's secret or another key.
func (s Scheme) SendCommand() string { return s.sendCommand }

// SendsForms reports whether the provider sends forms instead of JSON.
func (s Scheme) SendsForms() bool { return s.form }

// Sender returns the name of the provider, or "the sender" if there is none.
func (s Scheme) Sender() string { return cmp.Or(s.sender, "the sender") }

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
