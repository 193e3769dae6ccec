package program

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/fngen/fngen/internal/project"
)

// Mains are the lines of main packages that are about functions: by the path of main.go below the root, and by the line's number.
type Mains map[string]map[int]project.Function

// Explain is what the compiler says, about the functions' declarations where it says it of lines of main packages that they
// are named in, and that nobody has seen.
func Explain(output string, mains Mains) string {
	message := regexp.MustCompile(`^(?:\./)?(.+?\.go):(\d+)(?::\d+)?: (.*)$`)
	var lines []string
	said := map[string]bool{}
	for line := range strings.SplitSeq(output, "\n") {
		if pkg, ok := strings.CutPrefix(line, "# "); ok && injected(pkg, mains) {
			continue
		}
		if m := message.FindStringSubmatch(line); m != nil {
			n, _ := strconv.Atoi(m[2]) // digits
			if f, ok := mains[strings.ReplaceAll(m[1], `\`, "/")][n]; ok {
				line = about(f, m[3])
				if said[line] { // of a function that several programs have
					continue
				}
				said[line] = true
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// injected tells whether a package is one of the main packages.
func injected(pkg string, mains Mains) bool {
	for file := range mains {
		if strings.HasSuffix(pkg, "/"+strings.TrimSuffix(file, "/main.go")) {
			return true
		}
	}
	return false
}

// about is what the compiler says of a program's line, as the error of what the function declares.
func about(f project.Function, message string) string {
	d := f.Handler
	if f.Shutdown.Name != "" && strings.Contains(message, "."+f.Shutdown.Name) && !strings.Contains(message, "."+f.Handler.Name+" ") {
		d = f.Shutdown
	}
	want := "func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)"
	if d == f.Shutdown {
		want = "func(context.Context) error"
	}
	wrong := regexp.MustCompile(`^cannot use .*? \((?:.*? )?of (?:\w+ )?type (.*)\) as .*$`)
	if m := wrong.FindStringSubmatch(message); m != nil {
		message = fmt.Sprintf("%s has type %s, want %s", d.Name, m[1], want)
	}
	return fmt.Sprintf("%s:%d: %s", d.File, d.Line, message)
}
