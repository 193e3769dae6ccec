package generator

import (
	"fmt"
	"go/token"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/iancoleman/strcase"
	"golang.org/x/mod/module"
	"golang.org/x/text/unicode/norm"
)

// maxName is the maximum length of a function's name and of its group's. File
// systems limit the length of the file names, which are up to 18 bytes longer.
const maxName = 64

// A Name is the name of a function, and of its group if it is in one.
// [ParseName] returns it.
type Name struct {
	group string // "" without a group
	base  string
}

// ParseName parses the name of a function in any of the usual spellings:
// update-order-status, UpdateOrderStatus and updateOrderStatus are the same
// name. The name of a function in a group is that of the group, a slash and
// that of the function, as in slack/events. The error is a *[NameError].
//
// Names are split into words like those of RedwoodJS, by the rules of the npm
// package camelcase: at separators (space, dot, dash, underscore), before an
// upper-case letter that follows a lower-case one, before the last of several
// upper-case letters, and after digits.
func ParseName(typed string) (Name, error) {
	invalid := func(reason, suggestion string) (Name, error) {
		if suggestion != "" {
			name, _ := ParseName(suggestion)
			suggestion = name.String()
		}
		return Name{}, &NameError{Name: typed, Reason: reason, Suggestion: suggestion}
	}

	parts := strings.Split(strings.TrimSpace(typed), "/")
	isEmpty := func(part string) bool { return part == "" }
	switch {
	case len(parts) > 3, slices.Contains(parts, ".."), slices.Contains(parts, "."):
		return Name{}, &NameError{Name: typed, Reason: "want a name, not a path"}
	case len(parts) > 1 && slices.ContainsFunc(parts, isEmpty):
		return invalid("want one slash, between a group and a function",
			strings.Join(slices.DeleteFunc(parts, isEmpty), "/"))
	case len(parts) > 2:
		return invalid("groups cannot contain groups", parts[0]+"/"+parts[1]+"-"+parts[2])
	}
	for i, part := range parts {
		camel, err := camelCase(part)
		if err != nil {
			parts[i] = err.Suggestion
			if err.Suggestion == "" {
				parts = nil
			}
			return invalid(err.Reason, strings.Join(parts, "/"))
		}
		parts[i] = camel
	}
	if len(parts) == 1 {
		return Name{base: parts[0]}, nil
	}
	return Name{group: parts[0], base: parts[1]}, nil
}

// camelCase converts one part of a name to lower camel case.
func camelCase(typed string) (string, *NameError) {
	invalid := func(suggestion, reason string, args ...any) (string, *NameError) {
		return "", &NameError{Reason: fmt.Sprintf(reason, args...), Suggestion: suggestion}
	}

	trimmed := strings.TrimSpace(typed)
	for _, r := range trimmed {
		switch {
		case r == '\\':
			return invalid(strings.ReplaceAll(trimmed, `\`, "/"), "a slash separates a group and a function, not %q", r)
		case isWordRune(r) || isSeparator(r):
		case r > unicode.MaxASCII:
			return invalid(ascii(trimmed), "import paths cannot contain %q", r)
		default:
			return invalid(ascii(trimmed), "%q is not a letter or digit", r)
		}
	}
	camel := strcase.ToLowerCamel(strings.Join(words(trimmed), "_"))
	switch {
	case camel == "":
		return invalid("", "it has no letters or digits")
	case camel[0] >= '0' && camel[0] <= '9':
		return invalid("fn-"+camel, "package names cannot start with a digit")
	case len(camel) > maxName:
		return invalid("", "it has %d characters, the maximum is %d", len(camel), maxName)
	case camel == "internal" || camel == "vendor" || camel == "testdata":
		return invalid(camel+"-fn", "the go command treats directories named %s specially", camel)
	}
	if err := module.CheckImportPath(camel); err != nil {
		return invalid(camel+"-fn", "Windows reserves the name, so import paths cannot contain it")
	}
	return camel, nil
}

// String returns the name in lower camel case, as in directories and routes.
func (n Name) String() string { return path.Join(n.group, n.base) }

// Group returns the group in lower camel case, or "" if the function is in none.
func (n Name) Group() string { return n.group }

// Base returns the name without the group, as in file names.
func (n Name) Base() string { return n.base }

// Route returns the path of the function's URL.
func (n Name) Route() string { return "/" + n.String() }

// Package returns the name of the function's package: the name in lower case,
// without the group. If Go or its tools reserve that, "fn" is appended.
func (n Name) Package() string {
	name := strings.ToLower(n.base)
	if token.IsKeyword(name) || name == "main" || name == "documentation" {
		return name + "fn"
	}
	return name
}

// Env returns the prefix of the function's environment variables: the name in
// upper case, as in UPDATE_ORDER_STATUS and SLACK_EVENTS.
func (n Name) Env() string { return envPrefix(n.String()) }

// envPrefix returns the prefix of the environment variables of a function with
// a name that need not be in lower camel case.
func envPrefix(name string) string {
	return strings.ToUpper(strings.Join(words(name), "_"))
}

// words splits a name into words in lower case.
func words(name string) []string {
	var (
		list  []string
		word  []rune
		runes = []rune(name)
	)
	end := func() {
		if len(word) > 0 {
			list = append(list, strings.ToLower(string(word)))
			word = nil
		}
	}
	for i, r := range runes {
		if isSeparator(r) {
			end()
			continue
		}
		if i > 0 && startsWord(runes, i) {
			end()
		}
		word = append(word, r)
	}
	end()
	return list
}

// startsWord reports whether the rune at i, which is not the first, starts a
// word.
func startsWord(runes []rune, i int) bool {
	before, r := runes[i-1], runes[i]
	switch {
	case unicode.IsDigit(before):
		return !unicode.IsDigit(r)
	case unicode.IsUpper(r) && unicode.IsLower(before):
		return true
	case unicode.IsUpper(r) && unicode.IsUpper(before):
		return i+1 < len(runes) && unicode.IsLower(runes[i+1])
	}
	return false
}

func isSeparator(r rune) bool {
	return r == ' ' || r == '.' || r == '-' || r == '_' || r == '/'
}

func isWordRune(r rune) bool {
	return r <= unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// ascii returns a name without the accents of its letters, and with dashes in
// place of other characters that a name cannot contain.
func ascii(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case isWordRune(r):
			return r
		case unicode.Is(unicode.Mn, r):
			return -1
		}
		return '-'
	}, norm.NFD.String(name))
}
