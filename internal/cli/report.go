package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/fngen/fngen/generator"
)

// fileJSON is a file in a report.
type fileJSON struct {
	Path   string           `json:"path"`
	Action generator.Action `json:"action"`
}

// files are those of a plan, sorted by path.
func files(plan generator.Plan) []fileJSON {
	list := make([]fileJSON, 0, len(plan.Files))
	for _, f := range plan.Files {
		list = append(list, fileJSON{f.Path, f.Action})
	}
	slices.SortFunc(list, func(a, b fileJSON) int { return strings.Compare(a.Path, b.Path) })
	return list
}

// printFiles lists what happened to which file.
func printFiles(w io.Writer, plan generator.Plan, dryRun bool) error {
	var b strings.Builder
	if dryRun {
		b.WriteString("This is a dry run: nothing is written.\n\n")
	}
	for _, f := range files(plan) {
		fmt.Fprintf(&b, "%-9s  %s\n", f.Action, f.Path)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// printJSON prints a value on a line.
func printJSON(w io.Writer, v any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}

// goTest is the command that tests a package of the project at root, from where the user is.
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

// inside tells whether the user is in the project at root.
func inside(root string) bool {
	here, err := os.Getwd()
	if err != nil {
		return false
	}
	rel, err := filepath.Rel(root, here)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// relative is a path of the project at root as it is from where the user is,
// with forward slashes, which every shell takes.
func relative(root, name string) string {
	absolute := filepath.Join(root, filepath.FromSlash(name))
	here, err := os.Getwd()
	if err != nil {
		return filepath.ToSlash(absolute)
	}
	rel, err := filepath.Rel(here, absolute)
	if err != nil {
		return filepath.ToSlash(absolute)
	}
	return filepath.ToSlash(rel)
}

// shellQuote quotes what a shell would split.
func shellQuote(s string) string {
	if strings.ContainsAny(s, " \t'\"$&;()<>|*?[]#~`\\!{}") {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}

func quote(s string) string { return strconv.Quote(s) }
