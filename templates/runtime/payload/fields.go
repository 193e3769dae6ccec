package payload

import (
	"net/http"
	"net/url"
	"sort"
	"strings"
)

// fields are headers or query parameters, in the two maps of an event, which agree.
type fields struct {
	single map[string]string
	multi  map[string][]string
}

func newFields(size int) fields {
	return fields{make(map[string]string, size), make(map[string][]string, size)}
}

// maps are nil where there is no field, as API Gateway's are.
func (f fields) maps() (map[string]string, map[string][]string) {
	if len(f.single) == 0 {
		return nil, nil
	}
	return f.single, f.multi
}

// add adds a value. Where a name has one already, the new one is the last.
func (f fields) add(name, value string) {
	f.single[name] = value
	f.multi[name] = append(f.multi[name], value)
}

// set puts a value in the place of those that there are.
func (f fields) set(name, value string) {
	f.single[name] = value
	f.multi[name] = []string{value}
}

// The names of these are sorted, for those that differ as sent and are one name afterwards.

func (f fields) addHeaders(headers map[string]string) {
	for _, name := range names(headers) {
		f.add(http.CanonicalHeaderKey(name), headers[name])
	}
}

func (f fields) addMultiHeaders(headers map[string][]string) {
	for _, name := range names(headers) {
		for _, value := range headers[name] {
			f.add(http.CanonicalHeaderKey(name), value)
		}
	}
}

func (f fields) addEncoded(query map[string]string) {
	for _, name := range names(query) {
		f.add(decode(name), decode(query[name]))
	}
}

func (f fields) addMultiEncoded(query map[string][]string) {
	for _, name := range names(query) {
		for _, value := range query[name] {
			f.add(decode(name), decode(value))
		}
	}
}

// addQuery adds the parameters of a query as it was sent. Only & separates them: to API Gateway a semicolon is text.
func (f fields) addQuery(query string) {
	for query != "" {
		var parameter string
		parameter, query, _ = strings.Cut(query, "&")
		if parameter != "" {
			name, value, _ := strings.Cut(parameter, "=")
			f.add(decode(name), decode(value))
		}
	}
}

// decode undoes percent-encoding, of which + for a space is a part. What is not encoded properly stays as it is.
func decode(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

func names[V any](fields map[string]V) []string {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
