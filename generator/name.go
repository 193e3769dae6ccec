package generator

import (
	"fmt"
	"go/token"
	"strings"
	"unicode"

	"github.com/iancoleman/strcase"
	"golang.org/x/mod/module"
	"golang.org/x/text/unicode/norm"
)

// maxName is the maximum length of a name. File systems limit the length of the
// file names, which are up to 18 bytes longer.
const maxName = 64

// A Name is the name of a function. [ParseName] returns one.
type Name struct {
	camel string
}

// ParseName parses the name of a function in any of the usual spellings:
// update-order-status, UpdateOrderStatus and updateOrderStatus are the same
// name. The error is a *[NameError].
//
// Names are split into words like those of RedwoodJS, by the rules of the npm
// package camelcase: at separators (space, dot, dash, underscore), before an
// upper-case letter that follows a lower-case one, before the last of several
// upper-case letters, and after digits.
func ParseName(typed string) (Name, error) {
	invalid := func(suggestion, reason string, args ...any) (Name, error) {
		if suggestion != "" {
			name, _ := ParseName(suggestion)
			suggestion = name.String()
		}
		return Name{}, &NameError{Name: typed, Reason: fmt.Sprintf(reason, args...), Suggestion: suggestion}
	}

	trimmed := strings.TrimSpace(typed)
	for _, r := range trimmed {
		switch {
		case r == '/' || r == '\\':
			return invalid("", "want a name, not a path")
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
	return Name{camel: camel}, nil
}

// String returns the name in lower camel case, as in directories, files and
// routes.
func (n Name) String() string { return n.camel }

// Route returns the path of the function's URL.
func (n Name) Route() string { return "/" + n.camel }

// Package returns the name of the function's package: the name in lower case.
// If Go or its tools reserve that, "fn" is appended.
func (n Name) Package() string {
	name := strings.ToLower(n.camel)
	if token.IsKeyword(name) || name == "main" || name == "documentation" {
		return name + "fn"
	}
	return name
}

// Env returns the prefix of the function's environment variables: the name in
// upper case, as in UPDATE_ORDER_STATUS.
func (n Name) Env() string {
	return strings.ToUpper(strings.Join(words(n.camel), "_"))
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
	return r == ' ' || r == '.' || r == '-' || r == '_'
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
