package invoke

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestParseMethod(t *testing.T) {
	for text, want := range map[string]string{"get": "GET", "PROPFIND": "PROPFIND", "": "", "GE T": "GE T"} {
		method, err := ParseMethod(text)
		assert.Equal(t, want, method)
		assert.Equal(t, text == "" || text == "GE T", err != nil, "%q: %v", text, err)
	}
}

func TestParseHeader(t *testing.T) {
	field, err := ParseHeader("X-Time: 12:30 ")
	assert.NoError(t, err)
	assert.Equal(t, HeaderField{"X-Time", "12:30"}, field)
	field, err = ParseHeader("X-Empty:")
	assert.NoError(t, err)
	assert.Equal(t, HeaderField{"X-Empty", ""}, field)
	for text, want := range map[string]string{
		"x":         "want name:value",
		":b":        "the name is empty",
		"a b: c":    `' ' is not allowed in "a b"`,
		"é: c":      `'é' is not allowed in "é"`,
		"a: b\r\nc": "control characters are not allowed",
		"a: \x7f":   "control characters are not allowed",
	} {
		_, err := ParseHeader(text)
		assert.EqualError(t, err, want, "%q", text)
	}
}

func TestParseQuery(t *testing.T) {
	for text, want := range map[string]string{"a=b": "a=b", "a b=c&d": "a+b=c%26d", "a=": "a=", "a=b=c": "a=b%3Dc"} {
		query, err := ParseQuery(text)
		assert.NoError(t, err)
		assert.Equal(t, want, query)
	}
	for _, text := range []string{"", "a", "=b"} {
		_, err := ParseQuery(text)
		assert.EqualError(t, err, "want name=value", "%q", text)
	}
}

func TestCheckPath(t *testing.T) {
	for path, want := range map[string]string{
		"/":      "",
		"/a/b%2": "the path is malformed",
		"/a%20b": "",
		"/a b":   "the path must be escaped: /a%20b",
		"a":      "want a path that starts with /",
		"":       "want a path that starts with /",
		"/a?b=c": "the path contains a query or fragment",
		"/a#b":   "the path contains a query or fragment",
	} {
		if err := CheckPath(path); want == "" {
			assert.NoError(t, err, "%q", path)
		} else {
			assert.EqualError(t, err, want, "%q", path)
		}
	}
}

func TestCheckURL(t *testing.T) {
	for text, isValid := range map[string]bool{
		"https://example.com": true, "http://localhost:8911/a?b=c": true,
		"": false, "example.com": false, "ftp://example.com": false, "https://": false, "http://a/%zz": false,
	} {
		assert.Equal(t, isValid, CheckURL(text) == nil, "%q", text)
	}
}
