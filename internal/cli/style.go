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

// A row is a line of a table with two columns. A row whose text has several
// lines continues in the second column.
type row struct{ label, text string }

// table returns rows as aligned lines. The labels have the look l.
func (s style) table(l look, rows []row) string {
	width := 0
	for _, r := range rows {
		width = max(width, utf8.RuneCountInString(r.label))
	}
	var b strings.Builder
	for _, r := range rows {
		label, padding := s.paint(l, r.label), strings.Repeat(" ", width-utf8.RuneCountInString(r.label)+2)
		for line := range strings.SplitSeq(s.wrap(r.text, width+2), "\n") {
			b.WriteString(strings.TrimRight(label+padding+line, " ") + "\n")
			label, padding = "", strings.Repeat(" ", width+2)
		}
	}
	return b.String()
}

// wrap breaks text between words, so that it fits on the terminal below a
// margin. It returns text itself if that is not possible or not needed.
func (s style) wrap(text string, margin int) string {
	const least = 20 // columns in which text is readable
	width := s.width - margin
	if width < least || strings.Contains(text, "\n") {
		return text
	}
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(text) {
		length := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+length > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += length
	}
	return b.String()
}
