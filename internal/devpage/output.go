package devpage

import (
	"bytes"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	maxLines = 2000     // how many lines of output are kept
	maxLine  = 4 << 10  // the longest line that is kept, in bytes
	maxTail  = 64 << 10 // how much of a program's last output is kept, in bytes
)

// An Output keeps the last lines that the functions' programs printed. The zero
// value is empty.
type Output struct {
	mu    sync.Mutex
	lines []line // oldest first
}

type line struct {
	at   time.Time
	text string
}

func (o *Output) add(lines []line) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.lines = append(o.lines, lines...)
	if surplus := len(o.lines) - maxLines; surplus > 0 {
		o.lines = slices.Delete(o.lines, 0, surplus)
	}
}

// A Tail writes the output of one program to another writer, keeps its end, and
// adds its lines to an [Output].
type Tail struct {
	output *Output
	w      io.Writer

	mu      sync.Mutex
	data    []byte // the last output
	partial []byte // the beginning of a line
}

// Tail returns a writer for the output of a program, which also writes it to w.
func (o *Output) Tail(w io.Writer) *Tail { return &Tail{output: o, w: w} }

// Write implements io.Writer.
func (t *Tail) Write(p []byte) (int, error) {
	now := time.Now()
	t.mu.Lock()
	t.data = append(t.data, p...)
	if surplus := len(t.data) - maxTail; surplus > 0 {
		t.data = slices.Delete(t.data, 0, surplus)
	}
	var lines []line
	for rest := p; len(rest) > 0; {
		before, after, complete := bytes.Cut(rest, []byte("\n"))
		t.partial = append(t.partial, before[:min(len(before), max(0, maxLine-len(t.partial)))]...)
		if complete {
			lines = append(lines, line{now, plain(t.partial)})
			t.partial = t.partial[:0]
		}
		rest = after
	}
	t.mu.Unlock()
	t.output.add(lines)
	return t.w.Write(p)
}

// String returns the last output of the program.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.data)
}

var escapes = regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]")

// plain returns a line without the escape sequences of a terminal.
func plain(text []byte) string {
	return escapes.ReplaceAllString(strings.TrimRight(string(text), "\r"), "")
}

// A LogLine is a line that was printed during a request.
type LogLine struct {
	Time time.Time `json:"time"`
	Text string    `json:"text"`
	ByID bool      `json:"byId"` // the line has the request's id; other requests may have printed the others
}

// linesOf returns the lines of a request: those with its id, and those without
// any request's id that were printed while it was in progress.
func (o *Output) linesOf(r Record, all []Record) []LogLine {
	o.mu.Lock()
	lines := slices.Clone(o.lines)
	o.mu.Unlock()
	end := time.Now()
	if r.Done {
		end = r.Start.Add(r.Duration + 5*time.Millisecond) // the pipe delays them
	}
	var found []LogLine
	for _, l := range lines {
		byID := r.RequestID != "" && strings.Contains(l.text, r.RequestID)
		inTime := !l.at.Before(r.Start) && !l.at.After(end)
		if byID || inTime && !hasID(l.text, all) {
			found = append(found, LogLine{l.at, redactText(l.text), byID})
		}
	}
	return found
}

// hasID reports whether a line has the id of one of the requests.
func hasID(text string, records []Record) bool {
	return slices.ContainsFunc(records, func(r Record) bool {
		return r.RequestID != "" && strings.Contains(text, r.RequestID)
	})
}
