package invoke

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
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
	if command := signature.Scheme.SendCommand(); command != "" {
		return hint.New("only the sender has the key that signs for "+signature.Scheme.Name, command)
	}
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
	if signature.Scheme.URLEnv() != "" {
		if options.URL, err = b.signedURL(signature, variables, r); err != nil {
			return err
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

// signedURL returns the URL to sign: the public URL of the options or of the
// function's variable, with the query of the request. To a public URL without a
// path, which is that of a server, the request's path is added. If the request
// has no query, it gets the one of the public URL.
func (b *builder) signedURL(signature project.Webhook, variables map[string]string, r *request) (string, error) {
	address := cmp.Or(b.PublicURL, variables[signature.URLEnv])
	if address == "" {
		return "", hint.New("no URL to sign: "+cmp.Or(signature.URLEnv, "the public URL")+" is not set",
			"set it in .env, for example to https://example.com, or pass --public-url URL")
	}
	public, err := url.Parse(address)
	if err != nil || public.Host == "" {
		return "", fmt.Errorf("%s is not a URL", signature.URLEnv)
	}
	base, query, _ := strings.Cut(address, "?")
	if strings.Trim(public.Path, "/") == "" {
		base = public.Scheme + "://" + public.Host + r.path
	}
	if r.query == "" {
		r.query = query
	}
	return strings.TrimSuffix(base+"?"+r.query, "?"), nil
}

// proxyEvent returns r as the event that the function will receive.
func (b *builder) proxyEvent(r *request) (events.APIGatewayProxyRequest, error) {
	query, err := url.ParseQuery(r.query)
	if err != nil {
		return events.APIGatewayProxyRequest{}, fmt.Errorf("parsing the query: %w", err)
	}
	event := events.APIGatewayProxyRequest{
		HTTPMethod: r.method, Path: r.path, MultiValueHeaders: r.header.Clone(),
		MultiValueQueryStringParameters: query, Body: string(r.body),
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
	// The query keeps its order and escapes. The sender appends parameters.
	query, err := url.ParseQuery(r.query)
	if err != nil {
		return err
	}
	added := url.Values(maps.Clone(event.MultiValueQueryStringParameters))
	maps.DeleteFunc(added, func(name string, _ []string) bool { return query.Has(name) })
	if len(added) > 0 {
		r.query = strings.TrimPrefix(r.query+"&"+added.Encode(), "&")
	}
	r.body = []byte(event.Body)
	if event.IsBase64Encoded {
		r.body, err = base64.StdEncoding.DecodeString(event.Body)
	}
	return err
}
