package webhooks_test

import (
	"context"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/schemes"
	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

// FuzzDeliveries mutates deliveries that providers signed. VerifyEvent must not
// panic, and must accept only signed content.
func FuzzDeliveries(f *testing.F) {
	all := deliveries()
	for name, form := range twilioForms() {
		all["twilio, form, "+name] = delivery{
			scheme: webhooks.Twilio, secret: "12345", url: form.url, body: form.form,
			headers: map[string]string{"X-Twilio-Signature": form.signature,
				"Content-Type": "application/x-www-form-urlencoded"},
		}
	}
	signedByTwilio := map[string]bool{}
	for _, d := range all {
		if d.scheme == webhooks.Twilio {
			signedByTwilio[signedFields(f, isForm(d.event()), d.body)] = true
		}
	}
	names := slices.Sorted(maps.Keys(all))
	for i, name := range names {
		d := all[name]
		signature, id, timestamp := d.signatureHeaders()
		f.Add(uint8(i), d.body, false, signature, id, timestamp, d.headers["Content-Type"],
			d.query["bodySHA256"], uint8(0))
		f.Add(uint8(i), base64.StdEncoding.EncodeToString([]byte(d.body)), true, signature, id, timestamp,
			d.headers["Content-Type"], d.query["bodySHA256"], uint8(1))
		f.Add(uint8(i), "\xff\xfe", false, signature+","+signature, "", "0", "text/\xff", "", uint8(2))
	}
	f.Fuzz(func(
		t *testing.T, i uint8, body string, encoded bool,
		signature, id, timestamp, contentType, hash string, variant uint8,
	) {
		d := all[names[int(i)%len(names)]]
		event := d.event()
		event.Body, event.IsBase64Encoded = body, encoded
		event.QueryStringParameters = maps.Clone(d.query)
		if hash != "" {
			event.QueryStringParameters = mergeMaps(map[string]string{}, d.query)
			event.QueryStringParameters["bodySHA256"] = hash
		}
		event.Headers = map[string]string{}
		for header := range d.headers {
			value := signature
			switch kind(header) {
			case "id":
				value = id
			case "timestamp":
				value = timestamp
			case "type":
				value = contentType
			}
			switch variant % 3 {
			case 1:
				header = strings.ToUpper(header)
			case 2:
				if event.MultiValueHeaders == nil {
					event.MultiValueHeaders = map[string][]string{}
				}
				event.MultiValueHeaders[header] = []string{"", value}
				continue
			}
			event.Headers[header] = value
		}

		err := webhooks.VerifyEvent(d.scheme, event, d.options())
		if err != nil {
			requireRejected(t, err)
			require.NotContains(t, err.Error(), d.secret)
			return
		}
		wrong := d.options()
		wrong.Secret = otherSecret(d.secret)
		requireRejected(t, webhooks.VerifyEvent(d.scheme, event, wrong))
		switch {
		case d.scheme == webhooks.GitLab && !strings.HasPrefix(d.secret, "whsec_"):
			require.Equal(t, d.secret, signature)
			return
		case d.scheme == webhooks.CloudEvents:
			require.Equal(t, "Bearer "+d.secret, signature)
			return
		case d.scheme == webhooks.Graph: // its body is not signed
			return
		}
		got, err := fn.Body(event)
		require.NoError(t, err)
		_, wantID, wantTimestamp := d.signatureHeaders()
		if wantID != "" {
			require.Equal(t, wantID, id)
		}
		if wantTimestamp != "" {
			require.Equal(t, wantTimestamp, timestamp)
		}
		if d.scheme == webhooks.Twilio {
			// Its deliveries share a secret, and most share a URL, so a signature
			// of one may be valid for another.
			require.Contains(t, signedByTwilio, signedFields(t, isForm(event), string(got)))
			return
		}
		require.Equal(t, d.body, string(got))
	})
}

// FuzzSchemes sends arbitrary requests to every scheme. Nothing may panic, and a
// request that one secret verifies must be rejected with another.
func FuzzSchemes(f *testing.F) {
	const body, address = `{"id":"1","value":[{}]}`, "https://example.com/hook"
	all := schemes.All()
	signed := make([]events.APIGatewayProxyRequest, len(all))
	for i, scheme := range all {
		signs, _ := secretPair(scheme)
		event, err := webhooks.SignEvent(scheme, events.APIGatewayProxyRequest{Body: body},
			webhooks.Options{Secret: signs, URL: address})
		require.NoError(f, err, scheme)
		signed[i] = event
		for _, header := range slices.Sorted(maps.Keys(event.Headers)) {
			f.Add(uint8(i), event.Headers[header], "1700000000", event.Body, false, "validationToken=1")
		}
		f.Add(uint8(i), "\xff.", ".", "e30=", true, "a=%zz")
	}
	f.Fuzz(func(t *testing.T, i uint8, signature, other, body string, encoded bool, query string) {
		scheme := all[int(i)%len(all)]
		event := signed[int(i)%len(all)]
		event.Headers, event.MultiValueHeaders = map[string]string{"Content-Type": other}, nil
		for header := range signed[int(i)%len(all)].Headers {
			event.Headers[header] = signature
			if suffix := kind(header); suffix == "id" || suffix == "timestamp" {
				event.Headers[header] = other
			}
		}
		parameters, _ := url.ParseQuery(query)
		event.Body, event.IsBase64Encoded, event.MultiValueQueryStringParameters = body, encoded, parameters

		_, verifies := secretPair(scheme)
		options := webhooks.Options{Secret: verifies, URL: address, VerifyToken: secret}
		handler := webhooks.Require(scheme, options)(
			func(ctx context.Context, _ events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
				require.NotEmpty(t, webhooks.MessageID(ctx))
				return events.APIGatewayProxyResponse{StatusCode: http.StatusOK}, nil
			})
		_, err := handler(rawContext("/hook", query), event)
		require.NoError(t, err)
		if webhooks.VerifyEvent(scheme, event, options) == nil && scheme != webhooks.Skip {
			options.Secret = otherSecret(verifies)
			requireRejected(t, webhooks.VerifyEvent(scheme, event, options))
		}
	})
}

// signatureHeaders returns the values of a delivery's headers by kind.
func (d delivery) signatureHeaders() (signature, id, timestamp string) {
	for header, value := range d.headers {
		switch kind(header) {
		case "id":
			id = value
		case "timestamp":
			timestamp = value
		case "type":
		default:
			signature = value
		}
	}
	return signature, id, timestamp
}

// kind returns the last word of a header's name in lower case, such as id.
func kind(header string) string {
	words := strings.Split(strings.ToLower(header), "-")
	return words[len(words)-1]
}

func isForm(event events.APIGatewayProxyRequest) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(fn.Header(event, "Content-Type"))),
		"application/x-www-form-urlencoded")
}

// signedFields returns the part of a body that Twilio signs: the names and
// values of a form, sorted and without separators.
func signedFields(t testing.TB, form bool, body string) string {
	if !form {
		return body
	}
	values, err := url.ParseQuery(body)
	require.NoError(t, err)
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		slices.Sort(values[name])
		for _, value := range slices.Compact(values[name]) {
			text.WriteString(name + value)
		}
	}
	return text.String()
}
