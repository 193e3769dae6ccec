package invoke

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/project"
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

func TestSignedURL(t *testing.T) {
	tests := []struct{ name, publicURL, variable, query, want string }{
		{"the function's variable", "", "https://shop.example.com/sms", "", "https://shop.example.com/sms"},
		{"an origin", "", "https://shop.example.com", "", "https://shop.example.com/text/%20"},
		{"an origin with a query", "", "https://shop.example.com/", "b=2&a=1", "https://shop.example.com/text/%20?b=2&a=1"},
		{"the option", "https://example.com", "https://other.example.com", "", "https://example.com/text/%20"},
		{"a path", "https://example.com/hooks?a=b", "", "", "https://example.com/hooks?a=b"},
		{"a path, another query", "https://example.com/hooks?a=b", "", "c=d", "https://example.com/hooks?c=d"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := builder{Options: Options{PublicURL: test.publicURL}}
			r := &request{path: "/text/%20", query: test.query}
			got, err := b.signedURL(project.Webhook{URLEnv: "URL"}, map[string]string{"URL": test.variable}, r)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
	_, err := (&builder{}).signedURL(project.Webhook{URLEnv: "SMS_URL"}, nil, &request{})
	require.ErrorContains(t, err, "SMS_URL is not set")
}
