package webhooks_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/webhooks"
)

// A recording is a delivery that other software signed, as
// testdata/record/README.md describes.
type recording struct {
	Name, Source, Command string

	Method, URL string
	Headers     map[string]string
	Body        string
	BodyBase64  []byte // instead of Body

	Secret    string
	PublicKey string // instead of Secret
	Time      int64  // when it was signed, in Unix seconds
	ID        string // the message ID, or "" if the sender sends none

	Certificate  string   // what the URL of the signing certificate returns
	Handshake    bool     // the handler does not get it
	Ignored      []string // parts of the signature header or the URL that are not verified
	UnsignedBody bool
}

// A recorded provider is one with recordings, which are named after it.
type recorded struct {
	scheme  webhooks.Scheme
	headers []string // those that are verified, in any of the provider's formats
}

func recordedProviders() map[string]recorded {
	svix := []string{"svix-signature", "svix-id", "svix-timestamp"}
	standard := []string{"webhook-signature", "webhook-id", "webhook-timestamp"}
	return map[string]recorded{
		"bitbucket":    {webhooks.Bitbucket, []string{"X-Hub-Signature"}},
		"calendly":     {webhooks.Calendly, []string{"Calendly-Webhook-Signature"}},
		"clerk":        {webhooks.Clerk, svix},
		"discord":      {webhooks.Discord, []string{"X-Signature-Ed25519", "X-Signature-Timestamp"}},
		"discourse":    {webhooks.Discourse, []string{"X-Discourse-Event-Signature"}},
		"docusign":     {webhooks.DocuSign, []string{"X-DocuSign-Signature-1", "X-DocuSign-Signature-2"}},
		"dropbox":      {webhooks.Dropbox, []string{"X-Dropbox-Signature"}},
		"github":       {webhooks.GitHub, []string{"X-Hub-Signature-256"}},
		"gitlab":       {webhooks.GitLab, append(standard, "X-Gitlab-Token")},
		"hubspot":      {webhooks.HubSpot, []string{"X-HubSpot-Signature-v3", "X-HubSpot-Request-Timestamp"}},
		"intercom":     {webhooks.Intercom, []string{"X-Hub-Signature"}},
		"jira":         {webhooks.Jira, []string{"X-Hub-Signature"}},
		"lemonsqueezy": {webhooks.LemonSqueezy, []string{"X-Signature"}},
		"line":         {webhooks.Line, []string{"x-line-signature"}},
		"linear":       {webhooks.Linear, []string{"Linear-Signature"}},
		"mailgun":      {webhooks.Mailgun, nil},
		"meta":         {webhooks.Meta, []string{"X-Hub-Signature-256"}},
		"mollie":       {webhooks.Mollie, []string{"X-Mollie-Signature"}},
		"netlify":      {webhooks.Netlify, []string{"X-Webhook-Signature"}},
		"notion":       {webhooks.Notion, []string{"X-Notion-Signature"}},
		"okta":         {webhooks.Okta, []string{"Authorization"}},
		"openai":       {webhooks.OpenAI, standard},
		"paddle":       {webhooks.Paddle, []string{"Paddle-Signature"}},
		"pagerduty":    {webhooks.PagerDuty, []string{"X-PagerDuty-Signature"}},
		"razorpay":     {webhooks.Razorpay, []string{"X-Razorpay-Signature"}},
		"replicate":    {webhooks.Replicate, standard},
		"resend":       {webhooks.Resend, svix},
		"sendgrid": {webhooks.SendGrid,
			[]string{"X-Twilio-Email-Event-Webhook-Signature", "X-Twilio-Email-Event-Webhook-Timestamp"}},
		"sentry":   {webhooks.Sentry, []string{"Sentry-Hook-Signature"}},
		"shopify":  {webhooks.Shopify, []string{"X-Shopify-Hmac-SHA256", "Shopify-Hmac-SHA256"}},
		"slack":    {webhooks.Slack, []string{"X-Slack-Signature", "X-Slack-Request-Timestamp"}},
		"sns":      {webhooks.SNS, nil},
		"square":   {webhooks.Square, []string{"X-Square-HmacSha256-Signature"}},
		"standard": {webhooks.Standard, standard},
		"stripe":   {webhooks.Stripe, []string{"Stripe-Signature"}},
		"svix":     {webhooks.Svix, append(svix, standard...)},
		"telegram": {webhooks.Telegram, []string{"X-Telegram-Bot-Api-Secret-Token"}},
		"twilio":   {webhooks.Twilio, []string{"X-Twilio-Signature"}},
		"typeform": {webhooks.Typeform, []string{"Typeform-Signature"}},
		"vercel":   {webhooks.Vercel, []string{"X-Vercel-Signature"}},
		"webflow":  {webhooks.Webflow, []string{"X-Webflow-Signature", "X-Webflow-Timestamp"}},
		"workos":   {webhooks.WorkOS, []string{"WorkOS-Signature"}},
		"zoom":     {webhooks.Zoom, []string{"X-Zm-Signature", "X-Zm-Request-Timestamp"}},
	}
}

// recordings returns the recordings of a provider.
func recordings(t testing.TB, provider string) []recording {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "recordings", provider+".json"))
	require.NoError(t, err)
	var list []recording
	require.NoError(t, json.Unmarshal(data, &list))
	require.NotEmpty(t, list)
	return list
}

// event returns the request as API Gateway passes it on.
func (r recording) event() events.APIGatewayProxyRequest {
	event := events.APIGatewayProxyRequest{HTTPMethod: r.Method, Headers: r.Headers, Body: r.Body}
	if r.BodyBase64 != nil {
		event.Body, event.IsBase64Encoded = base64.StdEncoding.EncodeToString(r.BodyBase64), true
	}
	if _, query, ok := strings.Cut(r.URL, "?"); ok {
		values, _ := url.ParseQuery(query) // ignores malformed parameters
		event.MultiValueQueryStringParameters = values
		event.QueryStringParameters = make(map[string]string, len(values))
		for name, list := range values {
			event.QueryStringParameters[name] = list[len(list)-1]
		}
	}
	return event
}

func (r recording) options() webhooks.Options {
	now := func() time.Time { return time.Unix(r.Time, 0) }
	return webhooks.Options{Secret: r.Secret + r.PublicKey, URL: r.URL, Now: now}
}

func (r recording) verify(scheme webhooks.Scheme) error {
	return webhooks.VerifyEvent(scheme, r.event(), r.options())
}

// client returns an HTTP client that gets the signing certificate, and whose
// other requests succeed without one.
func (r recording) client() *http.Client {
	return &http.Client{Transport: roundTrip(func(request *http.Request) (*http.Response, error) {
		body := "<ConfirmSubscriptionResponse/>"
		if strings.Contains(r.Body, `"SigningCertURL" : "`+request.URL.String()+`"`) {
			body = r.Certificate
		}
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(body))}, nil
	})}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// ignores reports whether s[i] belongs to a part that is not verified.
func (r recording) ignores(s string, i int) bool {
	for _, part := range r.Ignored {
		if start := strings.Index(s, part); start >= 0 && start <= i && i < start+len(part) {
			return true
		}
	}
	return false
}

// eachFlip calls f with s after each change of a single bit that is verified.
// Public keys take longer, so it changes only two bits of each byte for them:
// the one that is the case of a letter, and another one.
func (r recording) eachFlip(s string, f func(changed string)) {
	changed := []byte(s)
	for i := range changed {
		if r.ignores(s, i) {
			continue
		}
		for bit := range 8 {
			if r.PublicKey+r.Certificate != "" && bit != 5 && bit != i%8 {
				continue
			}
			changed[i] ^= 1 << bit
			f(string(changed))
			changed[i] = s[i]
		}
	}
}

// sameBytes reports whether two signatures differ only in the case of
// hexadecimal digits, or in the unused bits at the end of base64. A verifier
// that decodes the signature cannot tell them apart.
func sameBytes(scheme webhooks.Scheme, a, b string) bool {
	decode := func(s string) string {
		s = s[strings.LastIndexAny(s, ",.")+1:] // after v1a, or the rest of a token
		decoded, err := base64.StdEncoding.DecodeString(s)
		if scheme == webhooks.Netlify {
			decoded, err = base64.RawURLEncoding.DecodeString(s)
		}
		if err != nil {
			return s
		}
		return string(decoded)
	}
	switch scheme {
	case webhooks.Discord:
		return strings.EqualFold(a, b)
	case webhooks.Netlify, webhooks.Standard:
		end := strings.LastIndexAny(a, ",.") + 1
		return len(a) == len(b) && a[:end] == b[:end] && decode(a) == decode(b)
	}
	return false
}

// sameForm reports whether two bodies are forms with the same fields, which
// differ only in how they are escaped. Twilio signs the fields.
func sameForm(scheme webhooks.Scheme, a, b string) bool {
	if scheme != webhooks.Twilio {
		return false
	}
	before, err1 := url.ParseQuery(a)
	after, err2 := url.ParseQuery(b)
	return err1 == nil && err2 == nil && before.Encode() == after.Encode()
}

// wrongSecret returns another secret of the same format.
func wrongSecret(secret string) string {
	i := len(secret) / 2
	replacement := "A"
	if secret[i] == 'A' {
		replacement = "B"
	}
	return secret[:i] + replacement + secret[i+1:]
}

func TestRecordings(t *testing.T) {
	for name, provider := range recordedProviders() {
		for _, r := range recordings(t, name) {
			provider := provider
			if r.Certificate != "" {
				provider.scheme = webhooks.NewSNS(r.client())
			}
			t.Run(name+"/"+r.Name, func(t *testing.T) {
				t.Parallel()
				require.NoError(t, r.verify(provider.scheme), r.Source)
				assertMessageID(t, provider.scheme, r)
				assertChangesRejected(t, provider, r)
			})
		}
	}
}

func assertMessageID(t *testing.T, scheme webhooks.Scheme, r recording) {
	t.Helper()
	var id string
	handler := webhooks.Require(scheme, r.options())(
		func(ctx context.Context, _ events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			id = webhooks.MessageID(ctx)
			return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, nil
		})
	response, err := handler(t.Context(), r.event())
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, response.StatusCode)
	if r.Handshake {
		assert.Empty(t, id)
		return
	}
	if r.ID != "" {
		assert.Equal(t, r.ID, id)
	}
	assert.NotEmpty(t, id)
}

// assertChangesRejected changes the secret and each bit of what is verified.
func assertChangesRejected(t *testing.T, provider recorded, r recording) {
	t.Helper()
	scheme := provider.scheme
	assertRejected := func(changed recording, what string) {
		t.Helper()
		if changed.verify(scheme) == nil {
			t.Errorf("verified with another %s", what)
		}
	}

	wrong := r
	if wrong.Secret = wrongSecret(r.Secret + r.PublicKey); r.PublicKey != "" {
		wrong.PublicKey = ""
	}
	assertRejected(wrong, "secret")

	found := false
	for _, name := range provider.headers {
		value, ok := r.Headers[name]
		found = found || ok
		r.eachFlip(value, func(changed string) {
			if sameBytes(scheme, value, changed) {
				return
			}
			other := r
			other.Headers = map[string]string{name: changed}
			for name, value := range r.Headers {
				if _, ok := other.Headers[name]; !ok {
					other.Headers[name] = value
				}
			}
			assertRejected(other, name+": "+changed)
		})
	}
	assert.True(t, found || len(provider.headers) == 0, "no signature header")

	if !r.UnsignedBody {
		r.eachFlip(r.Body, func(changed string) {
			if !sameForm(scheme, r.Body, changed) {
				other := r
				other.Body = changed
				assertRejected(other, "body: "+changed)
			}
		})
		r.eachFlip(string(r.BodyBase64), func(changed string) {
			other := r
			other.BodyBase64 = []byte(changed)
			assertRejected(other, "body")
		})
	}
	if scheme == webhooks.HubSpot || scheme == webhooks.Square || scheme == webhooks.Twilio {
		r.eachFlip(r.URL, func(changed string) {
			options := r.options()
			options.URL = changed
			if webhooks.VerifyEvent(scheme, r.event(), options) == nil {
				t.Errorf("verified with another URL: %s", changed)
			}
		})
		assertURLAsSent(t, scheme, r)
	}
}

// assertURLAsSent checks a receiver that only knows its origin. The path and
// the query are those in the context of the request.
func assertURLAsSent(t *testing.T, scheme webhooks.Scheme, r recording) {
	t.Helper()
	end := strings.Index(r.URL, "://") + len("://")
	end += strings.Index(r.URL[end:], "/")
	origin, target := r.URL[:end], r.URL[end:]
	options := r.options()
	options.URL = origin
	verified := func(sent recording, target string) bool {
		lc := new(lambdacontext.LambdaContext)
		path, query, _ := strings.Cut(target, "?")
		lc.ClientContext.Custom = map[string]string{"rawPath": path, "rawQueryString": query}
		handler := webhooks.Require(scheme, options)(
			func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
				return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, nil
			})
		response, err := handler(lambdacontext.NewContext(t.Context(), lc), sent.event())
		require.NoError(t, err)
		return response.StatusCode == http.StatusOK
	}
	require.True(t, verified(r, target))
	r.eachFlip(target, func(changed string) {
		other := r
		other.URL = origin + changed
		if verified(other, changed) {
			t.Errorf("verified with another target: %s", changed)
		}
		if verified(r, changed) {
			t.Errorf("verified with another target in the context: %s", changed)
		}
		if verified(other, target) && !sameQuery(changed, target) {
			t.Errorf("verified with another query in the event: %s", changed)
		}
	})
}

// sameQuery reports whether two targets have the same parameters, whatever
// their paths.
func sameQuery(a, b string) bool {
	parse := func(target string) url.Values {
		_, query, _ := strings.Cut(target, "?")
		values, _ := url.ParseQuery(query)
		return values
	}
	return parse(a).Encode() == parse(b).Encode()
}
