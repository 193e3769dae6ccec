package payload

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// fields are headers or query parameters, in the two consistent maps of an
// event.
type fields struct {
	single map[string]string
	multi  map[string][]string
}

func newFields(size int) fields {
	return fields{make(map[string]string, size), make(map[string][]string, size)}
}

// maps returns the two maps. Like API Gateway's, they are nil if they are
// empty.
func (f fields) maps() (map[string]string, map[string][]string) {
	if len(f.single) == 0 {
		return nil, nil
	}
	return f.single, f.multi
}

// add adds a value after the existing values of a name.
func (f fields) add(name, value string) {
	f.single[name] = value
	f.multi[name] = append(f.multi[name], value)
}

// set replaces the values of a name.
func (f fields) set(name, value string) {
	f.single[name] = value
	f.multi[name] = []string{value}
}

// The following methods add names in sorted order, because names that differ in
// the event may be equal once they are canonical or decoded.

func (f fields) addHeaders(headers map[string]string) {
	for _, name := range sortedKeys(headers) {
		f.add(http.CanonicalHeaderKey(name), headers[name])
	}
}

func (f fields) addMultiHeaders(headers map[string][]string) {
	for _, name := range sortedKeys(headers) {
		for _, value := range headers[name] {
			f.add(http.CanonicalHeaderKey(name), value)
		}
	}
}

// canonicalHeaders returns headers by their canonical names. Of names that differ
// only in letter case, the last in sorted order wins.
func canonicalHeaders[V any](headers map[string]V) map[string]V {
	isCanonical := true
	for name := range headers {
		isCanonical = isCanonical && http.CanonicalHeaderKey(name) == name
	}
	if isCanonical {
		return headers
	}
	canonical := make(map[string]V, len(headers))
	for _, name := range sortedKeys(headers) {
		canonical[http.CanonicalHeaderKey(name)] = headers[name]
	}
	return canonical
}

func (f fields) addEncoded(query map[string]string) {
	for _, name := range sortedKeys(query) {
		f.add(unescape(name), unescape(query[name]))
	}
}

func (f fields) addMultiEncoded(query map[string][]string) {
	for _, name := range sortedKeys(query) {
		for _, value := range query[name] {
			f.add(unescape(name), unescape(value))
		}
	}
}

// addQuery adds the parameters of a raw query. Like API Gateway, it does not
// treat a semicolon as a separator.
func (f fields) addQuery(query string) {
	for query != "" {
		var parameter string
		parameter, query, _ = strings.Cut(query, "&")
		if parameter != "" {
			name, value, _ := strings.Cut(parameter, "=")
			f.add(unescape(name), unescape(value))
		}
	}
}

// unescape decodes percent-encoding and plus signs. It returns s unchanged if
// it is not encoded correctly.
func unescape(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

func sortedKeys[V any](fields map[string]V) []string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
