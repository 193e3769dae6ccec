package invoke

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/fngen/fngen/internal/hint"
)

// ParseMethod parses the method of a request, in upper or lower case.
func ParseMethod(text string) (string, error) {
	return strings.ToUpper(text), checkToken(text)
}

// ParseHeader parses a header field in the form NAME:VALUE.
func ParseHeader(text string) (HeaderField, error) {
	name, value, ok := strings.Cut(text, ":")
	if !ok {
		return HeaderField{}, errors.New("want name:value")
	}
	field := HeaderField{Name: name, Value: strings.TrimSpace(value)}
	if err := checkToken(name); err != nil {
		return HeaderField{}, err
	}
	return field, CheckHeaderValue(field.Value)
}

// ParseQuery parses a query parameter in the form NAME=VALUE, and returns it
// encoded.
func ParseQuery(text string) (string, error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return "", errors.New("want name=value")
	}
	return url.QueryEscape(name) + "=" + url.QueryEscape(value), nil
}

// checkToken returns an error if text cannot be a method or the name of a
// header field: RFC 9110, section 5.6.2.
func checkToken(text string) error {
	if text == "" {
		return errors.New("the name is empty")
	}
	for _, r := range text {
		if r > '~' || r <= ' ' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) {
			return fmt.Errorf("%q is not allowed in %q", r, text)
		}
	}
	return nil
}

// CheckHeaderValue returns an error if value cannot be the value of a header
// field: RFC 9110, section 5.5. The error does not quote the value, which may
// be secret.
func CheckHeaderValue(value string) error {
	for i := range len(value) {
		if value[i] < ' ' && value[i] != '\t' || value[i] == 0x7f {
			return errors.New("control characters are not allowed")
		}
	}
	return nil
}

// CheckPath returns an error if path is not an escaped path.
func CheckPath(path string) error {
	parsed, err := url.Parse("http://host" + path)
	switch {
	case !strings.HasPrefix(path, "/"):
		return errors.New("want a path that starts with /")
	case err != nil:
		return errors.New("the path is malformed")
	case strings.ContainsAny(path, "?#"):
		return hint.New("the path contains a query or fragment", "use --query NAME=VALUE for the query")
	case parsed.EscapedPath() != path:
		return fmt.Errorf("the path must be escaped: %s", parsed.EscapedPath())
	}
	return nil
}

// CheckURL returns an error if text is not an absolute HTTP URL.
func CheckURL(text string) error {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return errors.New("want a URL such as https://example.com/orders")
	}
	return nil
}
