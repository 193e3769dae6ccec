package generator

import (
	"fmt"
	"go/token"
	"path"
	"strings"
	"unicode"

	"github.com/iancoleman/strcase"
	"golang.org/x/mod/module"
	"golang.org/x/text/unicode/norm"
)

// maxName bounds a name: with what is added to it, every file system takes it.
const maxName = 64

// A Name is what a function is called. [ParseName] makes it.
type Name struct {
	camel string
}

// A NameError says why a name cannot be a function's, and what could.
type NameError struct {
	Name       string // as it was given
	Reason     string
	Suggestion string // a name that would do, or ""
}

func (e *NameError) Error() string {
	return fmt.Sprintf("bad name %q: %s", e.Name, e.Reason)
}

// ParseName is the name of a function as it is typed, in any of the usual
// spellings: update-order-status, UpdateOrderStatus and updateOrderStatus are
// one name. The error is a *NameError.
//
// Words are split as the npm package camelcase splits them, so that names come
// out as RedwoodJS has them: at separators (space, dot, dash, underscore), before a capital
// that follows a small letter, before the last of several capitals, and after digits.
func ParseName(typed string) (Name, error) {
	refuse := func(suggestion, reason string, args ...any) (Name, error) {
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
			return refuse("", "it is a name, not a path")
		case isWordRune(r) || isSeparator(r):
		case r > unicode.MaxASCII:
			return refuse(plain(trimmed), "%q is no letter that an import path can have", r)
		default:
			return refuse(plain(trimmed), "%q is neither a letter nor a digit", r)
		}
	}
	camel := strcase.ToLowerCamel(strings.Join(words(trimmed), "_"))
	switch {
	case camel == "":
		return refuse("", "it has no letter")
	case camel[0] >= '0' && camel[0] <= '9':
		return refuse("fn-"+camel, "a package cannot start with a digit")
	case len(camel) > maxName:
		return refuse("", "it has %d letters, %d are the most", len(camel), maxName)
	case camel == "internal" || camel == "vendor" || camel == "testdata":
		return refuse(camel+"-fn", "the go command treats a folder %s specially", camel)
	}
	if err := module.CheckImportPath(camel); err != nil {
		return refuse(camel+"-fn", "no import path can have it (Windows reserves such names)")
	}
	return Name{camel: camel}, nil
}

// String is the name in lowerCamel: the directory, the file and the route.
func (n Name) String() string { return n.camel }

// Route is the path that requests reach the function by.
func (n Name) Route() string { return "/" + n.camel }

// Package is the name of the function's package: the name in lower case, with
// fn after what Go or its tools keep for themselves.
func (n Name) Package() string {
	name := strings.ToLower(n.camel)
	if token.IsKeyword(name) || name == "main" || name == "documentation" {
		return name + "fn"
	}
	return name
}

// Env is the prefix of the function's environment variables: the name in
// capitals, as in UPDATE_ORDER_STATUS.
func (n Name) Env() string {
	return strings.ToUpper(strings.Join(words(n.camel), "_"))
}

// file is the path of one of the function's files, below the functions directory.
func (n Name) file(suffix string) string {
	return path.Join(n.camel, n.camel+suffix)
}

// words splits a name into lower-case words.
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

// startsWord tells whether the rune at i, which follows another, starts a word.
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

// plain is a name with accents taken off its letters, and separators for what cannot be in one.
func plain(name string) string {
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
