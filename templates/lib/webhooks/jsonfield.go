package webhooks

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// jsonField returns the string or number in the named field of a JSON object.
// It returns "" if the object has no such field or the field has another type.
func jsonField(object []byte, name string) string {
	var fields map[string]scalar
	if !bytes.Contains(object, []byte(name)) || json.Unmarshal(object, &fields) != nil {
		return ""
	}
	return string(fields[name])
}

// A scalar decodes a JSON string to its text and a number to its digits. Any
// other value decodes to "".
type scalar string

// maxScalar is the largest JSON value that a scalar keeps, in bytes. IDs and
// timestamps are shorter.
const maxScalar = 1024

// UnmarshalJSON implements json.Unmarshaler.
func (s *scalar) UnmarshalJSON(value []byte) error {
	if len(value) > maxScalar {
		return nil
	}
	switch c := value[0]; {
	case c == '"':
		return json.Unmarshal(value, (*string)(s))
	case c == '-' || '0' <= c && c <= '9':
		*s = scalar(value)
	}
	return nil
}

// appendField appends a field with a number to a JSON object, and leaves the
// rest of the text unchanged. It reports whether the text was a JSON object.
func appendField(object []byte, name, number string) (string, bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(object, &fields) != nil || fields == nil {
		return "", false
	}
	comma := ","
	if len(fields) == 0 {
		comma = ""
	}
	end := bytes.LastIndexByte(object, '}')
	return string(object[:end]) + comma + strconv.Quote(name) + ":" + number + "}", true
}
