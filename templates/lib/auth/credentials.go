package auth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// ProviderHeader is the name of the header or cookie that names the provider of
// the request's token. If a request has both, the cookie takes precedence.
const ProviderHeader = "auth-provider"

// CookieScheme is the Scheme of credentials if a cookie names the provider.
const CookieScheme = "cookie"

// Credentials identify the sender of a request.
type Credentials struct {
	// Provider is the name of the provider that issued the token.
	Provider string

	// Scheme and Token are the two words of the Authorization header, usually
	// Bearer and a token. If a cookie names the provider, they are CookieScheme
	// and the whole Cookie header, from which the decoder takes its cookies.
	Scheme, Token string

	// Cookies is the Cookie header. It is set with every scheme.
	Cookies string
}

// RequestCredentials returns the credentials of the request. It reports false
// unless ctx is the context of a [Decoder] or of GetCurrentUser.
func RequestCredentials(ctx context.Context) (Credentials, bool) {
	credentials, ok := ctx.Value(credentialsKey{}).(Credentials)
	return credentials, ok
}

type credentialsKey struct{}

// parseCredentials returns the credentials of an event. Provider is empty if
// the event names none, which is not an error: the request is anonymous.
func parseCredentials(event events.APIGatewayProxyRequest) (Credentials, error) {
	cookies := fn.Header(event, "Cookie")
	if provider := cookie(cookies, ProviderHeader); provider != "" {
		return Credentials{Provider: provider, Scheme: CookieScheme, Token: cookies, Cookies: cookies}, nil
	}
	provider := fn.Header(event, ProviderHeader)
	if provider == "" {
		return Credentials{}, nil
	}
	authorization := strings.Trim(fn.Header(event, "Authorization"), " \t")
	words := strings.FieldsFunc(authorization, func(r rune) bool { return r == ' ' }) // RFC 9110, section 11.4
	if len(words) != 2 || strings.Contains(words[1], "\t") || strings.EqualFold(words[0], CookieScheme) {
		return Credentials{}, errors.New("auth: missing or malformed Authorization header")
	}
	return Credentials{Provider: provider, Scheme: words[0], Token: words[1], Cookies: cookies}, nil
}

// cookie returns the value of the named cookie, percent-decoded, or "" if the
// header does not have it.
func cookie(header, name string) string {
	request := http.Request{Header: http.Header{"Cookie": {header}}}
	found, err := request.Cookie(name)
	if err != nil {
		return ""
	}
	value := strings.TrimSpace(found.Value)
	if decoded, err := url.PathUnescape(value); err == nil {
		return decoded
	}
	return value
}
