package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"github.com/fngen/fngen/generator"
)

// A style formats text for a stream. A terminal gets summaries, next steps and,
// unless NO_COLOR is set or it cannot, colors. A pipe or a file gets every
// line, for scripts, and no escape sequences.
type style struct {
	terminal bool
	color    bool
	width    int // columns of the terminal, or 0 without one
}

// style returns the style of one of the streams of w.
func (w World) style(stream io.Writer) style {
	if !isTerminal(stream) {
		return style{}
	}
	s := style{terminal: true, color: w.Env("NO_COLOR") == "" && w.Env("TERM") != "dumb"}
	if width, _, err := term.GetSize(int(stream.(*os.File).Fd())); err == nil {
		s.width = width
	}
	return s
}

// A look is the parameter of the terminal's control sequence Select Graphic
// Rendition (ECMA-48).
type look int

const (
	bold   look = 1
	dim    look = 2
	red    look = 31
	green  look = 32
	yellow look = 33
	cyan   look = 36
)

// paint returns text with a look, if the stream shows colors.
func (s style) paint(l look, text string) string {
	if !s.color || text == "" {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", l, text)
}

// actionLook returns the look of a file's action.
func actionLook(action generator.Action) look {
	switch action {
	case generator.Create:
		return green
	case generator.Overwrite, generator.Modify:
		return yellow
	case generator.Remove:
		return red
	}
	return dim
}

// A row is a line of a table with two columns. The lines of a text are below
// each other in the second column.
type row struct{ label, text string }

// table returns rows as aligned lines. On a terminal, long texts are wrapped.
func (s style) table(rows []row) string {
	width := 0
	for _, r := range rows {
		width = max(width, columns(r.label))
	}
	width += 2
	var b strings.Builder
	for _, r := range rows {
		label := r.label + strings.Repeat(" ", width-columns(r.label))
		for line := range strings.SplitSeq(r.text, "\n") {
			for _, line := range s.wrap(line, width) {
				b.WriteString(strings.TrimRight(label+line, " ") + "\n")
				label = strings.Repeat(" ", width)
			}
		}
	}
	return b.String()
}

// columns returns how many columns of the terminal a text takes, without its
// look.
func columns(text string) int {
	n := utf8.RuneCountInString(text)
	if strings.HasPrefix(text, "\x1b[") {
		n -= strings.Index(text, "m") + 1 + len("\x1b[0m")
	}
	return n
}

// wrap breaks a text between words, so that each line fits on the terminal
// below a margin.
func (s style) wrap(text string, margin int) []string {
	const least = 20 // columns in which a text is readable
	width := s.width - margin
	if width < least {
		return []string{text}
	}
	var lines []string
	for len(text) > width {
		end := strings.LastIndexByte(text[:width+1], ' ')
		if end <= 0 {
			break
		}
		lines = append(lines, text[:end])
		text = text[end+1:]
	}
	return append(lines, text)
}
