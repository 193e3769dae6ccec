package webhooks_test

import (
	"encoding/base64"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

// FuzzDeliveries changes deliveries that providers signed. Whatever becomes of them nothing panics, and
// what still verifies says just what was signed: nobody can have signed anything else.
func FuzzDeliveries(f *testing.F) {
	all := deliveries()
	for name, form := range twilioForms() {
		all["twilio, form, "+name] = delivery{
			scheme: webhooks.Twilio, secret: "12345", url: form.url, body: form.form,
			headers: map[string]string{"X-Twilio-Signature": form.signature, "Content-Type": "application/x-www-form-urlencoded"},
		}
	}
	twilio := map[string]bool{}
	for _, d := range all {
		if d.scheme == webhooks.Twilio {
			twilio[fields(f, isForm(d.event()), d.body)] = true
		}
	}
	names := slices.Sorted(maps.Keys(all))
	for i, name := range names {
		d := all[name]
		signature, id, stamp := d.parts()
		f.Add(uint8(i), d.body, false, signature, id, stamp, d.headers["Content-Type"], d.query["bodySHA256"], uint8(0))
		f.Add(uint8(i), base64.StdEncoding.EncodeToString([]byte(d.body)), true, signature, id, stamp, d.headers["Content-Type"], d.query["bodySHA256"], uint8(1))
		f.Add(uint8(i), "\xff\xfe", false, signature+","+signature, "", "0", "text/\xff", "", uint8(2))
	}
	f.Fuzz(func(t *testing.T, i uint8, body string, encoded bool, signature, id, stamp, contentType, hash string, spelling uint8) {
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
				value = stamp
			case "type":
				value = contentType
			}
			switch spelling % 3 {
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
			require.ErrorIs(t, err, webhooks.ErrVerification)
			require.NotContains(t, err.Error(), d.secret)
			return
		}
		wrong := d.options()
		wrong.Secret = otherSecret(d.secret)
		require.ErrorIs(t, webhooks.VerifyEvent(d.scheme, event, wrong), webhooks.ErrVerification)
		if d.scheme == webhooks.GitLab && !strings.HasPrefix(d.secret, "whsec_") {
			require.Equal(t, d.secret, signature)
			return
		}
		got, err := fn.Body(event)
		require.NoError(t, err)
		_, wantID, wantStamp := d.parts()
		if wantID != "" {
			require.Equal(t, wantID, id)
		}
		if wantStamp != "" {
			require.Equal(t, wantStamp, stamp)
		}
		if d.scheme == webhooks.Twilio {
			// Its deliveries have one secret and mostly one URL: each signature goes with each of them.
			require.Contains(t, twilio, fields(t, isForm(event), string(got)))
			return
		}
		require.Equal(t, d.body, string(got))
	})
}

// parts are the values of a delivery's headers, by kind.
func (d delivery) parts() (signature, id, stamp string) {
	for header, value := range d.headers {
		switch kind(header) {
		case "id":
			id = value
		case "timestamp":
			stamp = value
		case "type":
		default:
			signature = value
		}
	}
	return signature, id, stamp
}

func kind(header string) string {
	words := strings.Split(strings.ToLower(header), "-")
	return words[len(words)-1]
}

func isForm(event events.APIGatewayProxyRequest) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimSpace(fn.Header(event, "Content-Type"))), "application/x-www-form-urlencoded")
}

// fields are the names and values of a form as Twilio strings them together, which is all that it signs.
func fields(t testing.TB, form bool, body string) string {
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
