package overlay

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Declaration is a handler or shutdown function, declared by the user and
// used by a main package of the overlay.
type Declaration struct {
	Name string
	Type string // the type that the main package expects
	File string
	Line int
}

// The types that main packages expect.
const (
	HandlerType  = "func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)"
	ShutdownType = "func(context.Context) error"
)

// Explain rewrites the compiler's output for the user, who never sees the main
// packages of the overlay. An error in a main package about the type of a
// handler is reported where the handler is declared. uses returns the
// declarations that a line of a main package uses.
func Explain(output string, uses func(file string, line int) []Declaration) string {
	position := regexp.MustCompile(`^(?:\./)?(.+?\.go):(\d+):(?:\d+:)? (.*)$`)
	var lines []string
	for _, line := range strings.Split(output, "\n") {
		if strings.HasPrefix(line, "# ") {
			continue // the package's import path, which the file names contain
		}
		m := position.FindStringSubmatch(line)
		if m == nil {
			lines = append(lines, line)
			continue
		}
		number, _ := strconv.Atoi(m[2])
		text := explainMessage(m[3], uses(m[1], number))
		if text == "" {
			text = strings.TrimPrefix(line, "./")
		}
		// Several main packages may use a handler.
		if text == line || !slices.Contains(lines, text) {
			lines = append(lines, text)
		}
	}
	return strings.Join(lines, "\n")
}

// explainMessage returns an error about one of the declarations instead of a
// message of the compiler, or "" if the message is not about one of them.
func explainMessage(message string, declarations []Declaration) string {
	if len(declarations) == 0 {
		return ""
	}
	mismatch := regexp.MustCompile(`^cannot use (?:\w+\.)?(\w+) \(\w+ of (?:\w+ )?type (.*)\) as .+ value in [^()]*$`)
	noMatch := regexp.MustCompile(`^in call to \w+\.\w+, type (.*) of (?:\w+\.)?(\w+) does not match `)
	selector := regexp.MustCompile(`\b\w+\.(\w+)\b`)
	name, actual := "", ""
	if m := mismatch.FindStringSubmatch(message); m != nil {
		name, actual = m[1], m[2]
	} else if m := noMatch.FindStringSubmatch(message); m != nil {
		name, actual = m[2], m[1]
	} else if m := selector.FindStringSubmatch(message); m != nil {
		name = m[1]
	}
	for _, d := range declarations {
		switch {
		case name == "" || d.Name != name:
		case actual != "":
			return fmt.Sprintf("%s:%d: %s has type %s, want %s", d.File, d.Line, d.Name, actual, d.Type)
		default:
			return fmt.Sprintf("%s:%d: %s, want %s of type %s", d.File, d.Line, message, d.Name, d.Type)
		}
	}
	return ""
}
