package webhooks_test

import (
	"encoding/base64"
	"encoding/hex"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/schemes"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

// secretPair returns the secret that signs with a scheme and the one that
// verifies.
func secretPair(scheme webhooks.Scheme) (signs, verifies string) {
	switch scheme {
	case webhooks.Discord: // RFC 8032, section 7.1, test 1
		return "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
			"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
	case webhooks.Clerk, webhooks.OpenAI, webhooks.Replicate, webhooks.Resend, webhooks.Standard, webhooks.Svix:
		return "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	case webhooks.SendGrid: // RFC 6979, appendix A.2.5
		return "MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCDJr6nYRbp1FmtcIVdnsdaTTlDD2zbomxJ7imIrEg9nIQ==",
			"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5A/4QCLi8" +
				"maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ=="
	}
	return secret, secret
}

// sendsSecret reports whether the sender sends the secret itself, which does
// not protect the body.
func sendsSecret(scheme webhooks.Scheme) bool {
	switch scheme {
	case webhooks.SecretKey, webhooks.CloudEvents, webhooks.GitLab, webhooks.Okta, webhooks.Telegram:
		return true
	}
	return false
}

// SignEvent must reproduce the deliveries of provider_test.go.
func TestSignEventMatchesProvider(t *testing.T) {
	for name, d := range deliveries() {
		switch name {
		case "netlify": // the token that SignEvent makes has the current time
			continue
		case "discord":
			d.secret, _ = secretPair(webhooks.Discord)
		case "standard, Ed25519":
			d.secret = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
		}
		t.Run(name, func(t *testing.T) {
			event := d.event()
			sent := map[string]string{}
			for header, value := range d.headers {
				header = strings.ToLower(header)
				if name == "svix, headers of Standard Webhooks" {
					header = strings.Replace(header, "webhook", "svix", 1)
				}
				if name == "shopify, header of Events" {
					header = "x-" + header
				}
				sent[header] = value
			}
			event.Headers = map[string]string{}
			for header := range sent {
				if strings.HasSuffix(header, "-id") || header == "content-type" {
					event.Headers[header] = sent[header] // chosen by the sender
				}
			}
			options := d.options()
			timestamp := sent["svix-timestamp"] + sent["webhook-timestamp"] +
				sent["x-zm-request-timestamp"] + sent["x-slack-request-timestamp"]
			if _, text, ok := strings.Cut(sent["stripe-signature"]+sent["paddle-signature"], "="); ok {
				timestamp, _, _ = strings.Cut(strings.ReplaceAll(text, ";", ","), ",")
			}
			if timestamp != "" {
				seconds, err := time.ParseDuration(timestamp + "s")
				require.NoError(t, err)
				options.EventTimestamp = time.Unix(int64(seconds/time.Second), 0)
			}

			signed, err := webhooks.SignEvent(d.scheme, event, options)
			require.NoError(t, err)
			require.Equal(t, slices.Sorted(maps.Keys(sent)), slices.Sorted(maps.Keys(signed.Headers)))
			for header, value := range sent {
				// The provider may send more than one signature.
				assert.Contains(t, value, lastItem(signed.Headers[header]), header)
			}
		})
	}
}

func lastItem(header string) string {
	i := strings.LastIndexAny(header, ",;")
	return header[i+1:]
}

// VerifyEvent accepts events from SignEvent and detects changes to them.
func TestSignEventRoundTrip(t *testing.T) {
	now := time.UnixMilli(1700000000123)
	for _, scheme := range schemes.All() {
		if scheme == webhooks.Skip {
			continue
		}
		signs, verifies := secretPair(scheme)
		sender := webhooks.Options{Secret: signs, URL: "https://example.com/orders", Now: clock(now)}
		receiver := webhooks.Options{Secret: verifies, URL: "https://example.com/orders", Now: clock(now)}
		for name, event := range map[string]events.APIGatewayProxyRequest{
			"JSON":         {Body: payload},
			"no body":      {},
			"bytes":        {Body: base64.StdEncoding.EncodeToString([]byte("\x00\xff\xfe")), IsBase64Encoded: true},
			"encoded JSON": {Body: base64.StdEncoding.EncodeToString([]byte(payload)), IsBase64Encoded: true},
			"form": {
				Body:    "From=%2B1415&Body=a+b%26c&Body=d",
				Headers: map[string]string{"content-type": "application/x-www-form-urlencoded"},
			},
			"old signature": {
				Body: payload, Headers: map[string]string{"X-SLACK-SIGNATURE": "v0=00", "Stripe-signature": "t=1,v1=00"},
				MultiValueHeaders: map[string][]string{"X-Hub-Signature-256": {"sha256=00"}}},
		} {
			t.Run(scheme.String()+"/"+name, func(t *testing.T) {
				if scheme == webhooks.Graph { // see TestGraph
					return
				}
				if scheme == webhooks.Linear && (name == "no body" || name == "bytes" || name == "form") {
					// The timestamp is in the JSON, so other bodies never verify.
					signed, err := webhooks.SignEvent(scheme, event, sender)
					require.NoError(t, err)
					requireRejected(t, webhooks.VerifyEvent(scheme, signed, receiver))
					return
				}
				signed, err := webhooks.SignEvent(scheme, event, sender)
				if scheme == webhooks.Mailgun && (name == "no body" || name == "bytes") {
					require.ErrorIs(t, err, webhooks.ErrSign) // the signature is in the body
					return
				}
				require.NoError(t, err)
				require.NoError(t, webhooks.VerifyEvent(scheme, signed, receiver))

				onlyMulti := signed
				onlyMulti.Headers, onlyMulti.QueryStringParameters = nil, nil
				if scheme != webhooks.Twilio && scheme != webhooks.Mailgun { // the Content-Type is only in Headers
					require.NoError(t, webhooks.VerifyEvent(scheme, onlyMulti, receiver))
				}

				requireRejected(t, webhooks.VerifyEvent(scheme, event, receiver), "unsigned")
				if sendsSecret(scheme) {
					return
				}
				signed.Body, signed.IsBase64Encoded = `{"tampered":true}`, false
				requireRejected(t, webhooks.VerifyEvent(scheme, signed, receiver), "tampered body")
			})
		}
	}
}

func TestSignEventPrivateKey(t *testing.T) {
	seed, public := secretPair(webhooks.Discord)
	event := events.APIGatewayProxyRequest{Body: payload}
	for name, key := range map[string]string{"seed": seed, "private key": seed + public} {
		signed, err := webhooks.SignEvent(webhooks.Discord, event, webhooks.Options{Secret: key})
		require.NoError(t, err, name)
		require.NoError(t, webhooks.VerifyEvent(webhooks.Discord, signed, webhooks.Options{Secret: public}), name)
	}
	for name, key := range map[string]string{"not hex": "xyzzy", "too short": "00ff"} {
		_, err := webhooks.SignEvent(webhooks.Discord, event, webhooks.Options{Secret: key})
		require.ErrorIs(t, err, webhooks.ErrSign, name)
		assert.NotContains(t, err.Error(), key, name)
		err = webhooks.VerifyEvent(webhooks.Discord, event, webhooks.Options{Secret: key})
		requireRejected(t, err, name)
	}
	_, err := webhooks.SignEvent(webhooks.Standard, event, webhooks.Options{Secret: "whpk_AAAA"})
	require.ErrorIs(t, err, webhooks.ErrSign)
}

// Linear sends the timestamp in the body, and Twilio sends a hash in the query.
func TestSignEventBodyAndQuery(t *testing.T) {
	now := time.UnixMilli(1676056940508)
	options := webhooks.Options{Secret: secret, URL: "https://example.com/hook", Now: clock(now)}
	for body, want := range map[string]string{
		`{"action":"create"}`:    `{"action":"create","webhookTimestamp":1676056940508}`,
		"{\n}\n":                 "{\n" + `"webhookTimestamp":1676056940508}`,
		`{"webhookTimestamp":1}`: `{"webhookTimestamp":1}`,
		`{"a":{"b":"}"}}`:        `{"a":{"b":"}"},"webhookTimestamp":1676056940508}`,
		`[1]`:                    `[1]`,
	} {
		event, err := webhooks.SignEvent(webhooks.Linear, events.APIGatewayProxyRequest{Body: body}, options)
		require.NoError(t, err)
		assert.Equal(t, want, event.Body)
		signature := strings.TrimPrefix(referenceSignature(webhooks.SHA256, want, secret), "sha256=")
		assert.Equal(t, map[string]string{"linear-signature": signature}, event.Headers)
	}

	event, err := webhooks.SignEvent(webhooks.Twilio, events.APIGatewayProxyRequest{Body: "{}"}, options)
	require.NoError(t, err)
	const hash = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a" // printf {} | sha256sum
	assert.Equal(t, map[string]string{"bodySHA256": hash}, event.QueryStringParameters)
	assert.Equal(t, map[string][]string{"bodySHA256": {hash}}, event.MultiValueQueryStringParameters)
	assert.Equal(t, "{}", event.Body)
}

// SignPayload works if only the signature header is needed.
func TestSignPayloadOfProviders(t *testing.T) {
	needEvent := []webhooks.Scheme{webhooks.Clerk, webhooks.Discord, webhooks.HubSpot, webhooks.Linear,
		webhooks.Mailgun, webhooks.OpenAI, webhooks.Replicate, webhooks.Resend, webhooks.SendGrid, webhooks.Slack,
		webhooks.SNS, webhooks.Standard, webhooks.Svix, webhooks.Twilio, webhooks.Webflow,
		webhooks.Zoom}
	for _, scheme := range providers() {
		t.Run(scheme.String(), func(t *testing.T) {
			if scheme == webhooks.Graph {
				t.Skip("has no signature")
			}
			signs, verifies := secretPair(scheme)
			signature, err := webhooks.SignPayload(scheme, payload,
				webhooks.Options{Secret: signs, URL: "https://example.com"})
			if slices.Contains(needEvent, scheme) {
				require.ErrorIs(t, err, webhooks.ErrSign)
				require.ErrorContains(t, err, "use SignEvent")
				requireRejected(t,
					webhooks.VerifySignature(scheme, payload, "v0=00",
						webhooks.Options{Secret: verifies, URL: "https://example.com"}))
				return
			}
			require.NoError(t, err)
			require.NoError(t,
				webhooks.VerifySignature(scheme, payload, signature,
					webhooks.Options{Secret: verifies, URL: "https://example.com"}))
			if !sendsSecret(scheme) {
				requireRejected(t,
					webhooks.VerifySignature(scheme, payload+" ", signature,
						webhooks.Options{Secret: verifies, URL: "https://example.com"}))
			}
		})
	}
	withTimestamp := `{"webhookTimestamp":1676056940508}`
	signature, err := webhooks.SignPayload(webhooks.Linear, withTimestamp, webhooks.Options{Secret: secret})
	require.NoError(t, err)
	assert.Equal(t,
		strings.TrimPrefix(referenceSignature(webhooks.SHA256, withTimestamp, secret), "sha256="), signature)
}

func TestTolerances(t *testing.T) {
	for scheme, tolerance := range map[webhooks.Scheme]time.Duration{
		webhooks.TimestampScheme: webhooks.DefaultTolerance,
		webhooks.Stripe:          webhooks.DefaultTolerance,
		webhooks.Slack:           webhooks.DefaultTolerance,
		webhooks.Svix:            webhooks.DefaultTolerance,
		webhooks.Discord:         webhooks.DefaultTolerance,
		webhooks.Linear:          time.Minute,
		webhooks.Paddle:          5 * time.Second,
		webhooks.Calendly:        3 * time.Minute,
		webhooks.WorkOS:          3 * time.Minute,
		webhooks.Webflow:         webhooks.DefaultTolerance,
		webhooks.HubSpot:         webhooks.DefaultTolerance,
		webhooks.SendGrid:        webhooks.DefaultTolerance,
	} {
		signs, verifies := secretPair(scheme)
		sent := time.Unix(1700000000, 0)
		event, err := webhooks.SignEvent(scheme, events.APIGatewayProxyRequest{Body: payload},
			webhooks.Options{Secret: signs, URL: "https://example.com/x", Now: clock(sent)})
		require.NoError(t, err)
		for offset, ok := range map[time.Duration]bool{
			0: true, tolerance: true, -tolerance: true, tolerance + time.Second: false,
			-tolerance - time.Second:         scheme == webhooks.Paddle, // see TestPaddleSlowClock
			tolerance + 999*time.Microsecond: true,                      // fractions of the unit are ignored
		} {
			options := webhooks.Options{
				Secret: verifies, URL: "https://example.com/x", Now: clock(sent.Add(offset)),
			}
			err := webhooks.VerifyEvent(scheme, event, options)
			assert.Equal(t, ok, err == nil, "%s after %s: %v", scheme, offset, err)

			options.Tolerance = 2 * tolerance
			require.NoError(t, webhooks.VerifyEvent(scheme, event, options), "%s with Options.Tolerance", scheme)
		}
	}
}

// Paddle's tolerance bounds only the past, as in its SDKs. A signature from the
// distant future is still rejected.
func TestPaddleSlowClock(t *testing.T) {
	sent := time.Unix(1700000000, 0)
	event, err := webhooks.SignEvent(webhooks.Paddle, events.APIGatewayProxyRequest{Body: payload},
		webhooks.Options{Secret: secret, Now: clock(sent)})
	require.NoError(t, err)
	for offset, ok := range map[time.Duration]bool{
		5 * time.Second: true, 6 * time.Second: false, -7 * time.Second: true, -time.Hour: false,
	} {
		err := webhooks.VerifyEvent(webhooks.Paddle, event, webhooks.Options{Secret: secret, Now: clock(sent.Add(offset))})
		assert.Equal(t, ok, err == nil, "%s: %v", offset, err)
	}
}

func TestTimestampScheme(t *testing.T) {
	sign := func(timestamp string) string {
		return "v1=" + strings.TrimPrefix(referenceSignature(webhooks.SHA256, timestamp+"."+payload, secret), "sha256=")
	}
	now := time.UnixMilli(1700000000000)
	for header, ok := range map[string]bool{
		"t=1700000000000," + sign("1700000000000"):                                true,
		"t=1700000000," + sign("1700000000"):                                      true, // Stripe's seconds
		"t=1700000000000,v1=00," + sign("1700000000000"):                          true,
		sign("1700000000000") + ",t=1700000000000":                                true,
		"t=1700000000000,v0=00," + sign("1700000000000"):                          true,
		"t=01700000000," + sign("01700000000"):                                    true, // its text is signed
		"t=01700000000," + sign("1700000000"):                                     false,
		"x t=1700000000000," + sign("1700000000000"):                              false,
		"t=1700000000000 , " + sign("1700000000000"):                              false,
		"t=1700000000000;" + sign("1700000000000"):                                false,
		"t=1700000600," + sign("1700000600"):                                      false,
		"t=," + sign(""):                                                          false,
		"t=NaN," + sign("NaN"):                                                    false,
		"t=0," + sign("0"):                                                        false,
		"t=-1," + sign("-1"):                                                      false,
		"t=1e12," + sign("1e12"):                                                  false,
		"t=9223372036854775807," + sign("9223372036854775807"):                    false,
		"t=99999999999999999999," + sign("99999999999999999999"):                  false,
		sign("1700000000000"):                                                     false,
		"t=1700000000000":                                                         false,
		"t=1700000000000," + strings.Repeat("v1=00,", 40) + sign("1700000000000"): false, // too many
	} {
		err := webhooks.VerifySignature(webhooks.TimestampScheme, payload, header,
			webhooks.Options{Secret: secret, Now: clock(now)})
		assert.Equal(t, ok, err == nil, "%s: %v", header, err)
		if err != nil {
			assert.ErrorIs(t, err, webhooks.ErrVerification)
		}
	}
}

// If a signing token is configured, a plain token must not verify: anyone who
// saw a request could send it.
func TestGitLabDoesNotFallBack(t *testing.T) {
	const token = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q="
	both := webhooks.Options{Secret: token, Secrets: []string{"plain"}}
	event := events.APIGatewayProxyRequest{Body: payload}

	plain, err := webhooks.SignEvent(webhooks.GitLab, event, webhooks.Options{Secret: "plain"})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"x-gitlab-token": "plain"}, plain.Headers)
	require.NoError(t, webhooks.VerifyEvent(webhooks.GitLab, plain, webhooks.Options{Secret: "plain"}))
	requireRejected(t, webhooks.VerifyEvent(webhooks.GitLab, plain, both))

	asToken := events.APIGatewayProxyRequest{Body: payload, Headers: map[string]string{"X-Gitlab-Token": token}}
	requireRejected(t, webhooks.VerifyEvent(webhooks.GitLab, asToken, both))

	signed, err := webhooks.SignEvent(webhooks.GitLab, event, webhooks.Options{Secret: token})
	require.NoError(t, err)
	signed.Headers["X-Gitlab-Token"] = "anything"
	require.NoError(t, webhooks.VerifyEvent(webhooks.GitLab, signed, both))
}

// Headers of Svix and of Standard Webhooks must not be combined.
func TestSvixHeadersDoNotMix(t *testing.T) {
	d := deliveries()["svix"]
	event := d.event()
	id := event.Headers["svix-id"]
	delete(event.Headers, "svix-id")
	event.Headers["webhook-id"] = id
	requireRejected(t, webhooks.VerifyEvent(webhooks.Svix, event, d.options()))

	event = d.event()
	for name, value := range d.headers {
		event.Headers[strings.Replace(name, "svix", "webhook", 1)] = value
	}
	event.Headers["svix-signature"] = "v1,AAAA"
	requireRejected(t, webhooks.VerifyEvent(webhooks.Svix, event, d.options()),
		"an invalid signature is not a missing signature")

	requireRejected(t,
		webhooks.VerifyEvent(webhooks.Clerk, deliveries()["svix, headers of Standard Webhooks"].event(),
			d.options()), "Clerk only uses Svix's headers")
}

// A sender can migrate from one kind of secret to the other.
func TestStandardMixedSecrets(t *testing.T) {
	for _, name := range []string{"standard", "standard, Ed25519"} {
		d := deliveries()[name]
		options := d.options()
		options.Secret = deliveries()["standard"].secret
		options.Secrets = []string{deliveries()["standard, Ed25519"].secret}
		require.NoError(t, webhooks.VerifyEvent(webhooks.Standard, d.event(), options), name)
	}
}

// A malformed secret is an error even if another secret would verify.
func TestMalformedSecretRejects(t *testing.T) {
	plain := events.APIGatewayProxyRequest{Body: payload, Headers: map[string]string{"X-Gitlab-Token": "plain"}}
	for _, malformed := range []string{"whsec_dGVzdHRlc3R0ZXN0 ", "whsec_!", "whsec_"} {
		for _, options := range []webhooks.Options{{Secret: malformed, Secrets: []string{"plain"}},
			{Secret: "plain", Secrets: []string{malformed}}} {
			requireRejected(t, webhooks.VerifyEvent(webhooks.GitLab, plain, options), malformed)
		}
	}
	require.NoError(t,
		webhooks.VerifyEvent(webhooks.GitLab, plain,
			webhooks.Options{Secret: "plain", Secrets: []string{""}}), "empty secrets are ignored")
}

// Blank secrets are easy to guess, and HMAC treats zeros as an empty key, so
// both are treated as not set.
func TestBlankSecrets(t *testing.T) {
	for _, scheme := range payloadSchemes() {
		for _, blank := range []string{" ", "\n", "\t \r\n", "\x00", "\x00\x00"} {
			_, err := webhooks.SignPayload(scheme, payload, webhooks.Options{Secret: blank})
			require.ErrorIs(t, err, webhooks.ErrSign)
			require.ErrorContains(t, err, "not set")
			requireRejected(t,
				webhooks.VerifySignature(scheme, payload, referenceSignature(scheme, payload, blank),
					webhooks.Options{Secret: blank}))
		}
	}
}

// An ID with a dot could shift text between the id and the timestamp.
func TestMessageIDWithDot(t *testing.T) {
	signs, _ := secretPair(webhooks.Standard)
	options := webhooks.Options{Secret: signs, Now: clock(time.Unix(1700009999, 0))}
	for _, moved := range []string{"", "text.", "text.more."} {
		signed, err := webhooks.SignEvent(webhooks.Standard, events.APIGatewayProxyRequest{
			Headers: map[string]string{"webhook-id": "msg"}, Body: moved + "1700009999.rest",
		}, webhooks.Options{Secret: signs, EventTimestamp: time.Unix(1700000000, 0)})
		require.NoError(t, err)
		signed.Headers["webhook-id"] = strings.TrimSuffix("msg.1700000000."+moved, ".")
		signed.Headers["webhook-timestamp"], signed.Body = "1700009999", "rest"
		requireRejected(t, webhooks.VerifyEvent(webhooks.Standard, signed, options), moved)
	}

	for _, id := range []string{"order.created.1", "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W.", "..", "v1.17000000001"} {
		signed, err := webhooks.SignEvent(webhooks.Svix, events.APIGatewayProxyRequest{
			Headers: map[string]string{"svix-id": id}, Body: payload,
		}, webhooks.Options{Secret: signs})
		require.NoError(t, err)
		require.NoError(t, webhooks.VerifyEvent(webhooks.Svix, signed, webhooks.Options{Secret: signs}), id)
	}
}

func TestStandardPrivateKey(t *testing.T) {
	key, err := base64.StdEncoding.DecodeString(
		"6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==")
	require.NoError(t, err)
	event := events.APIGatewayProxyRequest{Body: payload}
	for _, private := range []string{"whsk_" + base64.StdEncoding.EncodeToString(key),
		"whsk_" + base64.StdEncoding.EncodeToString(key[:32])} {
		signed, err := webhooks.SignEvent(webhooks.Standard, event, webhooks.Options{Secret: private})
		require.NoError(t, err)
		for _, verifies := range []string{private, deliveries()["standard, Ed25519"].secret} {
			require.NoError(t, webhooks.VerifyEvent(webhooks.Standard, signed, webhooks.Options{Secret: verifies}))
		}
	}
}

// Require verifies the body that the handler gets, not Options.Payload.
func TestRequireVerifiesTheBody(t *testing.T) {
	calls := 0
	handler := webhooks.Require(webhooks.SHA256,
		webhooks.Options{Secret: secret, Payload: "approved"})(countingHandler(&calls, 200))
	response, err := handler(t.Context(), events.APIGatewayProxyRequest{
		Headers: map[string]string{webhooks.DefaultSignatureHeader: referenceSignature(webhooks.SHA256,
			"approved", secret)},
		Body: "evil",
	})
	require.NoError(t, err)
	assert.Equal(t, 401, response.StatusCode)
	assert.Zero(t, calls)
}

// Parameters that are not in the configured URL are appended to it. The others
// must have the same values.
func TestTwilioQueries(t *testing.T) {
	options := webhooks.Options{Secret: "12345", URL: "https://mycompany.com/myapp.php?foo=1&bar=2#rc=2"}
	header := map[string]string{"X-Twilio-Signature": "zYQTYrRWXE7LtzbG4PfP7/bkkGo="} // of twilio-java
	for name, tt := range map[string]struct {
		query map[string]string
		ok    bool
	}{
		"as configured": {map[string]string{"foo": "1", "bar": "2"}, true},
		"omitted":       {nil, true},
		"wrong value":   {map[string]string{"foo": "2", "bar": "2"}, false},
		"additional":    {map[string]string{"foo": "1", "bar": "2", "admin": "1"}, false},
	} {
		err := webhooks.VerifyEvent(webhooks.Twilio,
			events.APIGatewayProxyRequest{Headers: header, QueryStringParameters: tt.query}, options)
		assert.Equal(t, tt.ok, err == nil, "%s: %v", name, err)
	}

	// A GET request has its fields in the query. Signed with
	// echo -n URL | openssl dgst -sha1 -hmac 12345 -binary | base64
	got := events.APIGatewayProxyRequest{
		HTTPMethod:            "GET",
		Headers:               map[string]string{"X-Twilio-Signature": "gIFu1I0nY1UNQ9XtGmzA8z23HKM="},
		QueryStringParameters: map[string]string{"tenant": "1", "AccountSid": "AC1", "Body": "hi"},
	}
	options = webhooks.Options{Secret: "12345", URL: "https://h.example/hook?tenant=1"}
	requireRejected(t, webhooks.VerifyEvent(webhooks.Twilio, got, options), "the order of the query is not known")
	ctx := rawContext("/hook", "tenant=1&AccountSid=AC1&Body=hi")
	_, err := webhooks.VerifyEventContext(ctx, webhooks.Twilio, got, options)
	require.NoError(t, err)
}

// Forms with too many fields are rejected before they are parsed.
func TestTwilioFormLimit(t *testing.T) {
	event := events.APIGatewayProxyRequest{
		Headers: map[string]string{"X-Twilio-Signature": "AAAA", "Content-Type": "application/x-www-form-urlencoded"},
		Body:    strings.Repeat("a&", 1000),
	}
	err := webhooks.VerifyEvent(webhooks.Twilio, event, webhooks.Options{Secret: secret, URL: "https://a.example"})
	require.ErrorContains(t, err, "more than 1000 fields")
}

// After signing, both maps of an event have the same values.
func TestSignEventFillsBothMaps(t *testing.T) {
	event, err := webhooks.SignEvent(webhooks.Twilio, events.APIGatewayProxyRequest{
		Headers:               map[string]string{"A": "1"},
		QueryStringParameters: map[string]string{"foo": "1"},
		Body:                  "{}",
	}, webhooks.Options{Secret: secret, URL: "https://a.example?foo=1"})
	require.NoError(t, err)
	assert.Equal(t, []string{"1"}, event.MultiValueHeaders["A"])
	assert.Equal(t, []string{"1"}, event.MultiValueQueryStringParameters["foo"])
	assert.Len(t, event.MultiValueQueryStringParameters, 2)
	require.NoError(t,
		webhooks.VerifyEvent(webhooks.Twilio, event, webhooks.Options{Secret: secret, URL: "https://a.example?foo=1"}))
}

func TestMalformedSecretsAreNotInErrors(t *testing.T) {
	for scheme, malformed := range map[webhooks.Scheme][]string{
		webhooks.Svix:     {"whsec_not base64!", "whsec_", "whsec_AAA"},
		webhooks.Standard: {"whpk_AAAA", "whsk_!", "whsec_!"},
		webhooks.Discord:  {"xyz", "0"},
		webhooks.GitLab:   {"whsec_!"},
	} {
		for _, secret := range malformed {
			for _, options := range []webhooks.Options{{Secret: secret}, {Secrets: []string{secret}}} {
				err := webhooks.VerifyEvent(scheme, events.APIGatewayProxyRequest{Body: payload}, options)
				requireRejected(t, err)
				assert.NotContains(t, err.Error(), strings.TrimPrefix(secret, "whsec_")+"x")
				if len(secret) > 6 {
					assert.NotContains(t, err.Error(), secret)
				}
			}
		}
	}
}

func TestSignatureHeaderOption(t *testing.T) {
	options := webhooks.Options{Secret: secret, SignatureHeader: "X-Forwarded-Signature"}
	event, err := webhooks.SignEvent(webhooks.GitHub, events.APIGatewayProxyRequest{Body: payload}, options)
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"x-forwarded-signature": referenceSignature(webhooks.SHA256, payload, secret)},
		event.Headers)
	require.NoError(t, webhooks.VerifyEvent(webhooks.GitHub, event, options))
	requireRejected(t, webhooks.VerifyEvent(webhooks.GitHub, event, webhooks.Options{Secret: secret}))
}

// Twilio signs the URL and the fields of a form. Any other body needs a hash in
// the query.
func TestTwilioBodies(t *testing.T) {
	const address = "https://example.com/hook"
	options := webhooks.Options{Secret: secret, URL: address}
	form := map[string]string{"content-type": "application/x-www-form-urlencoded"}
	sign := func(event events.APIGatewayProxyRequest) events.APIGatewayProxyRequest {
		signed, err := webhooks.SignEvent(webhooks.Twilio, event, options)
		require.NoError(t, err)
		return signed
	}
	withoutBody := sign(events.APIGatewayProxyRequest{})
	hashed := sign(events.APIGatewayProxyRequest{Body: `{"a":1}`})
	posted := sign(events.APIGatewayProxyRequest{Body: "a=1", Headers: form})
	for name, event := range map[string]events.APIGatewayProxyRequest{
		"added body": {Headers: withoutBody.Headers, Body: `{"a":1}`},
		"wrong hash": {
			Headers: hashed.Headers, QueryStringParameters: hashed.QueryStringParameters, Body: `{"a":2}`,
		},
		"hash without body": {
			Headers: hashed.Headers, QueryStringParameters: hashed.QueryStringParameters,
		},
		"hash of a form": {
			Headers: mergeMaps(hashed.Headers, form), QueryStringParameters: hashed.QueryStringParameters, Body: "&",
		},
		"form with another content type": {
			Headers: map[string]string{"x-twilio-signature": posted.Headers["x-twilio-signature"]}, Body: "a=1",
		},
		"malformed form": {Headers: posted.Headers, Body: "a=1&b=%zz"},
		"unsigned query parameter": {
			Headers: posted.Headers, Body: "a=1", QueryStringParameters: map[string]string{"admin": "1"},
		},
	} {
		requireRejected(t, webhooks.VerifyEvent(webhooks.Twilio, event, options), name)
	}
}

func mergeMaps(a, b map[string]string) map[string]string {
	merged := maps.Clone(a)
	maps.Copy(merged, b)
	return merged
}

func TestNewMessageID(t *testing.T) {
	signs, _ := secretPair(webhooks.Svix)
	sign := func() string {
		event, err := webhooks.SignEvent(webhooks.Svix, events.APIGatewayProxyRequest{},
			webhooks.Options{Secret: signs})
		require.NoError(t, err)
		return event.Headers["svix-id"]
	}
	first, second := sign(), sign()
	assert.NotEqual(t, first, second)
	id, ok := strings.CutPrefix(first, "msg_")
	require.True(t, ok)
	_, err := hex.DecodeString(id)
	require.NoError(t, err)
}
