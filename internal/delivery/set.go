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

// Set sets a field of a JSON text and returns the new text. The assignment has
// the form path=value, for example data.object.amount=4200 or items.0.sku=A-1.
//
// A number in the path is the index of an array element; the index after the
// last appends an element. Write a dot in a name as \. and create nested
// objects by naming them. The value is JSON if it is valid JSON, and a string
// otherwise. All other fields keep their order and their exact values.
func Set(text []byte, assignment string) ([]byte, error) {
	path, value, err := splitAssignment(assignment)
	if err != nil {
		return nil, err
	}
	if !json.Valid(text) {
		return nil, errors.New("body is not valid JSON")
	}
	return set(text, path, 0, value)
}

// SetForm sets a field of a form and returns the new form. The assignment has
// the form name=value. If the field occurs more than once, one occurrence
// remains.
func SetForm(form []byte, assignment string) ([]byte, error) {
	name, value, ok := strings.Cut(assignment, "=")
	if !ok || name == "" {
		return nil, errAssignment
	}
	field := url.QueryEscape(name) + "=" + url.QueryEscape(value)
	var fields []string
	for _, f := range strings.FieldsFunc(string(form), func(r rune) bool { return r == '&' }) {
		escaped, _, _ := strings.Cut(f, "=")
		if unescaped, err := url.QueryUnescape(escaped); err == nil && unescaped == name {
			f, field = field, "" // replace the first occurrence, drop the others
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

// splitAssignment returns the path and the value of an assignment.
func splitAssignment(assignment string) (path []string, value json.RawMessage, err error) {
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
				return path, toJSON(assignment[i+1:]), nil
			}
		default:
			name += string(c)
		}
	}
	return nil, nil, errAssignment
}

// toJSON returns value if it is valid JSON, and else encodes it as a string.
func toJSON(value string) json.RawMessage {
	if json.Valid([]byte(value)) {
		return json.RawMessage(value)
	}
	return encodeString(value)
}

// encodeString encodes a string as JSON without escaping <, > and &.
func encodeString(s string) json.RawMessage {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(s) // encoding a string to a buffer does not fail
	return bytes.TrimSpace(text.Bytes())
}

// set returns value with the field at path[depth:] set.
func set(value json.RawMessage, path []string, depth int, to json.RawMessage) (json.RawMessage, error) {
	if depth == len(path) {
		return to, nil
	}
	switch value = bytes.TrimSpace(value); value[0] {
	case '{':
		return setMember(value, path, depth, to)
	case '[':
		return setElement(value, path, depth, to)
	case 'n': // null, which senders use for a missing object
		return setMember(json.RawMessage("{}"), path, depth, to)
	}
	return nil, fmt.Errorf("%s is neither an object nor an array", fieldName(path[:depth]))
}

func setMember(object json.RawMessage, path []string, depth int, to json.RawMessage) (json.RawMessage, error) {
	members, err := decodeMembers(object)
	if err != nil {
		return nil, err
	}
	index := -1
	for i, m := range members {
		if m.name == path[depth] { // decoders use the last of several
			index = i
		}
	}
	if index < 0 {
		index = len(members)
		members = append(members, member{path[depth], json.RawMessage("null")})
	}
	if members[index].value, err = set(members[index].value, path, depth+1, to); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	for i, m := range members {
		text.WriteByte("{,"[min(i, 1)])
		text.Write(encodeString(m.name))
		text.WriteByte(':')
		text.Write(m.value)
	}
	text.WriteByte('}')
	return text.Bytes(), nil
}

func setElement(array json.RawMessage, path []string, depth int, to json.RawMessage) (json.RawMessage, error) {
	var elements []json.RawMessage
	if err := json.Unmarshal(array, &elements); err != nil {
		return nil, err
	}
	index, err := strconv.ParseUint(path[depth], 10, 31)
	if err != nil || index > uint64(len(elements)) {
		name := fieldName(path[:depth])
		return nil, fmt.Errorf("invalid index %q of array %s, want 0 to %d", path[depth], name, len(elements))
	}
	if index == uint64(len(elements)) {
		elements = append(elements, json.RawMessage("null"))
	}
	if elements[index], err = set(elements[index], path, depth+1, to); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	for i, element := range elements {
		text.WriteByte("[,"[min(i, 1)])
		text.Write(element)
	}
	text.WriteByte(']')
	return text.Bytes(), nil
}

// fieldName returns the name of a field for error messages.
func fieldName(path []string) string {
	if len(path) == 0 {
		return "body"
	}
	return strings.Join(path, ".")
}

// A member is a name and a value of an object. The value is not decoded.
type member struct {
	name  string
	value json.RawMessage
}

// decodeMembers returns the members of an object in their order.
func decodeMembers(object json.RawMessage) ([]member, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if _, err := decoder.Token(); err != nil {
		return nil, err
	}
	var members []member
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		m := member{name: fmt.Sprint(name)}
		if err := decoder.Decode(&m.value); err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	return members, nil
}

// Restamp returns body with the time at, if messages of the scheme contain the
// time of sending. Otherwise a verifier would reject a replayed message as too
// old. It returns other bodies unchanged.
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
