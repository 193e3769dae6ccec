package invoke

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestContentType(t *testing.T) {
	tests := []struct {
		body       string
		sendsForms bool
		want       string
	}{
		{`{"a":1}`, false, typeJSON},
		{`[]`, false, typeJSON},
		{`1`, false, typeJSON},
		{`hello`, false, typeText},
		{`{"a":`, false, typeText},
		{"\xff", false, typeBytes},
		{"a=b", true, typeForm},
		{"{}", true, typeJSON},
		{"\xff", true, typeBytes},
	}
	for _, test := range tests {
		assert.Equal(t, test.want, contentType([]byte(test.body), test.sendsForms), "%q", test.body)
	}
}

func TestWithoutPort(t *testing.T) {
	tests := []struct{ host, want string }{
		{"127.0.0.1:8911", "127.0.0.1"},
		{"example.com", "example.com"},
		{"example.com:80", "example.com"},
		{"[::1]:80", "[::1]"},
		{"[::1]", "[::1]"},
	}
	for _, test := range tests {
		assert.Equal(t, test.want, withoutPort(test.host))
	}
}

func TestSignedURL(t *testing.T) {
	tests := []struct{ name, publicURL, variable, want string }{
		{"none", "", "", ""},
		{"the function's variable", "", "https://shop.example.com/sms", "https://shop.example.com/sms"},
		{"a server", "https://example.com", "https://other.example.com", "https://example.com/sms"},
		{"a server, trailing slash", "https://example.com/?a=b", "", "https://example.com/sms"},
		{"a path", "https://example.com/hooks?a=b", "", "https://example.com/hooks?a=b"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := builder{Options: Options{PublicURL: test.publicURL}}
			assert.Equal(t, test.want, b.signedURL(test.variable, "/sms"))
		})
	}
}
