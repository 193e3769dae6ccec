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

	"github.com/fngen/fngen/templates/runtime/route"
)

// EventFromRequest returns the event that API Gateway would send for r. It
// reads the request body, and fails if that fails.
//
// The first segment of the path is the function's name: the resource of
// /divide/extra is /divide/{proxy+}. Paths stay as the client sent them. Path
// and query parameters are decoded once.
func EventFromRequest(r *http.Request) (events.APIGatewayProxyRequest, error) {
	clone := *r
	clone.Header = r.Header.Clone()
	return new(Gateway).event(nil, &clone, defaultRoute(r), time.Now())
}

// defaultRoute returns the route of r to a function that declares none.
func defaultRoute(r *http.Request) route.Match {
	path := r.URL.EscapedPath()
	name, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return route.New(route.Function{Name: unescape(name, false)}).Find(route.Request{Path: path})
}

// event returns the event for r, and uses r.Header as part of it. If w is not
// nil, it is notified of a body that exceeds the limit.
func (g *Gateway) event(w http.ResponseWriter, r *http.Request, match route.Match, now time.Time) (
	events.APIGatewayProxyRequest, error,
) {
	data, err := g.readBody(w, r)
	if err != nil {
		return events.APIGatewayProxyRequest{}, fmt.Errorf("gateway: reading request body: %w", err)
	}

	path := r.URL.EscapedPath()
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	source, domain := g.client(r)
	headers := g.headers(r)
	query, queries := parseQuery(r.URL.RawQuery)
	body, encoded := "", false
	if len(data) > 0 {
		if body, encoded = encodeBody(data, headers); !encoded && headers["Content-Type"] == "" {
			// API Gateway adds it to the single-valued headers only, as
			// http-apigw-v1.jsonl records.
			headers["Content-Type"] = "application/json"
		}
	}

	if g.PublicURL != nil {
		domain = g.PublicURL.Host
	}
	stage := g.Stage
	if stage == "" {
		stage = "prod"
	}
	ids := g.ids.next(now)
	return events.APIGatewayProxyRequest{
		Resource:                        match.Resource,
		Path:                            path,
		HTTPMethod:                      r.Method,
		Headers:                         headers,
		MultiValueHeaders:               r.Header,
		QueryStringParameters:           query,
		MultiValueQueryStringParameters: queries,
		PathParameters:                  match.Parameters,
		RequestContext: events.APIGatewayProxyRequestContext{
			Stage:             stage,
			DomainName:        domain,
			DomainPrefix:      domainPrefix(domain),
			RequestID:         ids.request,
			ExtendedRequestID: ids.extended,
			Protocol:          r.Proto,
			Identity:          events.APIGatewayRequestIdentity{SourceIP: source, UserAgent: headers["User-Agent"]},
			ResourcePath:      match.Resource,
			Path:              g.publicPath(path),
			HTTPMethod:        r.Method,
			RequestTime:       ids.time,
			RequestTimeEpoch:  now.UnixMilli(),
		},
		Body:            body,
		IsBase64Encoded: encoded,
	}, nil
}

// publicPath returns the path at which clients reach a percent-encoded path.
func (g *Gateway) publicPath(path string) string {
	if g.PublicURL == nil {
		return path
	}
	return strings.TrimSuffix(g.PublicURL.EscapedPath(), "/") + path
}

// headers completes r.Header, which becomes the event's multi-valued headers,
// and returns the single-valued headers. Of several values, the last one wins.
func (g *Gateway) headers(r *http.Request) map[string]string {
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	for _, name := range [...]string{g.PeerHeader, g.PublicHeader} {
		if name != "" {
			delete(r.Header, name)
		}
	}
	if r.Host != "" { // net/http removes it from the headers
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

// parseQuery decodes a query. Names keep their case, and the last value wins in
// the single-valued map. Both maps are nil for a query without parameters,
// which API Gateway sends as null.
func parseQuery(query string) (map[string]string, map[string][]string) {
	if query == "" {
		return nil, nil
	}
	pairs := strings.Count(query, "&") + 1
	single, multi := make(map[string]string), make(map[string][]string)
	values := make([]string, 0, pairs) // one allocation for all parameters that occur once
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

// unescape decodes percent-encoding and, if plus is set, a plus sign as a
// space. As browsers do, it keeps a percent sign that starts no escape
// sequence, and replaces invalid UTF-8, which JSON cannot represent:
// https://url.spec.whatwg.org/#concept-urlencoded-parser
func unescape(s string, plus bool) string {
	if !needsUnescape(s) {
		return s
	}
	decoded := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+' && plus:
			decoded = append(decoded, ' ')
		case c == '%' && i+2 < len(s) && unhex(s[i+1]) >= 0 && unhex(s[i+2]) >= 0:
			decoded = append(decoded, byte(unhex(s[i+1])<<4|unhex(s[i+2])))
			i += 2
		default:
			decoded = append(decoded, c)
		}
	}
	return strings.ToValidUTF8(string(decoded), "\uFFFD")
}

// needsUnescape reports whether unescape may change s.
func needsUnescape(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c == '%' || c == '+' || c >= utf8.RuneSelf {
			return true
		}
	}
	return false
}

// unhex returns the value of a hexadecimal digit, or -1.
func unhex(c byte) int {
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

// readBody reads the request body. It reads at most one byte beyond the limit,
// to detect a body that is too large.
func (g *Gateway) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		g.endReading(w)
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
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(g.ReadTimeout))
	}
	data, err := readAll(body, r.ContentLength)
	if err == nil {
		g.endReading(w)
	} // otherwise the rest of the body may still arrive, but not later than the deadline
	return data, err
}

// endReading removes the read deadline of a request whose body has been read,
// because one that passes while the function runs would cancel its context.
func (g *Gateway) endReading(w http.ResponseWriter) {
	if g.ReadTimeout > 0 && w != nil {
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	}
}

// readAll reads a body whose length is known or -1. It allocates little for
// bytes that a client has announced but not sent.
func readAll(body io.Reader, length int64) ([]byte, error) {
	const maxInitial = 64 << 10
	size := int64(512)
	if length >= 0 {
		size = length + 1 // room for the read that returns io.EOF
	}
	data := make([]byte, 0, min(size, maxInitial))
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

// encodeBody returns a body as events contain it, and whether it is
// base64-encoded. A body stays as it is if it has a textual content type and is
// valid UTF-8.
func encodeBody(data []byte, headers map[string]string) (body string, encoded bool) {
	if isText(headers["Content-Type"], headers["Content-Encoding"]) && utf8.Valid(data) {
		return string(data), false
	}
	return base64.StdEncoding.EncodeToString(data), true
}

// isText reports whether a body of this content type is text. A body without a
// content type is.
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
	return strings.HasPrefix(mediaType, "text/") ||
		strings.HasSuffix(mediaType, "+json") || strings.HasSuffix(mediaType, "+xml")
}
