package batch

import (
	"encoding/json"
	"errors"
	"fmt"
)

// Decode decodes the JSON in data into v. If v is a *string, *[]byte or
// *json.RawMessage, it gets the data itself. Errors do not contain values,
// because they are logged.
func Decode(data []byte, v any) error {
	switch v := v.(type) {
	case *string:
		*v = string(data)
		return nil
	case *[]byte:
		*v = data
		return nil
	case *json.RawMessage:
		*v = data
		return nil
	}
	err := json.Unmarshal(data, v)
	if err == nil {
		return nil
	}
	if e := (*json.SyntaxError)(nil); errors.As(err, &e) {
		return fmt.Errorf("decoding: invalid JSON at offset %d", e.Offset)
	}
	if e := (*json.UnmarshalTypeError)(nil); errors.As(err, &e) {
		return fmt.Errorf("decoding: %q at offset %d must be of type %v", e.Field, e.Offset, e.Type)
	}
	return fmt.Errorf("decoding: the JSON is not a %T", v)
}
