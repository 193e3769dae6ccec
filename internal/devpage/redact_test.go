package devpage

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Secrets are redacted in headers, whatever the sender calls its signature.
func TestRedactHeader(t *testing.T) {
	h := http.Header{"Accept": {"a", "b"}, "X-Request-Id": {"7"}, "Location": {"/?token=secret&a=1"}}
	for _, name := range []string{
		"Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "Stripe-Signature", "X-Hub-Signature-256",
		"X-Shopify-Hmac-Sha256", "X-Gitlab-Token", "Webhook-Signature", "Paypal-Transmission-Sig",
		"X-Square-Hmacsha256-Signature", "X-Twilio-Signature",
	} {
		h.Set(name, "secret")
	}
	fields := redactHeader(h)
	assert.Len(t, fields, len(h)+1)
	for _, f := range fields {
		assert.NotContains(t, f.Value, "secret", f.Name)
	}
	assert.Equal(t, Field{"Accept", "a"}, fields[0])
	assert.Equal(t, Field{"Accept", "b"}, fields[1])
	assert.Contains(t, fields, Field{"X-Request-Id", "7"})
	assert.Contains(t, fields, Field{"Location", "/?token=[redacted]&a=1"})
}

// Secrets are redacted in the bodies of the usual media types. Other bodies are
// not shown.
func TestBodyView(t *testing.T) {
	const form, json = "application/x-www-form-urlencoded", "application/json"
	for _, test := range []struct{ contentType, body, want, note string }{
		{json, `{"a":{"password":"secret","n":12345678901234567890},"l":[{"token":"secret"}]}`,
			`{"a":{"n":12345678901234567890,"password":"[redacted]"},"l":[{"token":"[redacted]"}]}`, ""},
		{"", `{"api_key":"secret"}`, `{"api_key":"[redacted]"}`, ""},
		{form, "a=1&token=secret&b=2", "a=1&token=[redacted]&b=2", ""},
		{form + "; charset=utf-8", "token=secret", "token=[redacted]", ""},
		{form, "payload=%7B%22token%22%3A%22secret%22%7D", "payload=%7B%22token%22%3A%22%5Bredacted%5D%22%7D", ""},
		{"text/plain", "postgres://u:secret@h/db", "postgres://u:[redacted]@h/db", ""},
		{"multipart/form-data; boundary=x", "secret", "", "the parts of multipart/form-data are not shown"},
		{"image/png", "\xff\xfesecret", "", "binary data"},
		{json, "", "", ""},
	} {
		v := Body{[]byte(test.body), len(test.body)}.view(test.contentType)
		assert.Equal(t, BodyView{len(test.body), test.want, test.note}, v, test.body)
	}
	assert.Equal(t, BodyView{Size: 9, Note: "too large to record"}, Body{nil, 9}.view(json))
	assert.Equal(t, "/f?sig=[redacted]&a=b", redactTarget("/f?sig=secret&a=b"))
}

// A request that was edited is sent with the recorded secrets.
func TestRestore(t *testing.T) {
	header := http.Header{"Authorization": {"Bearer secret"}, "Content-Type": {"application/json"}, "X": {"1", "2"}}
	text := func(s string) *string { return &s }
	record := func(body string) Record {
		return Record{Target: "/f?token=secret&a=1", Header: header, Body: Body{[]byte(body), len(body)}}
	}
	const original = `{"z":1.50,"password":"secret","list":[{"token":"secret"}],"url":"http://u:secret@h/"}`
	shown := Body{[]byte(original), len(original)}.view("").Text
	for _, test := range []struct{ name, body, want string }{
		{"unchanged", shown, original},
		{"white space", "  " + shown, original},
		{"one field", strings.Replace(shown, "1.50", "2", 1),
			`{"list":[{"token":"secret"}],"password":"secret","url":"http://u:secret@h/","z":2}`},
		{"new secret", `{"password":"other"}`, `{"password":"other"}`},
		{"other body", `text`, `text`},
		{"empty", ``, ``},
	} {
		e := EditedRequest{"PUT", "/f?token=[redacted]&a=2", redactHeader(header), text(test.body)}
		r, err := e.restore(record(original))
		assert.NoError(t, err, test.name)
		assert.Equal(t, test.want, string(r.Body), test.name)
		assert.Equal(t, header, r.Header)
		assert.Equal(t, "/f?token=secret&a=2", r.Target)
	}

	form := Record{
		Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		Body:   Body{[]byte("token=secret&a=1"), 16},
	}
	r, err := EditedRequest{"POST", "/f", nil, text("token=[redacted]&a=2")}.restore(form)
	assert.NoError(t, err)
	assert.Equal(t, "token=secret&a=2", string(r.Body))

	for name, e := range map[string]EditedRequest{
		"no method":         {"", "/f", nil, nil},
		"no path":           {"GET", "f", nil, nil},
		"moved placeholder": {"GET", "/f", nil, text(`{"other":"[redacted]"}`)},
		"another query":     {"GET", "/f?other=[redacted]", nil, nil},
	} {
		_, err := e.restore(record(original))
		assert.Error(t, err, name)
	}
	_, err = EditedRequest{"GET", "/f", nil, nil}.restore(Record{Body: Body{nil, MaxBody + 1}})
	assert.ErrorContains(t, err, "too large to record")
}
