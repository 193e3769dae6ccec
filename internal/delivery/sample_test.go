package delivery_test

import (
	"context"
	"encoding/json"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/delivery"
	"github.com/fngen/fngen/internal/schemes"
	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

var random = [16]byte{0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// keys returns the keys with which messages of a scheme are signed and
// verified.
func keys(scheme webhooks.Scheme) (signing, verifying string) {
	const secret = "MY-VOICE-IS-MY-PASSPORT-VERIFY-ME"
	const encoded = "whsec_TVktVk9JQ0UtSVMtTVktUEFTU1BPUlQtVkVSSUZZLU1F"
	switch scheme {
	case webhooks.Clerk, webhooks.GitLab, webhooks.OpenAI, webhooks.Replicate, webhooks.Resend, webhooks.Standard,
		webhooks.Svix:
		return encoded, encoded
	case webhooks.Discord: // RFC 8032, section 7.1, test 1
		return "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
			"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
	case webhooks.SendGrid: // RFC 6979, appendix A.2.5
		return "MEECAQAwEwYHKoZIzj0CAQYIKoZIzj0DAQcEJzAlAgEBBCDJr6nYRbp1FmtcIVdnsdaTTlDD2zbomxJ7imIrEg9nIQ==",
			"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYP7UuiVanTHJYet0xjVtaMBJuJI7Yfps5mliLmDyn7Z5A/4QCLi8" +
				"maQa6elWKLxk8vGyDC1+n1F3o8KU1EYimQ=="
	}
	return secret, secret
}

// Every sample can be signed and verified. webhooks.Require responds to
// handshakes and passes all other samples to the handler.
func TestSamples(t *testing.T) {
	handshakes := map[string]struct {
		status int
		body   string
	}{
		"slack/url_verification":       {200, `{"challenge":"3eZbrw1aff0102030405060708090a0b"}`},
		"slack/ssl_check":              {200, ""},
		"zoom/endpoint.url_validation": {200, `"plainToken":"ff0102030405060708090a0b"`},
		"discord/interaction.ping":     {200, `{"type":1}`},
		"discord/webhook.ping":         {204, ""},
		"sns/UnsubscribeConfirmation":  {200, ""},
	}
	at := time.Now()
	for _, scheme := range schemes.All() {
		names := delivery.Samples(scheme.String())
		require.NotEmpty(t, names, scheme)
		for _, name := range names {
			t.Run(scheme.String()+"/"+name, func(t *testing.T) {
				message, err := delivery.Sample(scheme.String(), name, at, random)
				require.NoError(t, err)
				event := events.APIGatewayProxyRequest{
					HTTPMethod: http.MethodPost, Path: "/x", Headers: message.Header, Body: string(message.Body),
					RequestContext: events.APIGatewayProxyRequestContext{DomainName: "example.com", Path: "/x"},
				}
				mediaType, _, err := mime.ParseMediaType(fn.Header(event, "Content-Type"))
				require.NoError(t, err)
				switch mediaType {
				case "application/json", "application/cloudevents+json", "text/plain": // SNS sends JSON as text
					assert.True(t, json.Valid(message.Body))
					assert.NotContains(t, event.Body, "\n")
				case "application/x-www-form-urlencoded":
					_, err := url.ParseQuery(event.Body)
					assert.NoError(t, err)
				default:
					t.Errorf("content type %s", mediaType)
				}
				all, err := json.Marshal(message)
				require.NoError(t, err)
				assert.NotContains(t, string(all), "${")
				assert.NotContains(t, event.Body, "${")

				signingKey, secret := keys(scheme)
				signed, err := webhooks.SignEvent(scheme, event,
					webhooks.Options{Secret: signingKey, URL: "https://example.com"})
				require.NoError(t, err)
				options := webhooks.Options{Secret: secret, URL: "https://example.com"}
				require.NoError(t, webhooks.VerifyEvent(scheme, signed, options))
				if scheme != webhooks.Skip {
					assert.Error(t, webhooks.VerifyEvent(scheme, event, options), "sample is already signed")
				}

				called := false
				handler := webhooks.Require(scheme, options)(
					func(ctx context.Context, _ events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
						called = true
						assert.True(t, scheme == webhooks.Skip || webhooks.MessageID(ctx) != "")
						return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, nil
					})
				response, err := handler(context.Background(), signed)
				require.NoError(t, err)
				handshake, ok := handshakes[scheme.String()+"/"+name]
				assert.Equal(t, !ok, called)
				delete(handshakes, scheme.String()+"/"+name)
				if ok {
					assert.Equal(t, handshake.status, response.StatusCode)
					assert.Contains(t, response.Body, handshake.body)
				}
			})
		}
	}
	assert.Empty(t, handshakes, "handshakes without a sample")
}

// Every provider has a directory of samples with the name of its scheme.
func TestSampleDirectories(t *testing.T) {
	dirs := map[string]bool{}
	entries, err := os.ReadDir("samples")
	require.NoError(t, err)
	for _, entry := range entries {
		dirs[entry.Name()] = true
	}
	for _, scheme := range generator.Schemes() {
		assert.Equal(t, scheme.IsProvider(), dirs[scheme.Name], scheme.Name)
		delete(dirs, scheme.Name)
	}
	assert.Equal(t, map[string]bool{"plain": true}, dirs)
}

// A sample has the name by which its provider calls the event, in the body or
// in a header.
func TestSampleNames(t *testing.T) {
	for scheme, pattern := range map[string]string{
		"clerk": `"type":"NAME"`, "paddle": `"event_type":"NAME"`, "square": `"type":"NAME"`, "stripe": `"type":"NAME"`,
		"svix": `"type":"NAME"`, "cloudevents": `"type":"NAME"`, "standard": `"type":"NAME"`, "vercel": `"type":"NAME"`, "zoom": `"event":"NAME"`,
		"shopify": "X-Shopify-Topic: NAME", "discourse": "X-Discourse-Event: NAME",
		"intercom": `"topic":"NAME"`, "openai": `"type":"NAME"`, "pagerduty": `"event_type":"NAME"`,
		"resend": `"type":"NAME"`, "typeform": `"event_type":"NAME"`,
	} {
		for _, name := range delivery.Samples(scheme) {
			message, err := delivery.Sample(scheme, name, time.Now(), random)
			require.NoError(t, err)
			text := string(message.Body)
			for header, value := range message.Header {
				text += "\n" + header + ": " + value
			}
			assert.Contains(t, text, strings.ReplaceAll(pattern, "NAME", name), "%s/%s", scheme, name)
		}
	}
	for _, name := range delivery.Samples("github") {
		message, err := delivery.Sample("github", name, time.Now(), random)
		require.NoError(t, err)
		event, action, hasAction := strings.Cut(name, ".")
		assert.Equal(t, event, message.Header["X-GitHub-Event"])
		assert.Equal(t, hasAction, strings.Contains(string(message.Body), `{"action":"`+action+`"`))
	}
}

// Placeholders are replaced by the time and by values derived from random, with
// the same value everywhere in a message.
func TestPlaceholders(t *testing.T) {
	at := time.Date(2026, 11, 24, 8, 0, 0, 123e6, time.FixedZone("", 3600))
	message, err := delivery.Sample("stripe", "invoice.paid", at, random)
	require.NoError(t, err)
	assert.Contains(t, string(message.Body), `{"id":"evt_ff0102030405060708090a0b","object":"event"`)
	assert.Contains(t, string(message.Body), `"created":1795503600,`)

	other, err := delivery.Sample("stripe", "invoice.paid", at, [16]byte{1})
	require.NoError(t, err)
	assert.NotEqual(t, message, other)

	message, err = delivery.Sample("github", "ping", at, random)
	require.NoError(t, err)
	assert.Equal(t, "ff010203-0405-4607-8809-0a0b0c0d0e0f", message.Header["X-GitHub-Delivery"])
	assert.Contains(t, string(message.Body), `"created_at":"2026-11-24T07:00:00.123Z"`)

	message, err = delivery.Sample("twilio", "call.status", at, random)
	require.NoError(t, err)
	form, err := url.ParseQuery(string(message.Body))
	require.NoError(t, err)
	assert.Equal(t, "CAff0102030405060708090a0b0c0d0e0f", form.Get("CallSid"))
	assert.Equal(t, "Tue, 24 Nov 2026 07:00:00 +0000", form.Get("Timestamp"))
	assert.True(t, strings.HasPrefix(string(message.Body), "CallSid="), "fields are not in the order of the file")

	message, err = delivery.Sample("clerk", "user.deleted", at, random)
	require.NoError(t, err)
	assert.Contains(t, string(message.Body), `"timestamp":1795503600123,`)
	message, err = delivery.Sample("discord", "interaction.ping", at, random)
	require.NoError(t, err)
	assert.Regexp(t, `^\{"id":"[0-9]{18}",`, string(message.Body))
	message, err = delivery.Sample("shopify", "customers/data_request", at, random)
	require.NoError(t, err)
	assert.Regexp(t, `"data_request":\{"id":[0-9]{12}\}`, string(message.Body))
}

func TestUnknownSample(t *testing.T) {
	for _, name := range []string{"nosuch", "", ".", "..", "../stripe/invoice.paid", "orders", "invoice.paid.json"} {
		_, err := delivery.Sample("shopify", name, time.Now(), random)
		var unknown *delivery.UnknownError
		require.ErrorAs(t, err, &unknown, "%q", name)
		assert.Equal(t, delivery.Samples("shopify"), unknown.Names)
		want := "unknown sample \"" + name + "\" of shopify, want one of " +
			"app/uninstalled, customers/data_request, orders/cancelled"
		assert.Contains(t, err.Error(), want)
	}
	assert.Equal(t, delivery.Samples("sha256Verifier"), delivery.Samples(""))
}

// Sample files are indented, end in a newline and contain only addresses at
// example.com.
func TestSampleFiles(t *testing.T) {
	address := regexp.MustCompile(`[\w.]+@[\w.]+`)
	require.NoError(t, filepath.WalkDir("samples", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.True(t, strings.HasPrefix(string(data), "{\n  \"") && strings.HasSuffix(string(data), "\n}\n"), file)
		for _, found := range address.FindAllString(string(data), -1) {
			assert.True(t, strings.HasSuffix(found, "@example.com"), "%s: %s", file, found)
		}
		return nil
	}))
}
