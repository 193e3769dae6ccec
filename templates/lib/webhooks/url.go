package webhooks

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// publicURL returns the URL that the sender called: that of the options with
// the query that was sent. If the options have only an origin, such as
// https://example.com, the path of the request is added to it. Headers such as
// Host decide nothing, because the client chooses them.
//
// An event has only the decoded parameters of a query, from which the text that
// the sender signed cannot be restored. The context of the request has that
// text, unless the event came in payload format 1.0 of API Gateway. Without it,
// the query must be part of the configured URL. Only the hash of the body, in
// the parameter hashParam, may be missing there: senders append it last.
func (m *message) publicURL(hashParam string) (string, error) {
	base, configured, err := m.options.splitURL()
	if err != nil {
		return "", err
	}
	rawPath, rawQuery, isQuery := m.rawURL()
	if isOrigin(base) {
		if rawPath == "" {
			if rawPath, err = plainPath(&m.event); err != nil {
				return "", err
			}
		}
		base = strings.TrimSuffix(base, "/") + rawPath
	}

	sent := queryOf(&m.event)
	want, err := url.ParseQuery(configured)
	if err != nil {
		return "", errors.New("the query of the public URL is malformed")
	}
	for name, values := range want {
		if len(sent) > 0 && !slices.Equal(values, sent[name]) {
			return "", fmt.Errorf("the query parameter %q differs from the public URL's", name)
		}
	}
	hash := sent[hashParam]
	switch {
	case isQuery:
		parsed, err := url.ParseQuery(rawQuery)
		if err != nil || !maps.EqualFunc(parsed, sent, slices.Equal) {
			return "", errors.New("the query in the context differs from the event's")
		}
		configured = rawQuery
	case hashParam != "" && len(hash) == 1 && len(sent) == len(want)+1 && url.QueryEscape(hash[0]) == hash[0]:
		configured = strings.TrimPrefix(configured+"&"+hashParam+"="+hash[0], "&")
	case len(sent) > len(want):
		return "", errors.New("the query as it was sent is not known, because the event has payload format 1.0: " +
			"use format 2.0, or put the query into the public URL")
	}
	return strings.TrimSuffix(base+"?"+configured, "?"), nil
}

// rawURL returns the path and the query as they were sent, as far as they are
// known. They are in the context under the names of payload format 2.0. The
// path is "" if it is not known.
func (m *message) rawURL() (path, query string, isQuery bool) {
	lambda, ok := lambdacontext.FromContext(m.ctx)
	if !ok {
		return "", "", false
	}
	query, isQuery = lambda.ClientContext.Custom["rawQueryString"]
	return lambda.ClientContext.Custom["rawPath"], query, isQuery
}

// plainPath returns the path of an event if there is only one way to send it.
func plainPath(event *events.APIGatewayProxyRequest) (string, error) {
	path := event.RequestContext.Path
	if path == "" {
		path = event.Path
	}
	if (&url.URL{Path: path}).EscapedPath() != path {
		return "", errors.New("the path as it was sent is not known: put it into the public URL")
	}
	return path, nil
}

// queryOf returns the query parameters of an event.
func queryOf(event *events.APIGatewayProxyRequest) url.Values {
	if len(event.MultiValueQueryStringParameters) > 0 {
		return event.MultiValueQueryStringParameters
	}
	query := url.Values{}
	for name, value := range event.QueryStringParameters {
		query.Set(name, value)
	}
	return query
}

// splitURL returns the configured public URL without its fragment, and its
// query.
func (o *Options) splitURL() (base, query string, err error) {
	address, _, _ := strings.Cut(valueOrEnv(o.URL, o.URLEnv), "#")
	if address == "" && o.URLEnv != "" {
		return "", "", fmt.Errorf("the public URL is not set: environment variable %s is empty", o.URLEnv)
	}
	if address == "" {
		return "", "", errors.New("the public URL is not set")
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Scheme == "" || parsed.Host == "" {
		return "", "", errors.New("the public URL is malformed")
	}
	base, query, _ = strings.Cut(address, "?")
	return base, query, nil
}

// isOrigin reports whether a URL has no path, such as https://example.com.
func isOrigin(base string) bool {
	_, rest, _ := strings.Cut(base, "://")
	_, path, _ := strings.Cut(rest, "/")
	return path == ""
}

// publicURL returns the URL that the sender calls.
func (d *draft) publicURL() (string, error) {
	base, query, err := d.options.splitURL()
	if err != nil {
		return "", err
	}
	if isOrigin(base) {
		base = strings.TrimSuffix(base, "/") + (&url.URL{Path: d.event.Path}).EscapedPath()
	}
	configured, err := url.ParseQuery(query)
	if err != nil {
		return "", errors.New("the query of the public URL is malformed")
	}
	added := url.Values{}
	for name, values := range queryOf(&d.event) {
		if configured[name] == nil {
			added[name] = values
		}
	}
	query = strings.Trim(query+"&"+added.Encode(), "&")
	return strings.TrimSuffix(base+"?"+query, "?"), nil
}
