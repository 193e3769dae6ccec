package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/fngen/fngen/internal/invoke"
)

// printStream prints the head of a streamed response, and returns the writer for
// its body.
func printStream(w World, o invokeOptions, r *invoke.Response, terminal bool) io.Writer {
	if o.include {
		_, _ = io.WriteString(w.Stdout, responseHead(r, terminal)) // the writes of the body fail likewise
	} else {
		fmt.Fprintf(w.Stderr, "fngen: %s, %d ms\n", printable(r.Status), r.Elapsed.Milliseconds())
	}
	if terminal {
		return &terminalWriter{w: w.Stdout}
	}
	return w.Stdout
}

// A terminalWriter makes text safe to print to a terminal, as [forTerminal]
// does.
type terminalWriter struct {
	w    io.Writer
	rest []byte // the start of a character
}

func (t *terminalWriter) Write(p []byte) (int, error) {
	data := append(t.rest, p...)
	end := len(data)
	for n := 1; n < utf8.UTFMax && n <= len(data); n++ {
		if start := len(data) - n; utf8.RuneStart(data[start]) {
			if !utf8.FullRune(data[start:]) {
				end = start
			}
			break
		}
	}
	text := forTerminal(string(data[:end]))
	if !strings.HasSuffix(string(data[:end]), "\n") {
		text = strings.TrimSuffix(text, "\n")
	}
	t.rest = append([]byte(nil), data[end:]...)
	if _, err := io.WriteString(t.w, text); err != nil {
		return 0, err
	}
	return len(p), nil
}
