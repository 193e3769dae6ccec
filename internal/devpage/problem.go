package devpage

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"
)

const (
	maxPlaces   = 50      // how many places of a problem are shown
	maxSource   = 4 << 20 // the size of the largest source file that is read, in bytes
	outputLines = 40      // how many lines of the output of a program that exited are shown
	linesAbove  = 3       // how many lines of source are shown above a place, and
	linesBelow  = 2       // below it
)

// A Problem says why a build failed, a program did not start or a function
// panicked.
type Problem struct {
	Title  string  `json:"title"`
	Text   string  `json:"text,omitempty"`   // all that is known, as text
	Reason string  `json:"reason,omitempty"` // the message of a panic
	Places []Place `json:"places,omitempty"` // the positions in it: of each error, or of the stack's frames
}

// A Place is a position in a source file.
type Place struct {
	Message  string       `json:"message,omitempty"`  // what is wrong there
	Function string       `json:"function,omitempty"` // of a stack's frame
	File     string       `json:"file"`               // relative to the project if it is inside
	Line     int          `json:"line"`
	Column   int          `json:"column,omitempty"` // in bytes, from 1
	Own      bool         `json:"own"`              // the file belongs to the project
	Source   []SourceLine `json:"source,omitempty"`
	Edit     string       `json:"edit,omitempty"` // opens the editor
}

// A SourceLine is a line of a source file.
type SourceLine struct {
	N     int    `json:"n"`
	Text  string `json:"text"`
	Caret string `json:"caret,omitempty"` // white space up to the column; on the place's line only
	Here  bool   `json:"here,omitempty"`
}

// position matches a line of the go command's output that begins with a
// position.
var position = regexp.MustCompile(`^(.+?\.(?:go|mod|work|sum|s)):(\d+)(?::(\d+))?: (.*)$`)

// CompileProblem returns the problem that the go command has printed. dir is
// the project's directory.
func CompileProblem(dir, title, output string, editor Editor) *Problem {
	p := &Problem{Title: title, Text: strings.TrimSpace(output)}
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\r\n")
		m := position.FindStringSubmatch(line)
		switch {
		case m != nil && len(p.Places) < maxPlaces:
			p.Places = append(p.Places, newPlace(dir, m[1], m[2], m[3], editor))
			p.Places[len(p.Places)-1].Message = m[4]
		case strings.HasPrefix(line, "\t") && len(p.Places) > 0:
			p.Places[len(p.Places)-1].Message += "\n" + line
		}
	}
	return p
}

// frame matches the second line of a frame in the stack that a Go program
// prints when it panics.
var frame = regexp.MustCompile(`^\t(.+\.(?:go|s)):(\d+)(?: \+0x[0-9a-f]+)?$`)

// ExitProblem returns the problem of a program that exited, judging by its last
// output. If that ends with a panic, the places are the frames of the goroutine
// that panicked. status is how the program exited.
func ExitProblem(dir, title, status, output string, editor Editor) *Problem {
	lines := strings.Split(strings.TrimSpace(plain([]byte(output))), "\n")
	p := &Problem{Title: title, Reason: status}
	p.Text = redactText(strings.Join(lines[max(0, len(lines)-outputLines):], "\n"))
	start := -1
	for i, line := range lines {
		if strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ") {
			start = i
		}
	}
	if start < 0 {
		return p
	}
	end := start
	for end < len(lines) && !strings.HasPrefix(lines[end], "goroutine ") {
		end++
	}
	p.Reason = redactText(strings.TrimSpace(strings.Join(lines[start:end], "\n")))
	p.Text = redactText(strings.Join(lines[start:], "\n"))
	for i := end + 1; i+1 < len(lines) && lines[i] != ""; i++ {
		if m := frame.FindStringSubmatch(lines[i+1]); m != nil {
			p.addFrame(dir, strings.TrimPrefix(lines[i], "created by "), m[1], m[2], editor)
			i++
		}
	}
	p.sortFrames()
	return p
}

// panicProblem returns the problem of a function that returned an error or
// panicked.
func panicProblem(dir, title, reason string, stack []string, editor Editor) *Problem {
	p := &Problem{Title: title, Reason: redactText(reason), Text: strings.Join(stack, "\n")}
	for _, line := range stack {
		space, colon := strings.IndexByte(line, ' '), strings.LastIndexByte(line, ':')
		if space > 0 && colon > space {
			p.addFrame(dir, line[:space], line[space+1:colon], line[colon+1:], editor)
		}
	}
	p.sortFrames()
	return p
}

func (p *Problem) addFrame(dir, function, file, line string, editor Editor) {
	if len(p.Places) >= maxPlaces {
		return
	}
	place := newPlace(dir, file, line, "", editor)
	place.Function = function
	p.Places = append(p.Places, place)
}

// sortFrames moves the project's own frames first. Of the others, the source is
// not shown.
func (p *Problem) sortFrames() {
	slices.SortStableFunc(p.Places, func(a, b Place) int {
		switch {
		case a.Own == b.Own:
			return 0
		case a.Own:
			return -1
		}
		return 1
	})
	for i := range p.Places {
		if !p.Places[i].Own {
			p.Places[i].Source = nil
		}
	}
}

// newPlace returns a position with the source around it.
func newPlace(dir, file, line, column string, editor Editor) Place {
	path := filepath.FromSlash(withoutModule(dir, file))
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	place := Place{File: file}
	place.Line, _ = strconv.Atoi(line)
	place.Column, _ = strconv.Atoi(column)
	if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
		place.File = filepath.ToSlash(rel)
		place.Own = !strings.HasPrefix(place.File, "vendor/")
	}
	source, err := readSource(path, place.Line, place.Column)
	if err == nil {
		place.Source, place.Edit = source, editor.URL(path, place.Line, place.Column)
	}
	return place
}

// withoutModule returns a file relative to the project if a program that was
// built with -trimpath names it by the project's module path.
func withoutModule(dir, file string) string {
	data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return file
	}
	return strings.TrimPrefix(file, modfile.ModulePath(data)+"/")
}

// readSource returns the lines around a position.
func readSource(path string, at, column int) ([]SourceLine, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var source []SourceLine
	lines := bufio.NewScanner(io.LimitReader(file, maxSource))
	for n := 1; n <= at+linesBelow && lines.Scan(); n++ {
		if n < at-linesAbove {
			continue
		}
		l := SourceLine{N: n, Text: lines.Text(), Here: n == at}
		if l.Here && column > 0 {
			l.Caret = indent(l.Text[:min(column-1, len(l.Text))])
		}
		source = append(source, l)
	}
	return source, lines.Err()
}

// indent returns white space as wide as text.
func indent(text string) string {
	return strings.Map(func(c rune) rune {
		if c == '\t' {
			return c
		}
		return ' '
	}, text)
}

// String returns the problem as text, with the line and a caret below each
// error.
func (p *Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", p.Title)
	if p.Reason != "" {
		fmt.Fprintf(&b, "%s\n\n", p.Reason)
	}
	places := p.Places
	for line := range strings.SplitSeq(strings.TrimRight(p.Text, "\n"), "\n") {
		b.WriteString(line + "\n")
		if len(places) == 0 || places[0].Message == "" || !position.MatchString(strings.TrimRight(line, "\r")) {
			continue
		}
		for _, l := range places[0].Source {
			if l.Here {
				fmt.Fprintf(&b, "    %s\n    %s^\n", l.Text, l.Caret)
			}
		}
		places = places[1:]
	}
	return strings.TrimSpace(b.String()) + "\n"
}

// HasColumns reports whether the places have columns, which errors of the
// compiler have and frames have not.
func (p *Problem) HasColumns() bool {
	return slices.ContainsFunc(p.Places, func(place Place) bool { return place.Column > 0 })
}
