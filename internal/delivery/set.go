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

// Set replaces a field of a JSON text, or adds it. The assignment is a path, = and the value:
// data.object.amount=4200 or items.0.sku=A-1. A dot in a name is written \. and a number counts an array's elements
// from 0, of which the one after the last is added. Objects that the path names and that are not there are made. The value is JSON where it can be
// read as such, else text. All other fields stay as they are, in their order and with their digits.
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

// SetForm does to a form what Set does to JSON: the assignment is a field's name, = and its value.
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
			f, field = field, "" // the first is replaced, others of the name go
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

// split takes an assignment apart.
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

// parse is a value as JSON.
func parse(value string) json.RawMessage {
	if json.Valid([]byte(value)) {
		return json.RawMessage(value)
	}
	return encode(value)
}

// encode is a string as JSON, with <, > and & as they are.
func encode(s string) json.RawMessage {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // a string always can be, and a buffer takes it
	return bytes.TrimSpace(text.Bytes())
}

// set is a value with what is at path[depth:] below it replaced.
func set(value json.RawMessage, path []string, depth int, to json.RawMessage) (json.RawMessage, error) {
	if depth == len(path) {
		return to, nil
	}
	switch value = bytes.TrimSpace(value); value[0] {
	case '{':
		return setMember(value, path, depth, to)
	case '[':
		return setElement(value, path, depth, to)
	case 'n': // null, which is how senders write an object that is not there
		return setMember(json.RawMessage("{}"), path, depth, to)
	}
	return nil, fmt.Errorf("%s is neither an object nor an array", named(path[:depth]))
}

func setMember(object json.RawMessage, path []string, depth int, to json.RawMessage) (json.RawMessage, error) {
	all, err := members(object)
	if err != nil {
		return nil, err
	}
	at := -1
	for i, m := range all {
		if m.name == path[depth] { // of several, readers take the last
			at = i
		}
	}
	if at < 0 {
		at = len(all)
		all = append(all, member{path[depth], json.RawMessage("null")})
	}
	if all[at].value, err = set(all[at].value, path, depth+1, to); err != nil {
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

func setElement(array json.RawMessage, path []string, depth int, to json.RawMessage) (json.RawMessage, error) {
	var all []json.RawMessage
	if err := json.Unmarshal(array, &all); err != nil {
		return nil, err
	}
	at, err := strconv.ParseUint(path[depth], 10, 31)
	if err != nil || at > uint64(len(all)) {
		return nil, fmt.Errorf("%s is an array of %d: want a number from 0 to %d, not %q", named(path[:depth]), len(all), len(all), path[depth])
	}
	if at == uint64(len(all)) {
		all = append(all, json.RawMessage("null"))
	}
	if all[at], err = set(all[at], path, depth+1, to); err != nil {
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

func named(path []string) string {
	if len(path) == 0 {
		return "the body"
	}
	return strings.Join(path, ".")
}

// A member is a name of an object, and its value as it is written.
type member struct {
	name  string
	value json.RawMessage
}

// members are those of an object, in its order.
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

// Restamp is the body of a delivery with that time in it, where the scheme's sender writes the time into what it signs.
func Restamp(scheme string, body []byte, at time.Time) []byte {
	if scheme != "linear" {
		return body
	}
	var sent map[string]json.RawMessage
	if json.Unmarshal(body, &sent) != nil || sent["webhookTimestamp"] == nil {
		return body
	}
	stamped, err := Set(body, "webhookTimestamp="+strconv.FormatInt(at.UnixMilli(), 10))
	if err != nil {
		return body
	}
	return stamped
}
