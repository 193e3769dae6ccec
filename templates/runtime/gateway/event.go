package gateway

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// EventFromRequest is the event that API Gateway makes of a request, whose body it reads. It fails where the body
// cannot be read.
//
// The function's name is the path's first segment: the resource of /divide/extra is /divide/{proxy+}. Paths are as they
// were sent, still encoded, but for a slash at the end; the query is decoded, once.
func EventFromRequest(r *http.Request) (events.APIGatewayProxyRequest, error) {
	own := *r
	own.Header = r.Header.Clone()
	return new(Gateway).event(nil, &own, time.Now())
}

// event makes a request's event, of which the request's headers become a part. w is told where a body is beyond the
// limit, and may be nil.
func (g *Gateway) event(w http.ResponseWriter, r *http.Request, now time.Time) (events.APIGatewayProxyRequest, error) {
	data, err := g.body(w, r)
	if err != nil {
		return events.APIGatewayProxyRequest{}, fmt.Errorf("gateway: request body: %w", err)
	}

	target := r.URL.EscapedPath()
	path, name, rest := split(target)
	if decoded, ok := Route(target); ok {
		name = decoded
	}
	resource, parameters := "/"+name, map[string]string(nil)
	if rest != "" {
		resource = strings.TrimSuffix(resource, "/") + "/{proxy+}"
		parameters = map[string]string{"proxy": rest}
	}

	source, domain := g.caller(r)
	headers := g.headers(r)
	query, queries := parseQuery(r.URL.RawQuery)
	body, encoded := "", false
	if len(data) > 0 {
		if body, encoded = encode(data, headers); !encoded && headers["Content-Type"] == "" {
			// As http-apigw-v1.jsonl records it of the emulator: in the single-valued headers alone.
			headers["Content-Type"] = "application/json"
		}
	}

	public := path
	if g.PublicURL != nil {
		domain, public = g.PublicURL.Host, strings.TrimSuffix(g.PublicURL.EscapedPath(), "/")+path
	}
	stage := g.Stage
	if stage == "" {
		stage = "prod"
	}
	ids := g.ids.stamp(now)
	return events.APIGatewayProxyRequest{
		Resource:                        resource,
		Path:                            path,
		HTTPMethod:                      r.Method,
		Headers:                         headers,
		MultiValueHeaders:               r.Header,
		QueryStringParameters:           query,
		MultiValueQueryStringParameters: queries,
		PathParameters:                  parameters,
		RequestContext: events.APIGatewayProxyRequestContext{
			Stage:             stage,
			DomainName:        domain,
			DomainPrefix:      domainPrefix(domain),
			RequestID:         ids.request,
			ExtendedRequestID: ids.extended,
			Protocol:          r.Proto,
			Identity:          events.APIGatewayRequestIdentity{SourceIP: source, UserAgent: headers["User-Agent"]},
			ResourcePath:      resource,
			Path:              public,
			HTTPMethod:        r.Method,
			RequestTime:       ids.time,
			RequestTimeEpoch:  now.UnixMilli(),
		},
		Body:            body,
		IsBase64Encoded: encoded,
	}, nil
}

// Route is the name of the function that an encoded path leads to: its first segment, decoded. An encoded slash
// separates nothing, so a path that has one in its first segment leads nowhere, as the root does.
func Route(path string) (name string, ok bool) {
	_, name, _ = split(path)
	name = unescape(name, false)
	return name, name != "" && !strings.Contains(name, "/")
}

// split takes an encoded path apart: all of it without slashes at the end, its first segment, and what is behind that.
func split(target string) (path, name, rest string) {
	path = strings.TrimRight(target, "/")
	if path == "" || path[0] != '/' {
		return "/" + path, path, ""
	}
	name, rest, _ = strings.Cut(path[1:], "/")
	return path, name, rest
}

// headers completes a request's headers to the multi-valued ones of its event, and makes the single-valued ones of them:
// the last value wins.
func (g *Gateway) headers(r *http.Request) map[string]string {
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	if g.PeerHeader != "" {
		delete(r.Header, g.PeerHeader)
	}
	if r.Host != "" { // net/http takes it out of the headers
		r.Header["Host"] = []string{r.Host}
	}
	single := make(map[string]string, len(r.Header))
	for name, values := range r.Header {
		if len(values) > 0 {
			single[name] = values[len(values)-1]
		}
	}
	return single
}

// parseQuery decodes a query: names stay as they were sent, and the last value wins in the single-valued map. Of an
// empty query, both are nil, as API Gateway's null is.
func parseQuery(query string) (map[string]string, map[string][]string) {
	if query == "" {
		return nil, nil
	}
	pairs := strings.Count(query, "&") + 1
	single, multi := make(map[string]string), make(map[string][]string)
	values := make([]string, 0, pairs) // one allocation for those of all names that are sent once
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name, true), unescape(value, true)
		single[name] = value
		if sent := multi[name]; len(sent) > 0 {
			multi[name] = append(sent, value)
			continue
		}
		values = append(values, value)
		multi[name] = values[len(values)-1 : len(values) : len(values)]
	}
	if len(single) == 0 {
		return nil, nil
	}
	return single, multi
}

// unescape decodes what is encoded by percent signs, and in a query by a plus. As browsers do, it leaves a percent
// sign alone that encodes nothing, and replaces what is not UTF-8, which JSON could not hold:
// https://url.spec.whatwg.org/#concept-urlencoded-parser
func unescape(s string, plus bool) string {
	if plain(s) {
		return s
	}
	decoded := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+' && plus:
			decoded = append(decoded, ' ')
		case c == '%' && i+2 < len(s) && hex(s[i+1]) >= 0 && hex(s[i+2]) >= 0:
			decoded = append(decoded, byte(hex(s[i+1])<<4|hex(s[i+2])))
			i += 2
		default:
			decoded = append(decoded, c)
		}
	}
	return strings.ToValidUTF8(string(decoded), "\uFFFD")
}

// plain tells whether decoding s leaves it as it is, as far as a look at each byte can tell.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c == '%' || c == '+' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// hex is the value of a hexadecimal digit, or -1.
func hex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// body reads a request's body: not a byte more than the limit, but for the one that tells that there is more.
func (g *Gateway) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	body := r.Body
	if g.BodyLimit > 0 {
		if r.ContentLength > g.BodyLimit {
			return nil, errTooLong
		}
		if r.ContentLength < 0 {
			body = http.MaxBytesReader(w, body, g.BodyLimit)
		}
	}
	if g.ReadTimeout > 0 && w != nil {
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Now().Add(g.ReadTimeout))
		defer func() { _ = control.SetReadDeadline(time.Time{}) }() // or it ended the function's ctx
	}
	return read(body, r.ContentLength)
}

// read reads all of a body, whose length is known or -1. What a client only claims to send takes little memory.
func read(body io.Reader, length int64) ([]byte, error) {
	const most = 64 << 10 // bytes that are reserved for what has not come yet
	size := int64(512)
	if length >= 0 {
		size = length + 1 // and one for the read that finds the end
	}
	data := make([]byte, 0, min(size, most))
	for {
		n, err := body.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case err == io.EOF:
			return data, nil
		case err != nil:
			return nil, err
		case len(data) == cap(data):
			next := 2 * int64(cap(data))
			if size > int64(len(data)) {
				next = min(next, size)
			}
			grown := make([]byte, len(data), next)
			copy(grown, data)
			data = grown
		}
	}
}

// encode is a body as it stands in an event, and whether that is base64: it is, unless the body is UTF-8 and of a
// type of text.
func encode(data []byte, headers map[string]string) (body string, encoded bool) {
	if isText(headers["Content-Type"], headers["Content-Encoding"]) && utf8.Valid(data) {
		return string(data), false
	}
	return base64.StdEncoding.EncodeToString(data), true
}

// isText tells whether a type is one of text, as the type of a body that has none is.
func isText(contentType, contentEncoding string) bool {
	if contentEncoding != "" && !strings.EqualFold(contentEncoding, "identity") {
		return false
	}
	mediaType, _, _ := strings.Cut(contentType, ";")
	mediaType = strings.ToLower(strings.TrimSpace(mediaType))
	switch mediaType {
	case "", "application/json", "application/xml", "application/javascript", "application/x-www-form-urlencoded":
		return true
	}
	return strings.HasPrefix(mediaType, "text/") || strings.HasSuffix(mediaType, "+json") || strings.HasSuffix(mediaType, "+xml")
}
