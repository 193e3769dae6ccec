package logger

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"sort"
	"strings"
	"unicode"
)

// redacted stands for what is not to be logged.
const redacted = "[redacted]"

// secrets are parts of keys whose values are never logged.
var secrets = [...]string{"authorization", "cookie", "password", "secret", "token"}

// maxDepth is how deep a value is looked into. What nests deeper is cut off.
const maxDepth = 32

// A redactor knows which keys are whose values hide.
type redactor struct{ keys []string } // of letters and digits, in lower case

func newRedactor(keys []string) *redactor {
	r := &redactor{}
	for _, key := range keys {
		if joined := strings.Join(words(key), ""); joined != "" {
			r.keys = append(r.keys, joined)
		}
	}
	return r
}

// hides tells whether the value of a key is not to be logged.
func (r *redactor) hides(key string) bool {
	words := words(key)
	joined := strings.Join(words, "")
	for _, secret := range secrets {
		if strings.Contains(joined, secret) {
			return true
		}
	}
	// Whole words, in a row: "pin" hides cardPin and not shipping.
	for _, secret := range r.keys {
		for i := range words {
			for rest, j := secret, i; j < len(words) && strings.HasPrefix(rest, words[j]); j++ {
				if rest = rest[len(words[j]):]; rest == "" {
					return true
				}
			}
		}
	}
	return false
}

// words are those of a key, in lower case: of X-Card-Number, card_number, cardNumber or CARDNumber.
func words(key string) []string {
	var list []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			list = append(list, strings.ToLower(string(word)))
			word = word[:0]
		}
	}
	runes := []rune(key)
	for i, c := range runes {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			end()
			continue
		}
		if unicode.IsUpper(c) && i > 0 {
			startsWord := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if !unicode.IsUpper(runes[i-1]) || startsWord {
				end()
			}
		}
		word = append(word, c)
	}
	end()
	return list
}

// value is a value as JSON has it, without what is not to be logged.
func (r *redactor) value(v any) (value slog.Value) {
	defer func() { // of a method of the value's
		if p := recover(); p != nil {
			value = slog.StringValue(fmt.Sprintf("!PANIC: %v", p))
		}
	}()
	w := walker{r, map[visit]bool{}}
	switch v := w.walk(reflect.ValueOf(v), 0).(type) {
	case string:
		return slog.StringValue(v)
	case object:
		return slog.AnyValue(v)
	case []any:
		return slog.AnyValue(list(v))
	default:
		return slog.AnyValue(v)
	}
}

// An object is what is left of a struct or a map.
type object []member

type member struct {
	name  string
	value any
}

// A list is what is left of a slice.
type list []any

// MarshalJSON keeps the order of the members.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := compact(m.name)
		if err != nil {
			return nil, err
		}
		value, err := compact(m.value)
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

// String is the object as text has it.
func (o object) String() string { return asText(o) }

// String is the list as text has it.
func (l list) String() string { return asText(l) }

func asText(v any) string {
	text, err := compact(v)
	if err != nil {
		return "!ERROR: " + err.Error()
	}
	return string(text)
}

// compact is JSON with <, > and & as they are.
func compact(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// A walker goes through a value.
type walker struct {
	*redactor
	within map[visit]bool // what it is within
}

// A visit is to what a pointer of a type points to.
type visit struct {
	pointer uintptr
	kind    reflect.Type
}

// walk is what is left of a value.
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
		here := visit{v.Pointer(), v.Type()}
		if w.within[here] {
			return "[cycle]"
		}
		w.within[here] = true
		defer delete(w.within, here)
	case reflect.Interface:
		return w.walk(v.Elem(), depth)
	}
	if v.CanInterface() {
		switch x := v.Interface().(type) {
		case slog.LogValuer:
			return w.resolved(slog.AnyValue(x).Resolve(), depth)
		case slog.Value:
			return w.resolved(x.Resolve(), depth)
		case slog.Attr:
			return object{w.member(x.Key, func() any { return w.resolved(x.Value.Resolve(), depth) })}
		case json.Number:
			return x
		case json.Marshaler:
			text, err := x.MarshalJSON()
			if err != nil {
				return "!ERROR: " + err.Error()
			}
			return w.decoded(text, depth)
		case error:
			return x.Error()
		case encoding.TextMarshaler:
			text, err := x.MarshalText()
			if err != nil {
				return "!ERROR: " + err.Error()
			}
			return string(text)
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		return w.walk(v.Elem(), depth+1)
	case reflect.Struct:
		return w.fields(v, depth)
	case reflect.Map:
		return w.entries(v, depth)
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
		return v.String()
	}
	return v.Type().String() // a function, a channel: JSON has none
}

// resolved is what is left of a value of slog's.
func (w walker) resolved(v slog.Value, depth int) any {
	if v.Kind() != slog.KindGroup {
		return w.walk(reflect.ValueOf(v.Any()), depth+1)
	}
	o := object{}
	for _, attr := range v.Group() {
		o = append(o, w.member(attr.Key, func() any { return w.resolved(attr.Value.Resolve(), depth+1) }))
	}
	return o
}

// decoded is what is left of JSON.
func (w walker) decoded(text []byte, depth int) any {
	var v any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		return "!ERROR: " + err.Error()
	}
	return w.walk(reflect.ValueOf(v), depth+1)
}

// member is a member of an object.
func (w walker) member(name string, value func() any) member {
	if w.hides(name) {
		return member{name, redacted}
	}
	return member{name, value()}
}

// fields is what is left of a struct: the fields that encoding/json would write, under its names.
// Either name of a field may hide it.
func (w walker) fields(v reflect.Value, depth int) object {
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
		if !field.IsExported() || hasOption(options, "omitempty") && isEmpty(value) || hasOption(options, "omitzero") && value.IsZero() {
			continue
		}
		name := tag
		if name == "" {
			name = field.Name
		}
		if w.hides(field.Name) {
			o = append(o, member{name, redacted})
			continue
		}
		o = append(o, w.member(name, func() any { return w.walk(value, depth+1) }))
	}
	for _, inner := range embedded { // whose fields are the struct's own, save those that it has itself
		if depth >= maxDepth {
			break
		}
		for _, m := range w.fields(inner, depth+1) {
			if !o.has(m.name) {
				o = append(o, m)
			}
		}
	}
	return o
}

func (o object) has(name string) bool {
	for _, m := range o {
		if m.name == name {
			return true
		}
	}
	return false
}

func hasOption(options, want string) bool {
	for _, option := range strings.Split(options, ",") {
		if option == want {
			return true
		}
	}
	return false
}

// isEmpty is what omitempty leaves out.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

// entries is what is left of a map, by name.
func (w walker) entries(v reflect.Value, depth int) object {
	o := object{}
	for each := v.MapRange(); each.Next(); {
		name, ok := w.walk(each.Key(), depth+1).(string)
		if !ok {
			name = fmt.Sprint(each.Key())
		}
		value := each.Value()
		o = append(o, w.member(name, func() any { return w.walk(value, depth+1) }))
	}
	sort.Slice(o, func(i, j int) bool { return o[i].name < o[j].name })
	return o
}
