package cli

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/delivery"
	"github.com/fngen/fngen/internal/dotenv"
	"github.com/fngen/fngen/internal/project"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

// A request is what is sent to a function.
type request struct {
	method      string
	path, query string // as they are sent
	host        string
	header      http.Header
	body        []byte

	event bool // it is one of Lambda's, and so is the answer
}

const (
	formType  = "application/x-www-form-urlencoded"
	jsonType  = "application/json"
	textType  = "text/plain; charset=utf-8"
	bytesType = "application/octet-stream"
)

// fresh is the request that the command line describes.
func (v invoker) fresh(dev devServer) (request, error) {
	f, err := findFunction(v.project, v.o.name)
	if err != nil {
		return request{}, err
	}
	own, err := v.project.Webhook(f)
	if err != nil {
		return request{}, err
	}
	r := request{
		method: v.o.method,
		path:   (&url.URL{Path: f.Route}).EscapedPath() + v.o.path,
		query:  strings.Join(v.o.query, "&"),
		host:   dev.host(),
		header: http.Header{},
	}
	sign := v.o.sign || v.o.secret != ""
	switch {
	case v.o.sample != "":
		sign = sign || own != nil
		err = v.sample(&r, own)
	case v.o.data != nil:
		r.body, err = v.read(*v.o.data)
		if len(r.body) > 0 {
			r.header.Set("Content-Type", contentType(r.body, sign && v.verification(f, own).Scheme.SendsForms()))
		}
	}
	if err != nil {
		return request{}, err
	}
	if r.method == "" {
		r.method = http.MethodGet
		if sign || v.o.data != nil || v.o.sample != "" {
			r.method = http.MethodPost
		}
	}
	return v.finish(r, f, own, sign, dev)
}

// contentType is the type of a body that says none.
func contentType(body []byte, form bool) string {
	switch {
	case json.Valid(body):
		return jsonType
	case !utf8.Valid(body):
		return bytesType
	case form:
		return formType
	}
	return textType
}

// sample takes headers and body of a sample event: of the provider before a slash in its name, of the one that the
// command line names, or of the one that the function verifies.
func (v invoker) sample(r *request, own *project.Webhook) error {
	scheme, name := generator.DefaultScheme, v.o.sample
	if own != nil {
		scheme = own.Scheme.Name
	}
	if v.o.webhook != nil {
		scheme = v.o.webhook.Name
	}
	if before, after, ok := strings.Cut(name, "/"); ok {
		if named, err := generator.ParseScheme(before); err == nil {
			scheme, name = named.Name, after
		}
	}
	var random [16]byte
	if _, err := rand.Read(random[:]); err != nil {
		return err
	}
	message, err := delivery.Sample(scheme, name, time.Now(), random)
	if unknown := (*delivery.UnknownError)(nil); errors.As(err, &unknown) {
		usage := usageError{message: err.Error()}
		if nearest := generator.Nearest(name, unknown.Names); nearest != "" {
			usage.hint = "--sample=" + strings.TrimSuffix(v.o.sample, name) + nearest
		}
		return usage
	}
	if err != nil {
		return err
	}
	r.body = message.Body
	for name, value := range message.Header {
		r.header.Set(name, value)
	}
	return nil
}

// replayed is the request of a delivery.
func (v invoker) replayed(ctx context.Context, dev devServer) (request, error) {
	all, err := v.deliveries(ctx, dev)
	if err != nil {
		return request{}, err
	}
	for _, d := range all {
		if d.N != v.o.replay {
			continue
		}
		f, err := findFunction(v.project, d.Function)
		if err != nil {
			return request{}, err
		}
		if v.o.name != "" {
			named, err := findFunction(v.project, v.o.name)
			if err != nil {
				return request{}, err
			}
			if named.Name != f.Name {
				return request{}, usageError{fmt.Sprintf("delivery %d was for %s, not for %s", d.N, f.Name, named.Name), fmt.Sprintf("fngen invoke %s --replay %d", f.Name, d.N)}
			}
		}
		if !strings.HasPrefix(d.Target, "/") { // after the server's address, it could be another's
			return request{}, fmt.Errorf("delivery %d cannot be sent again: it was for %q", d.N, d.Target)
		}
		if d.Omitted > 0 {
			return request{}, fmt.Errorf("delivery %d cannot be sent again: its body of %d bytes was too large to keep", d.N, d.Omitted)
		}
		own, err := v.project.Webhook(f)
		if err != nil {
			return request{}, err
		}
		target, query, _ := strings.Cut(d.Target, "?")
		r := request{
			method: d.Method, path: target, query: query, host: dev.host(), header: d.Header.Clone(),
			body: delivery.Restamp(v.verification(f, own).Scheme.Name, d.Body, time.Now()),
		}
		if r.header == nil {
			r.header = http.Header{}
		}
		r.header.Del("Connection")
		return v.finish(r, f, own, true, dev)
	}
	return request{}, noDeliveryError{v.o.replay}
}

// A noDeliveryError says that a delivery is not kept.
type noDeliveryError struct{ n int }

func (e noDeliveryError) Error() string { return fmt.Sprintf("no delivery %d is kept", e.n) }
func (noDeliveryError) Hint() string    { return "fngen invoke --deliveries" }

// event is the request that hands an event over, as to Lambda:
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func (v invoker) event() (request, error) {
	f, err := findFunction(v.project, v.o.name)
	if err != nil {
		return request{}, err
	}
	file := v.o.event
	if file != "-" {
		file = "@" + file
	}
	body, err := v.read(file)
	if err != nil {
		return request{}, err
	}
	if !json.Valid(body) {
		return request{}, fmt.Errorf("%s is no JSON", v.o.event)
	}
	return request{
		method: http.MethodPost,
		path:   "/2015-03-31/functions/" + url.PathEscape(f.Name) + "/invocations",
		header: http.Header{"Content-Type": {jsonType}},
		body:   body,
		event:  true,
	}, nil
}

// finish makes the changes of the command line to a request, and signs it.
func (v invoker) finish(r request, f project.Function, own *project.Webhook, sign bool, dev devServer) (request, error) {
	for _, header := range v.o.header {
		if http.CanonicalHeaderKey(header[0]) == "Host" {
			r.host = header[1]
		}
	}
	seen := map[string]bool{}
	for _, header := range v.o.header {
		name := http.CanonicalHeaderKey(header[0])
		if !seen[name] { // a header that is given twice has both values
			r.header.Del(name)
		}
		seen[name] = true
		r.header.Add(name, header[1])
	}
	if v.o.bearer != "" {
		token, err := v.readSecret("--bearer", v.o.bearer)
		if err != nil {
			return r, err
		}
		r.header.Set("Authorization", "Bearer "+token)
		if v.o.authProvider != "" {
			r.header.Set("auth-provider", v.o.authProvider)
		}
	}
	for _, assignment := range v.o.set {
		change := delivery.Set
		if mediaType, _, _ := mime.ParseMediaType(r.header.Get("Content-Type")); mediaType == formType {
			change = delivery.SetForm
		}
		body, err := change(r.body, assignment)
		if err != nil {
			return r, flagValueError{flag: "--set", err: err, help: "fngen invoke --help"}
		}
		r.body = body
	}
	if !sign {
		return r, nil
	}
	return v.signed(r, f, own, dev)
}

// verification is how a request is signed: as the function says, or by the scheme that the command line names.
func (v invoker) verification(f project.Function, own *project.Webhook) project.Webhook {
	if own != nil && (v.o.webhook == nil || v.o.webhook.Name == own.Scheme.Name) {
		return *own
	}
	scheme := v.o.webhook
	if scheme == nil {
		fallback, _ := generator.ParseScheme(generator.DefaultScheme) // which is one
		scheme = &fallback
	}
	name, _ := generator.ParseName(f.Name) // a folder that fngen would not have made has no variable
	w := project.Webhook{Scheme: *scheme, SignatureHeader: scheme.SignatureHeader(), URLEnv: scheme.URLEnv()}
	if scheme.IsProvider() || name != (generator.Name{}) {
		w.SecretEnv = scheme.SecretEnv(name)
	}
	return w
}

// A noSecretError says that there is nothing to sign with.
type noSecretError struct{ variable string }

func (e noSecretError) Error() string {
	if e.variable == "" {
		return "there is no secret to sign with, and the function's source names no variable for it"
	}
	return "there is no secret to sign with: " + e.variable + " is not set"
}

func (e noSecretError) Hint() string {
	if e.variable != "" {
		return "set it in .env, or pass --secret @FILE"
	}
	return "--secret @FILE"
}

// A noWebhookError says that a function does not verify what it is sent, as far as its source tells.
type noWebhookError struct{ function string }

func (e noWebhookError) Error() string {
	return e.function + " requires no signature, as its source has it"
}

func (noWebhookError) Hint() string {
	return "--webhook=SCHEME, with --secret @FILE or a variable in .env"
}

// A publicKeyError says that what verifies cannot sign.
type publicKeyError struct{ what string }

func (e publicKeyError) Error() string { return e.what + " is a public key, which signs nothing" }
func (publicKeyError) Hint() string    { return "--secret @FILE, with the private key of the pair" }

// signed is a request as its sender signs it.
func (v invoker) signed(r request, f project.Function, own *project.Webhook, dev devServer) (request, error) {
	how := v.verification(f, own)
	scheme, err := webhooks.ParseScheme(how.Scheme.Name)
	if err != nil {
		return r, err
	}
	variable, err := v.environment()
	if err != nil {
		return r, err
	}
	options := webhooks.Options{SignatureHeader: how.SignatureHeader, Issuer: how.Issuer}
	from := "--secret"
	switch {
	case scheme == webhooks.Skip:
	case v.o.secret != "":
		options.Secret, err = v.readSecret("--secret", v.o.secret)
	case how.Scheme.HasPublicKey():
		return r, publicKeyError{cmp.Or(how.SecretEnv, "what "+f.Name+" verifies with")}
	default:
		options.Secret, from = variable[how.SecretEnv], how.SecretEnv
	}
	switch {
	case err != nil:
		return r, err
	case options.Secret == "" && scheme != webhooks.Skip && own == nil && v.o.webhook == nil:
		return r, noWebhookError{f.Name}
	case options.Secret == "" && scheme != webhooks.Skip:
		return r, noSecretError{how.SecretEnv}
	case scheme == webhooks.Standard && strings.HasPrefix(options.Secret, "whpk_"):
		return r, publicKeyError{from}
	}

	// What the receiver takes for its address: see webhooks.Options.URL. The domain has no port, nor the path a slash at
	// its end, where no public address is known.
	domain, path := withoutPort(r.host), strings.TrimRight(r.path, "/")
	if dev.PublicURL != "" {
		if public, err := url.Parse(dev.PublicURL); err == nil && public.Host != "" {
			domain, path = public.Host, strings.TrimSuffix(public.EscapedPath(), "/")+path
		}
	}
	if how.URLEnv != "" {
		options.URL = variable[how.URLEnv]
	}
	if v.o.publicURL != "" {
		options.URL = v.o.publicURL
		if public, err := url.Parse(options.URL); err == nil && strings.Trim(public.Path, "/") == "" {
			public.Path, public.RawPath, public.RawQuery = "", "", ""
			options.URL = public.String() + r.path // of the server, as fngen dev has it
		}
	}
	if r.query == "" { // which the sender calls with what the address has
		if public, err := url.Parse(options.URL); err == nil {
			r.query = public.RawQuery
		}
	}

	query, err := url.ParseQuery(r.query)
	if err != nil {
		return r, fmt.Errorf("the query: %w", err)
	}
	event := events.APIGatewayProxyRequest{
		HTTPMethod: r.method, Path: r.path, MultiValueHeaders: r.header.Clone(),
		MultiValueQueryStringParameters: maps.Clone(query), Body: string(r.body),
		RequestContext: events.APIGatewayProxyRequestContext{DomainName: domain, Path: path},
	}
	if !utf8.Valid(r.body) {
		event.Body, event.IsBase64Encoded = base64.StdEncoding.EncodeToString(r.body), true
	}
	event, err = webhooks.SignEvent(scheme, event, options)
	if err != nil {
		return r, err
	}
	r.header = http.Header{}
	for name, values := range event.MultiValueHeaders {
		r.header[http.CanonicalHeaderKey(name)] = values
	}
	if !reflect.DeepEqual(url.Values(event.MultiValueQueryStringParameters), query) {
		r.query = url.Values(event.MultiValueQueryStringParameters).Encode()
	}
	r.body = []byte(event.Body)
	if event.IsBase64Encoded {
		r.body, err = base64.StdEncoding.DecodeString(event.Body)
	}
	return r, err
}

// withoutPort is a host as API Gateway tells a function of it.
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

// environment are the variables that the functions find while they are developed.
func (v invoker) environment() (map[string]string, error) {
	environ := v.w.Environ()
	added, err := dotenv.Read(v.project.Root.FS(), dotenv.For("development"), environ)
	if err != nil {
		return nil, err
	}
	variables := map[string]string{}
	for _, variable := range append(environ, added...) {
		name, value, _ := strings.Cut(variable, "=")
		variables[name] = value
	}
	return variables, nil
}

// read is a value of the command line: TEXT, the contents of @FILE, or of standard input for -.
func (v invoker) read(value string) ([]byte, error) {
	if value == "-" {
		return io.ReadAll(v.w.Stdin)
	}
	if file, ok := strings.CutPrefix(value, "@"); ok {
		return os.ReadFile(file)
	}
	return []byte(value), nil
}

// readSecret is a value without the end of line that editors put at a file's end. Its error has nothing of it.
func (v invoker) readSecret(flag, value string) (string, error) {
	text, err := v.read(value)
	if err != nil {
		return "", err
	}
	secret := string(bytes.TrimRight(text, "\r\n"))
	if err := checkValue(secret); err != nil {
		return "", fmt.Errorf("%s: %w", flag, err)
	}
	return secret, nil
}

// checkToken refuses what is no name of a header, and no method: RFC 9110, section 5.6.2.
func checkToken(s string) error {
	for _, r := range s {
		if r > '~' || r <= ' ' || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r) {
			return fmt.Errorf("%q cannot be part of it", r)
		}
	}
	if s == "" {
		return errEmpty
	}
	return nil
}

// checkValue refuses what cannot be the value of a header: RFC 9110, section 5.5.
func checkValue(s string) error {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return errors.New("it has a control character")
		}
	}
	return nil
}

// checkPath refuses what is no path below a function.
func checkPath(s string) error {
	parsed, err := url.Parse("http://host" + s)
	switch {
	case !strings.HasPrefix(s, "/"):
		return errors.New("want a path that starts with /")
	case err != nil:
		return errors.New("it is malformed")
	case strings.ContainsAny(s, "?#"):
		return errors.New("the query goes into --query")
	case parsed.EscapedPath() != s:
		return fmt.Errorf("it has to be escaped: %s", parsed.EscapedPath())
	}
	return nil
}

// checkURL refuses what is no public address.
func checkURL(s string) error {
	parsed, err := url.Parse(s)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return errors.New("want an address such as https://example.com/orders")
	}
	return nil
}
