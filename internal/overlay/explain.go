package overlay

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Declared is what a function declares and a main package uses.
type Declared struct {
	Name string // such as Handler
	Want string // its type
	File string
	Line int
}

// The types of what functions declare.
const (
	HandlerType  = "func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)"
	ShutdownType = "func(context.Context) error"
)

// Explain is what the compiler says, as who wrote the functions wants to read it: a handler of the wrong type, of which the
// compiler complains in a main package that nobody sees, is reported where it is declared. used gives what a line of a
// main package uses.
func Explain(output string, used func(file string, line int) []Declared) string {
	position := regexp.MustCompile(`^(?:\./)?(.+?\.go):(\d+):(?:\d+:)? (.*)$`)
	mismatch := regexp.MustCompile(`^cannot use (?:\w+\.)?(\w+) \(\w+ of (?:\w+ )?type (.*)\) as .+ value in [^()]*$`)
	other := regexp.MustCompile(`\b\w+\.(\w+)\b`)
	var lines []string
	for _, line := range strings.Split(output, "\n") {
		if strings.HasPrefix(line, "# ") {
			continue // a package's path, which its files' have too
		}
		found := position.FindStringSubmatch(line)
		if found == nil {
			lines = append(lines, line)
			continue
		}
		number, _ := strconv.Atoi(found[2])
		name, kind := "", ""
		if m := mismatch.FindStringSubmatch(found[3]); m != nil {
			name, kind = m[1], m[2]
		} else if m := other.FindStringSubmatch(found[3]); m != nil {
			name = m[1]
		}
		text := strings.TrimPrefix(line, "./")
		for _, d := range used(found[1], number) {
			switch {
			case name == "" || d.Name != name:
			case kind != "":
				text = fmt.Sprintf("%s:%d: %s has type %s, want %s", d.File, d.Line, d.Name, kind, d.Want)
			default:
				text = fmt.Sprintf("%s:%d: %s, want %s of type %s", d.File, d.Line, found[3], d.Name, d.Want)
			}
		}
		if text != line && slices.Contains(lines, text) {
			continue // of a function that several programs have
		}
		lines = append(lines, text)
	}
	return strings.Join(lines, "\n")
}
