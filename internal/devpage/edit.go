package devpage

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// An EditedRequest is a request that the page sends. It may contain
// placeholders in place of the secrets of an earlier request.
type EditedRequest struct {
	Method string  `json:"method"`
	Target string  `json:"target"` // path and query
	Header []Field `json:"header"`
	Body   *string `json:"body"` // nil is the body of the earlier request
}

// An ActualRequest is a request without placeholders.
type ActualRequest struct {
	Method, Target string
	Header         http.Header
	Body           []byte
}

// restore returns the request that the user has edited, with the secrets of the
// earlier one in place of placeholders.
func (e EditedRequest) restore(earlier Record) (ActualRequest, error) {
	r := ActualRequest{Method: e.Method, Target: e.Target, Header: http.Header{}, Body: earlier.Body.Data}
	if r.Method == "" || !strings.HasPrefix(e.Target, "/") {
		return r, errors.New("a request needs a method, and a path that begins with a slash")
	}
	path, query, hasQuery := strings.Cut(e.Target, "?")
	if hasQuery {
		_, before, _ := strings.Cut(earlier.Target, "?")
		r.Target = path + "?" + restorePairs(query, before)
	}
	used := map[string]int{} // how many fields of a name there were
	for _, field := range e.Header {
		name := http.CanonicalHeaderKey(strings.TrimSpace(field.Name))
		if name == "" {
			continue
		}
		value := field.Value
		if before := earlier.Header[name]; strings.Contains(value, placeholder) && used[name] < len(before) {
			value = before[used[name]]
		}
		used[name]++
		r.Header.Add(name, value)
	}
	switch {
	case e.Body != nil:
		shown := earlier.Body.view(earlier.Header.Get("Content-Type")).Text
		r.Body = restoreBody(*e.Body, shown, earlier.Body.Data)
	case earlier.Body.Size > len(earlier.Body.Data):
		return r, errors.New("the body was too large to record: enter another one")
	}
	if strings.Contains(r.Target, placeholder) || e.Body != nil && strings.Contains(string(r.Body), placeholder) {
		return r, errors.New("replace " + placeholder + " by a value: it is not where it was in the recorded request")
	}
	return r, nil
}

// restoreBody returns an edited body. shown is how the page showed the original
// one.
func restoreBody(edited, shown string, original []byte) []byte {
	if edited == shown || sameJSON(edited, shown) {
		return original
	}
	if !strings.Contains(edited, placeholder) {
		return []byte(edited)
	}
	var now, before any
	if decode([]byte(edited), &now) == nil && decode(original, &before) == nil {
		var b bytes.Buffer
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		if encoder.Encode(restoreJSON(now, before)) == nil {
			return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
		}
	}
	return []byte(restorePairs(edited, string(original)))
}

// decode decodes JSON without changing numbers.
func decode(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(v)
}

// sameJSON reports whether two texts are the same JSON, apart from white space.
func sameJSON(a, b string) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, []byte(a)) == nil && json.Compact(&y, []byte(b)) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}

// restoreJSON returns a JSON value with the values of the original one in place
// of what was redacted there.
func restoreJSON(edited, original any) any {
	switch edited := edited.(type) {
	case map[string]any:
		if original, ok := original.(map[string]any); ok {
			for name, value := range edited {
				if before, ok := original[name]; ok {
					edited[name] = restoreJSON(value, before)
				}
			}
		}
	case []any:
		if original, ok := original.([]any); ok {
			for i := range min(len(edited), len(original)) {
				edited[i] = restoreJSON(edited[i], original[i])
			}
		}
	case string:
		if before, ok := original.(string); edited == placeholder || ok && edited == redactText(before) {
			return original
		}
	}
	return edited
}

// restorePairs returns the fields of a query or a form with the values of the
// original one in place of what was redacted there.
func restorePairs(edited, original string) string {
	before := strings.Split(original, "&")
	pairs := strings.Split(edited, "&")
	for i, pair := range pairs {
		if !strings.Contains(pair, "[redacted") && !strings.Contains(pair, "%5Bredacted%5D") {
			continue
		}
		name, _, _ := strings.Cut(pair, "=")
		for j, candidate := range before {
			if other, _, _ := strings.Cut(candidate, "="); other == name && redactForm(candidate) == pair {
				pairs[i] = candidate
				before[j] = "" // the next field of that name is another one
				break
			}
		}
	}
	return strings.Join(pairs, "&")
}
