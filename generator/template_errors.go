package generator

import (
	"errors"
	"fmt"
	"go/scanner"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// A TemplateError reports that a project's own template cannot be used.
type TemplateError struct {
	Path   string // relative to the project's root, or fngen/NAME for a template of fngen's
	Line   int    // in the template, or 0
	Reason string
	hint   string
}

func (e *TemplateError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.Path, e.Line, e.Reason)
	}
	return e.Path + ": " + e.Reason
}

// Hint says how to fix the template.
func (e *TemplateError) Hint() string { return e.hint }

// An OutputError reports that a template printed a Go file that does not parse.
type OutputError struct {
	Path   string // of the template, as in TemplateError
	Line   int    // in the output
	Reason string
	Output string // the lines around the error, with their numbers
}

func (e *OutputError) Error() string {
	return fmt.Sprintf("%s: the output is not Go: line %d: %s", e.Path, e.Line, e.Reason)
}

// Detail returns the output around the error.
func (e *OutputError) Detail() string { return e.Output }

// Hint says what the line number refers to.
func (e *OutputError) Hint() string {
	return "the line is one of the output above; find in the template what printed it"
}

// newOutputError returns the *OutputError for an error that go/parser returned.
func newOutputError(label, source string, err error) error {
	var list scanner.ErrorList
	if !errors.As(err, &list) || len(list) == 0 {
		return fmt.Errorf("%s: the output is not Go: %w", label, err)
	}
	line := list[0].Pos.Line
	return &OutputError{Path: label, Line: line, Reason: list[0].Msg, Output: numberLines(source, line)}
}

// numberLines returns the lines of text around the given one, each with its
// number.
func numberLines(text string, around int) string {
	const context = 5
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	first, last := max(1, around-context), min(len(lines), around+context)
	var b strings.Builder
	for number := first; number <= last; number++ {
		mark := " "
		if number == around {
			mark = ">"
		}
		fmt.Fprintf(&b, "%s%4d  %s\n", mark, number, lines[number-1])
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// newTemplateError returns the *[TemplateError] for an error of text/template.
func newTemplateError(err error) error {
	const hint = "https://github.com/fngen/fngen/blob/main/docs/templates.md describes the data"
	message := strings.TrimPrefix(err.Error(), "template: ")
	// A parse error has no column, and only execution errors name the template.
	match := regexp.MustCompile(`^(.+?\.tmpl):(\d+):(?:\d+: )?(?:executing ".*?" at )?\s*(.*)$`).FindStringSubmatch(message)
	if match == nil {
		return err
	}
	e := &TemplateError{Path: match[1], Reason: match[3], hint: hint}
	e.Line, _ = strconv.Atoi(match[2])
	unknown := regexp.MustCompile(`can't evaluate field (\w+) in type \*?generator\.(\w+)$`).FindStringSubmatch(e.Reason)
	if unknown == nil {
		return e
	}
	e.Reason = strings.TrimSuffix(e.Reason, unknown[0]) + unknown[2] + " has no field " + unknown[1]
	if nearest := Nearest(unknown[1], dataNames()); unknown[2] == "TemplateData" && nearest != "" {
		e.hint = "did you mean ." + nearest + "? " + hint
	}
	return e
}

// dataNames returns the names of the fields and methods of [TemplateData].
func dataNames() []string {
	data := reflect.TypeFor[TemplateData]()
	var names []string
	for field := range data.Fields() {
		names = append(names, field.Name)
	}
	for method := range data.Methods() {
		names = append(names, method.Name)
	}
	return names
}
