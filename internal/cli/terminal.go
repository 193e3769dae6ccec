package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/term"
)

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	file, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// forTerminal makes text safe to print to a terminal: it escapes control
// characters other than tabs and newlines. The result ends with a newline
// unless it is empty.
func forTerminal(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		cells := strings.Split(line, "\t")
		for j, cell := range cells {
			cells[j] = printable(cell)
		}
		lines[i] = strings.Join(cells, "\t")
	}
	text = strings.Join(lines, "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return text
}

// printable escapes control characters, and those that change the direction of
// text.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// keyboard returns a channel of pressed keys if stdin and stdout are terminals,
// and nil otherwise. It puts the terminal in raw mode, until restore is called.
// In raw mode newlines need carriage returns, so it replaces the streams of w.
func keyboard(w *World) (keys <-chan byte, restore func(), err error) {
	if !isTerminal(w.Stdin) || !isTerminal(w.Stdout) {
		return nil, func() {}, nil
	}
	file := w.Stdin.(*os.File)
	state, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return nil, nil, fmt.Errorf("reading keys: %w", err)
	}
	w.Stdout = crlfWriter{w.Stdout}
	if isTerminal(w.Stderr) {
		w.Stderr = crlfWriter{w.Stderr}
	}
	pressed := make(chan byte)
	go func() {
		defer close(pressed)
		key := make([]byte, 1)
		for {
			if n, err := file.Read(key); n == 0 || err != nil {
				return
			}
			pressed <- key[0] // blocks forever when the receiver is done, shortly before the process exits
		}
	}()
	return pressed, func() { _ = term.Restore(int(file.Fd()), state) }, nil
}

// A crlfWriter writes to a terminal in raw mode.
type crlfWriter struct{ w io.Writer }

func (c crlfWriter) Write(p []byte) (int, error) {
	if _, err := c.w.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n"))); err != nil {
		return 0, err
	}
	return len(p), nil
}
