package auth

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// ProviderHeader names the provider that issued a request's token. A cookie of that name
// does too, and comes before the header.
const ProviderHeader = "auth-provider"

// CookieScheme is the scheme of credentials that are cookies.
const CookieScheme = "cookie"

// Credentials are what a request brings to say whose it is.
type Credentials struct {
	// Provider is who issued the token.
	Provider string

	// Scheme and Token are the two words of the Authorization header: Bearer and the token, as a
	// rule. Where a cookie names the provider, they are CookieScheme and the whole Cookie header,
	// since it is the decoder that knows the names of its cookies.
	Scheme, Token string

	// Cookies is the Cookie header, whatever names the provider.
	Cookies string
}

// RequestCredentials are those of the request that a [Decoder] or GetCurrentUser is called for.
func RequestCredentials(ctx context.Context) (Credentials, bool) {
	c, ok := ctx.Value(credentialsKey{}).(*credentialsContext)
	if !ok {
		return Credentials{}, false
	}
	return c.Credentials, true
}

type credentialsKey struct{}

// A credentialsContext is a context that has credentials.
type credentialsContext struct {
	context.Context
	Credentials
}

// Value is itself by the key of credentials.
func (c *credentialsContext) Value(key any) any {
	if key == (credentialsKey{}) {
		return c
	}
	return c.Context.Value(key)
}

var errAuthorization = errors.New("auth: the Authorization header is not a scheme and a token: want Bearer")

// credentials are an event's, without a provider where it names none: most requests that nobody is
// signed in for are of that kind, and nothing is wrong with them.
func credentials(event events.APIGatewayProxyRequest) (Credentials, error) {
	cookies := fn.Header(event, "Cookie")
	if provider := cookie(cookies, ProviderHeader); provider != "" {
		return Credentials{Provider: provider, Scheme: CookieScheme, Token: cookies, Cookies: cookies}, nil
	}
	provider := fn.Header(event, ProviderHeader)
	if provider == "" {
		return Credentials{}, nil
	}
	scheme, token, ok := strings.Cut(fn.Header(event, "Authorization"), " ")
	if !ok || scheme == "" || token == "" || strings.Contains(token, " ") {
		return Credentials{}, errAuthorization
	}
	return Credentials{Provider: provider, Scheme: scheme, Token: token, Cookies: cookies}, nil
}

// cookie is the value of the first cookie of a name (RFC 6265, section 5.4), without quotes and
// percent-encoding, or "".
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
