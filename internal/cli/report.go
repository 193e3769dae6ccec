package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/project"
)

// fileJSON describes a file of a plan.
type fileJSON struct {
	Path   string           `json:"path"`
	Action generator.Action `json:"action"`
}

// files returns the files of a plan, sorted by path.
func files(plan generator.Plan) []fileJSON {
	list := make([]fileJSON, 0, len(plan.Files))
	for _, f := range plan.Files {
		list = append(list, fileJSON{f.Path, f.Action})
	}
	slices.SortFunc(list, func(a, b fileJSON) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// printFiles prints each file of a plan with its action. On a terminal, it only
// counts the files that stay as they are.
func printFiles(w World, plan generator.Plan, dryRun bool) error {
	s := w.style(w.Stdout)
	var b strings.Builder
	if dryRun {
		b.WriteString("This is a dry run: nothing is written.\n\n")
	}
	line := func(action generator.Action, text string) {
		padding := strings.Repeat(" ", max(0, len(generator.Overwrite)-len(action)))
		fmt.Fprintf(&b, "%s%s  %s\n", s.paint(actionLook(action), string(action)), padding, text)
	}
	same := map[generator.Action]int{}
	for _, f := range files(plan) {
		if s.terminal && (f.Action == generator.Keep || f.Action == generator.Unchanged) {
			same[f.Action]++
			continue
		}
		line(f.Action, f.Path)
	}
	if n := same[generator.Unchanged]; n > 0 {
		line(generator.Unchanged, count(n, "file"))
	}
	if n := same[generator.Keep]; n > 0 {
		line(generator.Keep, count(n, "existing file"))
	}
	_, err := io.WriteString(w.Stdout, b.String())
	return err
}

// count returns a number with a noun, in the plural unless n is 1.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// printSteps prints what to do next, below the files of a report.
func printSteps(w World, steps []row) error {
	s := w.style(w.Stdout)
	s.width = 0 // a command that is copied has to stay on one line
	for i := range steps {
		steps[i].label, steps[i].text = s.paint(bold, steps[i].label), w.asRun(steps[i].text)
	}
	_, err := io.WriteString(w.Stdout, "\n"+s.table(steps))
	return err
}

// noteJSON describes a note.
type noteJSON struct {
	Text string `json:"text"`
	Hint string `json:"hint,omitempty"`
}

// notes returns the notes of a plan.
func notes(plan generator.Plan) []noteJSON {
	list := make([]noteJSON, 0, len(plan.Notes))
	for _, n := range plan.Notes {
		list = append(list, noteJSON(n))
	}
	return list
}

// printJSON prints a value as JSON on one line.
func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// goTest returns the command, to be run in the working directory, that tests
// the package in the directory dir of the project at root.
func goTest(root, dir string) string {
	target := relative(root, dir)
	if filepath.IsAbs(target) || !inside(root) {
		return "go -C " + shellQuote(root) + " test ./" + dir
	}
	if !strings.HasPrefix(target, "..") {
		target = "./" + target
	}
	return "go test " + shellQuote(target)
}

// inside reports whether the working directory is root or below it.
func inside(root string) bool {
	cwd, err := os.Getwd()
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(root, cwd)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// relative returns a path of the project at root relative to the working
// directory, with forward slashes, which work in every shell.
func relative(root, name string) string {
	absolute := filepath.Join(root, filepath.FromSlash(name))
	cwd, err := os.Getwd()
	if err != nil {
		return filepath.ToSlash(absolute)
	}
	rel, err := filepath.Rel(cwd, absolute)
	if err != nil {
		return filepath.ToSlash(absolute)
	}
	return filepath.ToSlash(rel)
}

// namedCommand matches a command of fngen in a text.
var namedCommand = regexp.MustCompile(`\bfngen ([a-z]+)\b`)

// asRun returns a text in which the commands of fngen start as the user has to
// type them: "go tool fngen" where fngen is a tool of the module.
func (w World) asRun(text string) string {
	if !namedCommand.MatchString(text) {
		return text
	}
	cwd, err := os.Getwd()
	if err != nil {
		return text
	}
	return namedCommand.ReplaceAllString(text, project.Command(w.Executable, cwd)+" $1")
}

// command returns the command line that runs fngen with args.
func command(args ...string) string {
	line := "fngen"
	for _, arg := range args {
		line += " " + shellQuote(arg)
	}
	return line
}

// shellQuote quotes s if it contains characters that are special to a shell.
func shellQuote(s string) string {
	if strings.ContainsAny(s, " \t'\"$&;()<>|*?[]#~`\\!{}") {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}

func quote(s string) string { return strconv.Quote(s) }
