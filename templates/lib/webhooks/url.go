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

// urls are the ways in which the sender may have written the address that it signs, of
// which the second is "" where there is one, and both where it signs none.
func (w *way) urls(event *events.APIGatewayProxyRequest, o *Options) (url, other string, err error) {
	if !strings.Contains(w.content, "{url}") {
		return "", "", nil
	}
	url, err = o.address(event, w.hashQuery)
	if err == nil && w.anyPort {
		other, err = otherPort(url)
	}
	return url, other, err
}

// address is the public address of a request. Of a query, the event has no order: where that
// matters, it has to be in the URL of the options. last is the parameter that the sender adds.
func (o *Options) address(event *events.APIGatewayProxyRequest, last string) (string, error) {
	address, _, _ := strings.Cut(o.url(), "#") // which no request has
	if address == "" {
		domain, path := event.RequestContext.DomainName, event.RequestContext.Path
		if path == "" {
			path = event.Path
		}
		if domain == "" {
			return "", errors.New("the public URL is unknown" + unsetURL(o.URLEnv))
		}
		address = "https://" + domain + path
	}
	_, rawQuery, separated := strings.Cut(address, "?")
	configured, err := url.ParseQuery(rawQuery)
	if err != nil {
		return "", errors.New("the public URL has a malformed query")
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
		if name != last {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range append(names, last) {
		if values, ok := configured[name]; ok {
			if len(sent[name]) > 0 && !slices.Equal(values, sent[name]) {
				return "", fmt.Errorf("the query has another %q than the public URL", name)
			}
			continue
		}
		for _, value := range sent[name] {
			separator := "&"
			if !separated {
				separator, separated = "?", true
			}
			address += separator + url.QueryEscape(name) + "=" + url.QueryEscape(value)
		}
	}
	return address, nil
}

func unsetURL(env string) string {
	if env == "" {
		return ""
	}
	return ": " + env + " is empty"
}

// otherPort is an address with its port left out, or with the scheme's where it had none.
func otherPort(address string) (string, error) {
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

// maxFields bounds a form. Twilio sends some dozens.
const maxFields = 1000

// form is what is signed of a body, where the scheme has {form} in its content: a form's names and
// values, sorted, each once and with nothing between them. Any other body is signed by its
// SHA-256 in the query, which has to be right wherever it is.
func (w *way) form(event *events.APIGatewayProxyRequest, body part) (string, error) {
	if w.hashQuery == "" {
		return "", nil
	}
	query := event.QueryStringParameters[w.hashQuery]
	if values := event.MultiValueQueryStringParameters[w.hashQuery]; len(values) > 0 {
		query = values[len(values)-1]
	}
	if query != "" && query != (content{body}).sum() {
		return "", fmt.Errorf("the payload is not what %s says", w.hashQuery)
	}
	if !isForm(*event) {
		if query == "" && !body.empty() {
			return "", fmt.Errorf("the payload is no form, and the query has no %s", w.hashQuery)
		}
		return "", nil
	}
	if strings.Count(body.text, "&")+bytes.Count(body.bytes, []byte("&")) >= maxFields {
		return "", errors.New("the payload has too many fields")
	}
	fields, err := url.ParseQuery(string(body.data()))
	if err != nil {
		return "", errors.New("the payload is a malformed form")
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	var text strings.Builder
	for _, name := range names {
		values := slices.Clone(fields[name])
		slices.Sort(values)
		for _, value := range slices.Compact(values) {
			text.WriteString(name)
			text.WriteString(value)
		}
	}
	return text.String(), nil
}

func isForm(event events.APIGatewayProxyRequest) bool {
	mediaType, _, _ := mime.ParseMediaType(fn.Header(event, "Content-Type"))
	return mediaType == "application/x-www-form-urlencoded"
}
