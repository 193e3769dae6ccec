package auth

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// ProviderHeader is the name of the header, or of the cookie, that names the
// provider of the request's token. If a request has both, the cookie counts.
const ProviderHeader = "auth-provider"

// CookieScheme is the Scheme of credentials whose provider is named by a
// cookie.
const CookieScheme = "cookie"

// Credentials identify the sender of a request.
type Credentials struct {
	// Provider is the name of the provider that issued the token.
	Provider string

	// Scheme and Token are the two words of the Authorization header, usually
	// Bearer and a token. If a cookie names the provider, they are CookieScheme
	// and the whole Cookie header, since only the decoder knows which cookies
	// it needs.
	Scheme, Token string

	// Cookies is the Cookie header. It is set for every scheme.
	Cookies string
}

// RequestCredentials returns the credentials of the request. It reports false
// unless ctx is the context of a [Decoder] or of GetCurrentUser.
func RequestCredentials(ctx context.Context) (Credentials, bool) {
	credentials, ok := ctx.Value(credentialsKey{}).(Credentials)
	return credentials, ok
}

type credentialsKey struct{}

var errAuthorization = errors.New("auth: missing or malformed Authorization header")

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
	scheme, token, _ := strings.Cut(strings.Trim(fn.Header(event, "Authorization"), " \t"), " ")
	token = strings.TrimLeft(token, " ") // RFC 9110, section 11.4, allows several spaces
	if scheme == "" || token == "" || strings.ContainsAny(token, " \t") {
		return Credentials{}, errAuthorization
	}
	if strings.EqualFold(scheme, CookieScheme) { // the header is not a cookie
		return Credentials{}, errAuthorization
	}
	return Credentials{Provider: provider, Scheme: scheme, Token: token, Cookies: cookies}, nil
}

// cookie returns the value of the first cookie with the given name (RFC 6265,
// section 5.4), unquoted and percent-decoded, or "" if there is none.
func cookie(header, name string) string {
	for header != "" {
		var pair string
		pair, header, _ = strings.Cut(header, ";")
		key, value, ok := strings.Cut(pair, "=")
		if !ok || strings.TrimSpace(key) != name {
			continue
		}
		value = strings.TrimSpace(value)
		if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
			value = value[1 : len(value)-1]
		}
		if decoded, err := url.PathUnescape(value); err == nil {
			return decoded
		}
		return value
	}
	return ""
}
