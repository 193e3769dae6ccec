package webhooks

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// urls returns the URL that the sender signs and, if there is one, the other
// form of that URL that it may sign. Both are "" if the sender does not sign
// the URL.
func (f *format) urls(event *events.APIGatewayProxyRequest, o *Options) (url, alternate string, err error) {
	if !f.signsURL {
		return "", "", nil
	}
	url, err = o.publicURL(event, f.bodyHashParam)
	if err == nil && f.optionalPort {
		alternate, err = togglePort(url)
	}
	return url, alternate, err
}

// publicURL returns the public URL of a request with its query. The maps of an
// event do not preserve the order of the parameters, so they are appended in
// the order of their names, except for lastParam, which the sender appends
// last. If the order matters, the configured URL must include the query.
func (o *Options) publicURL(event *events.APIGatewayProxyRequest, lastParam string) (string, error) {
	address, err := o.baseURL(event)
	if err != nil {
		return "", err
	}
	_, rawQuery, hasQuery := strings.Cut(address, "?")
	configured, err := url.ParseQuery(rawQuery)
	if err != nil {
		return "", errors.New("the query of the public URL is malformed")
	}

	sent := url.Values(event.MultiValueQueryStringParameters)
	if len(sent) == 0 {
		sent = url.Values{}
		for name, value := range event.QueryStringParameters {
			sent.Set(name, value)
		}
	}
	names := make([]string, 0, len(sent))
	for name := range sent {
		if name != lastParam {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range append(names, lastParam) {
		if values, ok := configured[name]; ok {
			if len(sent[name]) > 0 && !slices.Equal(values, sent[name]) {
				return "", fmt.Errorf("the query parameter %q differs from the public URL's", name)
			}
			continue
		}
		for _, value := range sent[name] {
			separator := "&"
			if !hasQuery {
				separator, hasQuery = "?", true
			}
			address += separator + url.QueryEscape(name) + "=" + url.QueryEscape(value)
		}
	}
	return address, nil
}

// baseURL returns the configured URL without its fragment, or the URL that API
// Gateway reports. It ignores headers, because the client chooses them.
func (o *Options) baseURL(event *events.APIGatewayProxyRequest) (string, error) {
	if address, _, _ := strings.Cut(o.url(), "#"); address != "" {
		return address, nil
	}
	domain, path := event.RequestContext.DomainName, event.RequestContext.Path
	if path == "" {
		path = event.Path
	}
	if domain == "" {
		err := errors.New("the public URL is not known")
		if o.URLEnv != "" {
			err = fmt.Errorf("%w: environment variable %s is empty", err, o.URLEnv)
		}
		return "", err
	}
	return "https://" + domain + path, nil
}

// togglePort returns the address without its port or, if it has none, with the
// default port of its URL scheme.
func togglePort(address string) (string, error) {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme == "" || parsed.Host == "" {
		return "", errors.New("the public URL is malformed")
	}
	start := strings.Index(address, "://") + len("://")
	if parsed.User != nil {
		start += strings.Index(address[start:], "@") + 1
	}
	end := start + len(parsed.Host)
	if port := parsed.Port(); port != "" {
		return address[:end-len(":"+port)] + address[end:], nil
	}
	port := ":443"
	if parsed.Scheme == "http" {
		port = ":80"
	}
	return address[:end] + port + address[end:], nil
}

// maxFields limits the fields of a form. Twilio sends a few dozen.
const maxFields = 1000

// form returns the part of the signed content that comes from a form body: the
// names and values, sorted by name, without duplicates or separators. Any other
// body must have its hash in the query. A hash in the query must match, even if
// the body is a form. Schemes without a bodyHashParam do not sign forms.
func (f *format) form(event *events.APIGatewayProxyRequest, body segment) (string, error) {
	if f.bodyHashParam == "" {
		return "", nil
	}
	hash := event.QueryStringParameters[f.bodyHashParam]
	if values := event.MultiValueQueryStringParameters[f.bodyHashParam]; len(values) > 0 {
		hash = values[len(values)-1]
	}
	if hash != "" && hash != body.sha256Hex() {
		return "", fmt.Errorf("the body does not match the hash in the query parameter %s", f.bodyHashParam)
	}
	if !isForm(*event) {
		if hash == "" && !body.empty() {
			return "", fmt.Errorf("the body is not a form, and the query has no %s", f.bodyHashParam)
		}
		return "", nil
	}
	if strings.Count(body.text, "&")+bytes.Count(body.bytes, []byte("&")) >= maxFields {
		return "", fmt.Errorf("the form has too many fields: at most %d are allowed", maxFields)
	}
	fields, err := url.ParseQuery(string(body.data()))
	if err != nil {
		return "", errors.New("the form is malformed")
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	var signed strings.Builder
	for _, name := range names {
		values := slices.Clone(fields[name])
		slices.Sort(values)
		for _, value := range slices.Compact(values) {
			signed.WriteString(name)
			signed.WriteString(value)
		}
	}
	return signed.String(), nil
}

// isForm reports whether the Content-Type is that of a URL-encoded form.
func isForm(event events.APIGatewayProxyRequest) bool {
	mediaType, _, _ := mime.ParseMediaType(fn.Header(event, "Content-Type"))
	return mediaType == "application/x-www-form-urlencoded"
}
