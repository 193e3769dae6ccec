package generator

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// An Input lists the fields of the JSON body that a function decodes.
// [ParseInput] returns one.
type Input struct {
	fields []inputField
}

// An inputField is a field of an [Input].
type inputField struct {
	name     string // in JSON
	ident    string // in Go
	kind     inputKind
	list     bool
	optional bool
}

// An inputKind is a type that a field can have.
type inputKind struct {
	name   string // as in name:string
	goType string
	sample string // a value in JSON, and in Go
	wrong  string // a value of another type, in JSON and in Go
}

func inputKinds() []inputKind {
	return []inputKind{
		{"string", "string", `"example"`, "1"},
		{"int", "int", "1", `"example"`},
		{"float", "float64", "1.5", `"example"`},
		{"bool", "bool", "true", `"example"`},
		{"time", "time.Time", `"2026-01-02T15:04:05Z"`, `"example"`},
	}
}

// ParseInput parses fields that are separated by commas. Each is a name and a
// type, as in name:string. The types are string, int, float, bool and time, and
// lists of them, as in tags:[]string. A question mark after the type makes the
// field optional. The error is a *[ValueError].
func ParseInput(list string) (Input, error) {
	entries := strings.Split(list, ",")
	var input Input
	for i, entry := range entries {
		entries[i] = strings.TrimSpace(entry)
	}
	for i, entry := range entries {
		field, replacement, reason := parseInputField(entry)
		if reason == "" {
			replacement, reason = input.collision(field)
		}
		if reason != "" {
			err := &ValueError{Reason: reason}
			if replacement != "" {
				entries[i] = replacement
				err.Suggestion = strings.Join(entries, ",")
			}
			return Input{}, err
		}
		input.fields = append(input.fields, field)
	}
	return input, nil
}

// parseInputField parses a field such as name:string. If it is invalid, the
// reason says why, and the replacement, if any, is a valid field like it.
func parseInputField(entry string) (field inputField, replacement, reason string) {
	name, text, hasType := strings.Cut(entry, ":")
	if entry == "" {
		return field, "", "a field is empty"
	}
	field.name, field.ident = name, goIdent(name)
	if !regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`).MatchString(name) || field.ident == "" {
		valid := strings.Trim(ascii(name), "-_0123456789")
		if valid != "" && hasType {
			replacement = valid + ":" + text
			if _, other, reason := parseInputField(replacement); reason != "" {
				replacement = other
			}
		}
		return field, replacement, fmt.Sprintf(
			"%q is not a name: want letters, digits, hyphens and underscores, and first a letter or an underscore", name)
	}
	if !hasType {
		return field, name + ":string", fmt.Sprintf("%q has no type", name)
	}

	text, field.optional = strings.CutSuffix(text, "?")
	text, field.list = strings.CutPrefix(text, "[]")
	kinds := inputKinds()
	if i := slices.IndexFunc(kinds, func(k inputKind) bool { return k.name == text }); i >= 0 {
		field.kind = kinds[i]
		return field, "", ""
	}
	var names []string
	for _, kind := range kinds {
		names = append(names, kind.name)
		bare, list := strings.CutSuffix(strings.Trim(text, "?"), "[]")
		if bare == kind.name || strings.HasPrefix(bare, kind.name) { // string[], integer
			field.kind, field.list = kind, field.list || list
			replacement = field.String()
		}
	}
	if nearest := Nearest(text, names); nearest != "" && replacement == "" {
		field.kind = kinds[slices.Index(names, nearest)]
		replacement = field.String()
	}
	return field, replacement, fmt.Sprintf("unknown type %q of %s: want string, int, float, bool, time or a list such as []string",
		text, name)
}

// String returns the field as ParseInput parses it.
func (f inputField) String() string {
	text := f.name + ":"
	if f.list {
		text += "[]"
	}
	text += f.kind.name
	if f.optional {
		text += "?"
	}
	return text
}

// collision returns why field cannot follow the fields of an input, and a field
// that can. The reason is empty if it can.
func (in Input) collision(field inputField) (replacement, reason string) {
	if field.ident == "Validate" {
		field.name = "validation"
		return field.String(), `"validate" is the name of the method that validates the fields`
	}
	for _, other := range in.fields {
		switch {
		case other.name == field.name:
			return "", fmt.Sprintf("the field %q is listed twice", field.name)
		case other.ident == field.ident:
			return "", fmt.Sprintf("the fields %q and %q are both %s in Go", other.name, field.name, field.ident)
		case strings.EqualFold(other.name, field.name):
			return "", fmt.Sprintf("the fields %q and %q differ only in letter case", other.name, field.name)
		}
	}
	return "", ""
}

// goIdent returns the name of the Go field for a name in JSON: FirstName for
// first_name, UserID for userId. It is empty if there is none.
func goIdent(name string) string {
	var b strings.Builder
	for _, word := range words(name) {
		switch word {
		case "api", "html", "http", "id", "ip", "json", "sql", "uri", "url", "uuid":
			b.WriteString(strings.ToUpper(word))
		default:
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	if ident := b.String(); ident != "" && ident[0] >= 'A' && ident[0] <= 'Z' {
		return ident
	}
	return ""
}

// InputData describes the JSON body that a function decodes.
type InputData struct {
	Fields []InputFieldData

	// For tests.
	JSON    string // a valid body with all fields; use Quote
	Unknown string // the name of no field
}

// InputFieldData describes a field of a function's input.
type InputFieldData struct {
	Name     string // in JSON
	Ident    string // of the field in Go
	Type     string // in Go
	Optional bool
	NotEmpty bool   // the function rejects the zero value
	Value    string // for tests: a valid value, as a Go expression
	Wrong    string // for tests: a value of another type, as a Go expression
}

// Validated reports whether a field must not be empty.
func (d InputData) Validated() bool {
	return slices.ContainsFunc(d.Fields, func(f InputFieldData) bool { return f.NotEmpty })
}

// HasOptional reports whether a field is optional.
func (d InputData) HasOptional() bool {
	return slices.ContainsFunc(d.Fields, func(f InputFieldData) bool { return f.Optional })
}

// HasTime reports whether a field is a time or a list of times.
func (d InputData) HasTime() bool {
	return slices.ContainsFunc(d.Fields, func(f InputFieldData) bool { return strings.Contains(f.Type, "time.") })
}

func (in Input) templateData() *InputData {
	d := &InputData{Unknown: "unknown"}
	for slices.ContainsFunc(in.fields, func(f inputField) bool { return strings.EqualFold(f.name, d.Unknown) }) {
		d.Unknown += "_"
	}
	var members []string
	for _, f := range in.fields {
		field := InputFieldData{
			Name:     f.name,
			Ident:    f.ident,
			Type:     f.kind.goType,
			Optional: f.optional,
			NotEmpty: f.kind.name == "string" && !f.list && !f.optional,
			Value:    f.kind.sample,
			Wrong:    f.kind.wrong,
		}
		value := f.kind.sample
		switch {
		case f.list:
			field.Type = "[]" + field.Type
			field.Value = "[]any{" + field.Value + "}"
			value = "[" + value + "]"
		case f.optional:
			field.Type = "*" + field.Type
		}
		members = append(members, fmt.Sprintf("%q:%s", f.name, value))
		d.Fields = append(d.Fields, field)
	}
	d.JSON = "{" + strings.Join(members, ",") + "}"
	return d
}
