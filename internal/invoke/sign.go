package invoke

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/project"
	"github.com/fngen/fngen/internal/schemes"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

// signature returns how to sign the request: as the function verifies it, or by
// the scheme of the options with that scheme's defaults.
func (b *builder) signature() project.Webhook {
	if b.webhook != nil && (b.Scheme == nil || b.Scheme.Name == b.webhook.Scheme.Name) {
		return *b.webhook
	}
	scheme := b.Scheme
	if scheme == nil {
		parsed, _ := generator.ParseScheme(generator.DefaultScheme) // a constant that is valid
		scheme = &parsed
	}
	w := project.Webhook{Scheme: *scheme, SignatureHeader: scheme.SignatureHeader(), URLEnv: scheme.URLEnv()}
	// The variable of a scheme without a provider is named after the function.
	// A directory that fngen would not have created may have no such name.
	name, err := generator.ParseName(b.function.Name)
	if scheme.IsProvider() || err == nil {
		w.SecretEnv = scheme.SecretEnv(name)
	}
	return w
}

// sign signs r as its sender would.
func (b *builder) sign(r *request) error {
	signature := b.signature()
	scheme := schemes.Named(signature.Scheme.Name)
	variables, err := b.variables()
	if err != nil {
		return err
	}
	options := webhooks.Options{SignatureHeader: signature.SignatureHeader, Issuer: signature.Issuer}
	if scheme != webhooks.Skip {
		if options.Secret, err = b.secret(signature, variables); err != nil {
			return err
		}
	}
	options.URL = b.signedURL(variables[signature.URLEnv], r.path)
	if r.query == "" { // the sender calls the URL with the query that it has
		if signed, err := url.Parse(options.URL); err == nil {
			r.query = signed.RawQuery
		}
	}
	event, err := b.proxyEvent(r)
	if err != nil {
		return err
	}
	signed, err := webhooks.SignEvent(scheme, event, options)
	if err != nil {
		return err
	}
	return r.apply(signed)
}

// secret returns the secret to sign with.
func (b *builder) secret(signature project.Webhook, variables map[string]string) (string, error) {
	secret, source := b.Secret, "the secret"
	if secret == "" {
		if signature.Scheme.HasPublicKey() {
			return "", publicKeyError(cmp.Or(signature.SecretEnv, "the key that "+b.function.Name+" verifies with"))
		}
		secret, source = variables[signature.SecretEnv], signature.SecretEnv
	}
	switch {
	case secret == "" && b.webhook == nil && b.Scheme == nil:
		return "", hint.New(b.function.Name+" does not verify signatures",
			"choose a scheme and a secret: --webhook=SCHEME --secret @FILE")
	case secret == "" && signature.SecretEnv == "":
		return "", hint.New("no secret to sign with: the function's source names no environment variable",
			"pass --secret @FILE")
	case secret == "":
		return "", hint.New("no secret to sign with: "+signature.SecretEnv+" is not set",
			"set it in .env, or pass --secret @FILE")
	case signature.Scheme.Name == webhooks.Standard.String() && strings.HasPrefix(secret, "whpk_"):
		return "", publicKeyError(source)
	}
	return secret, nil
}

// publicKeyError reports that a key can verify signatures but not create them.
func publicKeyError(name string) error {
	return hint.New(name+" is a public key, which cannot sign", "pass the private key of the pair: --secret @FILE")
}

// signedURL returns the URL to sign: the public URL of the options, or else the
// value of the function's variable. A public URL without a path is that of the
// server, as for fngen dev, so the request's path is appended to it.
func (b *builder) signedURL(variable, path string) string {
	if b.PublicURL == "" {
		return variable
	}
	public, err := url.Parse(b.PublicURL)
	if err != nil || strings.Trim(public.Path, "/") != "" {
		return b.PublicURL
	}
	public.Path, public.RawPath, public.RawQuery = "", "", ""
	return public.String() + path
}

// proxyEvent returns r as the event that the function will receive. Its domain
// and path must be those that fngen dev reports, because the receiver falls
// back to them as the signed URL: see webhooks.Options.URL. Without a public
// URL the domain has no port and the path no trailing slash.
func (b *builder) proxyEvent(r *request) (events.APIGatewayProxyRequest, error) {
	query, err := url.ParseQuery(r.query)
	if err != nil {
		return events.APIGatewayProxyRequest{}, fmt.Errorf("parsing the query: %w", err)
	}
	domain, path := withoutPort(r.host), strings.TrimRight(r.path, "/")
	if b.dev.publicURL != "" {
		if public, err := url.Parse(b.dev.publicURL); err == nil && public.Host != "" {
			domain, path = public.Host, strings.TrimSuffix(public.EscapedPath(), "/")+path
		}
	}
	event := events.APIGatewayProxyRequest{
		HTTPMethod: r.method, Path: r.path, MultiValueHeaders: r.header.Clone(),
		MultiValueQueryStringParameters: maps.Clone(query), Body: string(r.body),
		RequestContext: events.APIGatewayProxyRequestContext{DomainName: domain, Path: path},
	}
	if !utf8.Valid(r.body) {
		event.Body, event.IsBase64Encoded = base64.StdEncoding.EncodeToString(r.body), true
	}
	return event, nil
}

// apply copies what signing may have changed from a signed event to r.
func (r *request) apply(event events.APIGatewayProxyRequest) error {
	r.header = http.Header{}
	for name, values := range event.MultiValueHeaders {
		r.header[http.CanonicalHeaderKey(name)] = values
	}
	// An unchanged query keeps its order and escapes.
	query, err := url.ParseQuery(r.query)
	if err != nil {
		return err
	}
	if signed := url.Values(event.MultiValueQueryStringParameters); !reflect.DeepEqual(signed, query) {
		r.query = signed.Encode()
	}
	r.body = []byte(event.Body)
	if event.IsBase64Encoded {
		r.body, err = base64.StdEncoding.DecodeString(event.Body)
	}
	return err
}

// withoutPort returns a host without its port, as API Gateway reports domains.
func withoutPort(host string) string {
	name, _, err := net.SplitHostPort(host)
	switch {
	case err != nil:
		return host
	case strings.Contains(name, ":"):
		return "[" + name + "]"
	}
	return name
}
