package logger

import (
	"bytes"
	"cmp"
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// maxDepth is the maximum depth of a value. What is nested deeper is not
// logged.
const maxDepth = 32

// value converts v to the value that JSON would encode, with secrets redacted.
func (r *redactor) value(v any) (value slog.Value) {
	defer func() { // methods of v, such as MarshalJSON, may panic
		if p := recover(); p != nil {
			value = slog.StringValue(fmt.Sprintf("!PANIC: %v", p))
		}
	}()
	w := walker{r, map[reference]bool{}}
	converted := w.walk(reflect.ValueOf(v), 0)
	if elements, ok := converted.([]any); ok {
		converted = list(elements)
	}
	return slog.AnyValue(converted)
}

// An object is a converted struct or map. It keeps the order of its members.
type object []member

type member struct {
	name  string
	value any
}

// A list is a converted slice or array.
type list []any

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := encode(m.name)
		if err != nil {
			return nil, err
		}
		value, err := encode(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// String returns the object as JSON, for the text formats.
func (o object) String() string { return encodeToString(o) }

// String returns the list as JSON, for the text formats.
func (l list) String() string { return encodeToString(l) }

func encodeToString(v any) string {
	text, err := encode(v)
	if err != nil {
		return "!ERROR: " + err.Error()
	}
	return string(text)
}

// encode encodes v as JSON without escaping <, > and &.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// A walker converts a value recursively.
type walker struct {
	*redactor
	active map[reference]bool // references on the path to the current value
}

// A reference identifies the target of a pointer, map or slice.
type reference struct {
	pointer uintptr
	typ     reflect.Type
}

// walk converts a value of any kind.
func (w walker) walk(v reflect.Value, depth int) any {
	if !v.IsValid() {
		return nil
	}
	if depth > maxDepth {
		return "[too deep]"
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		if v.IsNil() {
			return nil
		}
		ref := reference{v.Pointer(), v.Type()}
		if w.active[ref] {
			return "[cycle]"
		}
		w.active[ref] = true
		defer delete(w.active, ref)
	case reflect.Interface:
		return w.walk(v.Elem(), depth)
	}
	if v.CanInterface() {
		if converted, ok := w.walkInterface(v.Interface(), depth); ok {
			return converted
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		return w.walk(v.Elem(), depth+1)
	case reflect.Struct:
		return w.walkStruct(v, depth)
	case reflect.Map:
		return w.walkMap(v, depth)
	case reflect.Slice, reflect.Array:
		if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8 {
			return v.Bytes()
		}
		all := make([]any, v.Len())
		for i := range all {
			all[i] = w.walk(v.Index(i), depth+1)
		}
		return all
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return v.Uint()
	case reflect.Float32, reflect.Float64:
		if f := v.Float(); !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f
		}
		return fmt.Sprint(v.Float())
	case reflect.String:
		return w.walkString(v.String(), depth)
	}
	return v.Type().String() // JSON has no functions and channels
}

// walkInterface converts a value whose methods define how to log or encode it.
func (w walker) walkInterface(v any, depth int) (converted any, ok bool) {
	switch v := v.(type) {
	case slog.LogValuer:
		return w.walkValue(slog.AnyValue(v).Resolve(), depth), true
	case slog.Value:
		return w.walkValue(v.Resolve(), depth), true
	case slog.Attr:
		return object{w.member(v.Key, func() any { return w.walkValue(v.Value.Resolve(), depth) })}, true
	case json.Number:
		return v, true
	case json.Marshaler:
		text, err := v.MarshalJSON()
		if err != nil {
			return "!ERROR: " + err.Error(), true
		}
		return w.walkJSON(text, depth), true
	case http.Cookie:
		v.Value, v.Raw, v.Unparsed = redacted, "", nil
		return w.walkStruct(reflect.ValueOf(v), depth), true
	case error:
		return w.text(v.Error()), true
	case encoding.TextMarshaler:
		text, err := v.MarshalText()
		if err != nil {
			return "!ERROR: " + err.Error(), true
		}
		return w.text(string(text)), true
	}
	return nil, false
}

// walkValue converts a slog.Value.
func (w walker) walkValue(v slog.Value, depth int) any {
	if v.Kind() != slog.KindGroup {
		return w.walk(reflect.ValueOf(v.Any()), depth+1)
	}
	o := object{}
	for _, attr := range v.Group() {
		o = append(o, w.member(attr.Key, func() any { return w.walkValue(attr.Value.Resolve(), depth+1) }))
	}
	return o
}

// walkJSON converts a value that is encoded as JSON.
func (w walker) walkJSON(text []byte, depth int) any {
	var v any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		return "!ERROR: " + err.Error()
	}
	return w.walk(reflect.ValueOf(v), depth+1)
}

// walkString converts a string. If it is JSON, such as the body of a request, it
// redacts the secrets in it.
func (w walker) walkString(s string, depth int) string {
	if isJSON(s) {
		return encodeToString(w.walkJSON([]byte(s), depth))
	}
	return w.text(s)
}

// member returns a member of an object, without calling value for a secret.
func (w walker) member(name string, value func() any) member {
	if w.matches(name) {
		return member{name, redacted}
	}
	return member{name, value()}
}

// walkStruct converts the fields of a struct that encoding/json would encode,
// under the same names. It redacts a field if its Go name or its JSON name
// matches.
func (w walker) walkStruct(v reflect.Value, depth int) object {
	o := object{}
	var embedded []reflect.Value
	for i := range v.NumField() {
		field := v.Type().Field(i)
		tag, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if field.Tag.Get("json") == "-" {
			continue
		}
		value := v.Field(i)
		if field.Anonymous && tag == "" {
			if inner := reflect.Indirect(value); inner.IsValid() && inner.Kind() == reflect.Struct {
				embedded = append(embedded, inner)
				continue
			}
		}
		if !field.IsExported() || omitted(value, strings.Split(options, ",")) {
			continue
		}
		name := cmp.Or(tag, field.Name)
		if w.matches(field.Name) {
			o = append(o, member{name, redacted})
			continue
		}
		o = append(o, w.member(name, func() any { return w.walk(value, depth+1) }))
	}
	if depth >= maxDepth {
		return o
	}
	// Add promoted fields, unless a field of the struct itself has the same
	// name.
	for _, inner := range embedded {
		for _, m := range w.walkStruct(inner, depth+1) {
			if !o.has(m.name) {
				o = append(o, m)
			}
		}
	}
	return o
}

func (o object) has(name string) bool {
	return slices.ContainsFunc(o, func(m member) bool { return m.name == name })
}

// omitted reports whether encoding/json omits a field with the options of its
// tag.
func omitted(v reflect.Value, options []string) bool {
	return slices.Contains(options, "omitempty") && isEmpty(v) || slices.Contains(options, "omitzero") && v.IsZero()
}

// isEmpty reports whether omitempty omits the value.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// walkMap converts a map and sorts its entries by key.
func (w walker) walkMap(v reflect.Value, depth int) object {
	o := object{}
	for entry := v.MapRange(); entry.Next(); {
		name, ok := w.walk(entry.Key(), depth+1).(string)
		if !ok {
			name = fmt.Sprint(entry.Key())
		}
		value := entry.Value()
		o = append(o, w.member(name, func() any { return w.walk(value, depth+1) }))
	}
	slices.SortFunc(o, func(a, b member) int { return strings.Compare(a.name, b.name) })
	return o
}
