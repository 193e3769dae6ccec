package delivery

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Set sets a field of a JSON text. The assignment has the form path=value, such as
// data.object.amount=4200 or items.0.sku=A-1.
//
// A path consists of names of members and indexes of elements. A dot in a name is
// written \. and the index after the last element appends one. Missing objects are
// created. The value is JSON if it is valid JSON, and otherwise a string. All other
// fields keep their order and their exact text.
func Set(text []byte, assignment string) ([]byte, error) {
	path, value, err := split(assignment)
	if err != nil {
		return nil, err
	}
	if !json.Valid(text) {
		return nil, errors.New("the body is not JSON")
	}
	return set(text, path, 0, value)
}

// SetForm sets a field of a form. The assignment has the form name=value. If the
// form has several fields of the name, the first is set and the others are
// removed.
func SetForm(form []byte, assignment string) ([]byte, error) {
	name, value, ok := strings.Cut(assignment, "=")
	if !ok || name == "" {
		return nil, errAssignment
	}
	field := url.QueryEscape(name) + "=" + url.QueryEscape(value)
	var fields []string
	for _, f := range strings.FieldsFunc(string(form), func(r rune) bool { return r == '&' }) {
		written, _, _ := strings.Cut(f, "=")
		if unescaped, err := url.QueryUnescape(written); err == nil && unescaped == name {
			f, field = field, ""
		}
		if f != "" {
			fields = append(fields, f)
		}
	}
	if field != "" {
		fields = append(fields, field)
	}
	return []byte(strings.Join(fields, "&")), nil
}

var errAssignment = errors.New("want path=value")

// split splits an assignment into path and value.
func split(assignment string) (path []string, value json.RawMessage, err error) {
	name, escaped := "", false
	for i := 0; i < len(assignment); i++ {
		switch c := assignment[i]; {
		case escaped:
			name, escaped = name+string(c), false
		case c == '\\':
			escaped = true
		case c == '.', c == '=':
			if name == "" {
				return nil, nil, errAssignment
			}
			path, name = append(path, name), ""
			if c == '=' {
				return path, parse(assignment[i+1:]), nil
			}
		default:
			name += string(c)
		}
	}
	return nil, nil, errAssignment
}

// parse returns value if it is JSON, and else as a JSON string.
func parse(value string) json.RawMessage {
	if json.Valid([]byte(value)) {
		return json.RawMessage(value)
	}
	return encode(value)
}

// encode returns s as a JSON string, without escaping <, > and &.
func encode(s string) json.RawMessage {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // cannot fail for a string and a buffer
	return bytes.TrimSpace(text.Bytes())
}

// set returns old, which is the value at path[:depth], with value at
// path[depth:] below it.
func set(old json.RawMessage, path []string, depth int, value json.RawMessage) (json.RawMessage, error) {
	if depth == len(path) {
		return value, nil
	}
	switch old = bytes.TrimSpace(old); old[0] {
	case '{':
		return setMember(old, path, depth, value)
	case '[':
		return setElement(old, path, depth, value)
	case 'n': // null, which senders write for a missing object
		return setMember(json.RawMessage("{}"), path, depth, value)
	}
	return nil, fmt.Errorf("%s is neither an object nor an array", describe(path[:depth]))
}

func setMember(object json.RawMessage, path []string, depth int, value json.RawMessage) (json.RawMessage, error) {
	all, err := members(object)
	if err != nil {
		return nil, err
	}
	at := -1
	for i, m := range all {
		if m.name == path[depth] { // if a name is repeated, decoders use the last one
			at = i
		}
	}
	if at < 0 {
		at = len(all)
		all = append(all, member{path[depth], json.RawMessage("null")})
	}
	if all[at].value, err = set(all[at].value, path, depth+1, value); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	for i, m := range all {
		text.WriteByte("{,"[min(i, 1)])
		text.Write(encode(m.name))
		text.WriteByte(':')
		text.Write(m.value)
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}

func setElement(array json.RawMessage, path []string, depth int, value json.RawMessage) (json.RawMessage, error) {
	var all []json.RawMessage
	if err := json.Unmarshal(array, &all); err != nil {
		return nil, err
	}
	at, err := strconv.ParseUint(path[depth], 10, 31)
	if err != nil || at > uint64(len(all)) {
		return nil, fmt.Errorf("%s is an array of %d: want an index from 0 to %d, not %q",
			describe(path[:depth]), len(all), len(all), path[depth])
	}
	if at == uint64(len(all)) {
		all = append(all, json.RawMessage("null"))
	}
	if all[at], err = set(all[at], path, depth+1, value); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	for i, element := range all {
		text.WriteByte("[,"[min(i, 1)])
		text.Write(element)
	}
	text.WriteByte(']')
	return text.Bytes(), nil
}

// describe returns the name of a path for errors.
func describe(path []string) string {
	if len(path) == 0 {
		return "the body"
	}
	return strings.Join(path, ".")
}

// A member is a member of a JSON object. Its value is unparsed.
type member struct {
	name  string
	value json.RawMessage
}

// members returns the members of an object in their order.
func members(object json.RawMessage) ([]member, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	var all []member
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		m := member{name: fmt.Sprint(name)}
		if err := decoder.Decode(&m.value); err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

// Restamp returns the body of a delivery with its timestamp set to t, for schemes
// whose timestamp is in the body. Otherwise a replayed delivery would be too old.
func Restamp(scheme string, body []byte, t time.Time) []byte {
	if scheme != "linear" {
		return body
	}
	var sent map[string]json.RawMessage
	if json.Unmarshal(body, &sent) != nil || sent["webhookTimestamp"] == nil {
		return body
	}
	stamped, err := Set(body, "webhookTimestamp="+strconv.FormatInt(t.UnixMilli(), 10))
	if err != nil {
		return body
	}
	return stamped
}
