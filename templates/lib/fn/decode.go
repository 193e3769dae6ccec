package fn

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// maxDecodeSize is the limit of Decode, in bytes.
const maxDecodeSize = 1 << 20

// Decode decodes the body of a request from JSON and validates it. The request
// must meet these conditions:
//
//   - The body has at most 1 MB. [DecodeLimit] takes another limit.
//   - The Content-Type is application/json or ends in +json. If it has a
//     charset, that is UTF-8.
//   - The body is one JSON value. It has no unknown fields and is not null.
//   - If T is a struct, each of its fields has a value other than null. Fields
//     that are pointers or whose tag has omitempty or omitzero are optional, and
//     so are the fields of nested structs.
//   - If T has a method Validate() error, it returns nil.
//
// In other respects Decode works like json.Unmarshal: names match in any case,
// and of several fields with the same name the last one wins.
//
// [Problem] turns the error into a response.
func Decode[T any](event events.APIGatewayProxyRequest) (T, error) {
	return DecodeLimit[T](event, maxDecodeSize)
}

// DecodeLimit is like [Decode] with a limit on the size of the body in bytes.
func DecodeLimit[T any](event events.APIGatewayProxyRequest, limit int) (T, error) {
	var v, zero T
	if err := decode(event, limit, &v); err != nil {
		return zero, err
	}
	return v, nil
}

// decode decodes the body into target, a pointer.
func decode(event events.APIGatewayProxyRequest, limit int, target any) error {
	body, err := jsonBody(event, limit)
	if err != nil {
		return err
	}
	value := reflect.ValueOf(target).Elem()
	decoder := json.NewDecoder(strings.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(target); err != nil {
		return decodeError(err, body, value.Type())
	}
	switch {
	case strings.Trim(body[decoder.InputOffset():], whitespace) != "":
		return &RequestError{http.StatusBadRequest, "the body has data after the JSON value"}
	case strings.Trim(body, whitespace) == "null":
		return &RequestError{http.StatusUnprocessableEntity, "the body must be " + describe(value.Type())}
	}
	if _, ok := target.(json.Unmarshaler); !ok {
		if err := errors.Join(missing(reflect.Indirect(value), body)...); err != nil {
			return err
		}
	}
	type validator interface{ Validate() error }
	if v, ok := target.(validator); ok {
		return v.Validate()
	}
	if v, ok := value.Interface().(validator); ok { // T is a pointer
		return v.Validate()
	}
	return nil
}

// jsonBody returns the body of a request. It checks size and Content-Type.
func jsonBody(event events.APIGatewayProxyRequest, limit int) (string, error) {
	if !isJSON(Header(event, "Content-Type")) {
		return "", &RequestError{http.StatusUnsupportedMediaType, "the Content-Type must be application/json in UTF-8"}
	}
	body := event.Body
	if event.IsBase64Encoded && len(body) <= limit/3*4+4 { // the limit in base64
		data, err := Body(event)
		if err != nil {
			return "", &RequestError{http.StatusBadRequest, "the body is not valid base64"}
		}
		body = string(data)
	}
	if len(body) > limit {
		return "", &RequestError{http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", limit)}
	}
	return body, nil
}

func isJSON(contentType string) bool {
	if contentType == "application/json" { // parsing takes longer
		return true
	}
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	charset, hasCharset := parameters["charset"]
	return err == nil && (mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")) &&
		(!hasCharset || strings.EqualFold(charset, "utf-8"))
}

// whitespace is what may surround JSON values.
const whitespace = " \t\r\n"

// missing returns an error for each required field that the body does not have.
// Only fields that are zero can be missing.
func missing(v reflect.Value, body string) []error {
	if v.Kind() != reflect.Struct {
		return nil
	}
	var errs []error
	var names []string
	for i := range v.NumField() {
		value := v.Field(i)
		if kind := value.Kind(); kind == reflect.Pointer || kind != reflect.Struct && !value.IsZero() {
			continue
		}
		field := v.Type().Field(i)
		name, required := jsonName(field)
		switch {
		case name == "" && field.Anonymous:
			errs = append(errs, missing(value, body)...)
		case required && value.IsZero():
			if names == nil {
				names = members(body)
			}
			if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
				errs = append(errs, Invalid(name, "is required"))
			}
		}
	}
	return errs
}

// jsonName returns the name of a field in JSON and whether Decode requires it.
// The name is empty if package json ignores the field, or takes the fields of
// an embedded struct in its place.
func jsonName(field reflect.StructField) (name string, required bool) {
	tag := field.Tag.Get("json")
	name, options, _ := strings.Cut(tag, ",")
	switch {
	case tag == "-" || !field.IsExported():
		return "", false
	case name == "" && field.Anonymous && field.Type.Kind() == reflect.Struct:
		return "", false
	case name == "":
		name = field.Name
	}
	return name, field.Type.Kind() != reflect.Pointer &&
		!strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero")
}

// members returns the names of the members of a JSON object that are not null.
// The object is valid, so its names are the strings after a brace or a comma.
func members(object string) []string {
	names := make([]string, 0, 8)
	depth, isName := 0, true
	for i := 0; i < len(object); i++ {
		switch c := object[i]; {
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == '"':
			start := i
			for i++; object[i] != '"'; i++ {
				if object[i] == '\\' {
					i++
				}
			}
			if depth == 1 && isName {
				name := object[start+1 : i]
				if strings.Contains(name, `\`) {
					_ = json.Unmarshal([]byte(object[start:i+1]), &name)
				}
				names = append(names, name)
			}
		case depth == 1 && (c == ':' || c == ','):
			isName = c == ','
		case depth == 1 && c == 'n': // null
			names = names[:len(names)-1]
		}
	}
	return names
}

// decodeError returns the error about a body that does not decode into a t.
func decodeError(err error, body string, t reflect.Type) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF):
		return &RequestError{http.StatusBadRequest, "the body is empty"}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &RequestError{http.StatusBadRequest, "the body is not JSON: unexpected end"}
	case errors.As(err, &syntax):
		return &RequestError{http.StatusBadRequest, "the body is not JSON: " + syntax.Error()}
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		if unquoted, err := strconv.Unquote(name); err == nil {
			name = unquoted
		}
		return Invalid(name, "is unknown")
	}
	return errors.Join(mistyped(body, t)...)
}

// mistyped returns an error for each field of a t that cannot have the value in
// the body. Not every error of package json names the field.
func mistyped(body string, t reflect.Type) []error {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var values map[string]json.RawMessage
	var errs []error
	if t.Kind() == reflect.Struct && json.Unmarshal([]byte(body), &values) == nil {
		for _, field := range reflect.VisibleFields(t) {
			name, _ := jsonName(field)
			for key, value := range values {
				if name == "" || !strings.EqualFold(key, name) {
					continue
				}
				var nested *json.UnmarshalTypeError
				err := json.Unmarshal(value, reflect.New(field.Type).Interface())
				switch {
				case errors.As(err, &nested) && nested.Field != "":
					errs = append(errs, Invalid(name+"."+nested.Field, "must be "+describe(nested.Type)))
				case err != nil:
					errs = append(errs, Invalid(name, "must be "+describe(field.Type)))
				}
			}
		}
	}
	if len(errs) == 0 {
		return []error{&RequestError{http.StatusUnprocessableEntity, "the body must be " + describe(t)}}
	}
	return errs
}

// describe returns what a value of type t is in JSON.
func describe(t reflect.Type) string {
	switch pointer := reflect.PointerTo(t); {
	case t == reflect.TypeFor[time.Time]():
		return "a time such as 2006-01-02T15:04:05Z"
	case pointer.Implements(reflect.TypeFor[json.Unmarshaler]()):
		return "valid"
	case pointer.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()):
		return "a valid string"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return describe(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return fmt.Sprintf("an integer of %d bits", t.Bits())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return fmt.Sprintf("a non-negative integer of %d bits", t.Bits())
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.String:
		return "a string"
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return "a string in base64"
		}
		return "an array, with each element " + describe(t.Elem())
	case reflect.Map, reflect.Struct:
		return "an object with valid values"
	}
	return "valid"
}
