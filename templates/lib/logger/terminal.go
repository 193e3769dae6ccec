package logger

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// A terminal writes for people: the time of day, the level, the message, and what belongs to it.
type terminal struct {
	mu     *sync.Mutex
	w      io.Writer
	level  slog.Leveler
	colour bool
	before string // attributes that are formatted already
}

func newTerminal(w io.Writer, level slog.Leveler, colour bool) *terminal {
	return &terminal{mu: &sync.Mutex{}, w: w, level: level, colour: colour}
}

func (t *terminal) Enabled(_ context.Context, level slog.Level) bool { return level >= t.level.Level() }

func (t *terminal) Handle(_ context.Context, record slog.Record) error {
	var b strings.Builder
	if !record.Time.IsZero() {
		b.WriteString(record.Time.Format("15:04:05.000 "))
	}
	name, code := levelName(record.Level)
	b.WriteString(t.paint(code, fmt.Sprintf("%-5s", name)))
	b.WriteByte(' ')
	b.WriteString(plain(record.Message))
	b.WriteString(t.before)
	record.Attrs(func(attr slog.Attr) bool {
		t.write(&b, "", attr)
		return true
	})
	b.WriteByte('\n')

	t.mu.Lock()
	defer t.mu.Unlock()
	_, err := io.WriteString(t.w, b.String())
	return err
}

func (t *terminal) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	for _, attr := range attrs {
		t.write(&b, "", attr)
	}
	with := *t
	with.before += b.String()
	return &with
}

// WithGroup is never called: the handler in front keeps the groups.
func (t *terminal) WithGroup(string) slog.Handler { return t }

// write writes an attribute, and those of a group with its name in front of theirs.
func (t *terminal) write(b *strings.Builder, group string, attr slog.Attr) {
	if attr.Equal(slog.Attr{}) {
		return
	}
	if attr.Value.Kind() == slog.KindGroup {
		if attr.Key != "" {
			group += attr.Key + "."
		}
		for _, member := range attr.Value.Group() {
			t.write(b, group, member)
		}
		return
	}
	b.WriteByte(' ')
	b.WriteString(t.paint("2", plain(group+attr.Key)+"="))
	b.WriteString(quoted(attr.Value.String()))
}

func (t *terminal) paint(code, text string) string {
	if !t.colour || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// levelName is what a level is called, and its colour.
func levelName(level slog.Level) (name, colour string) {
	switch {
	case level == levelTrace:
		return "TRACE", "2"
	case level == levelFatal:
		return "FATAL", "31"
	case level < slog.LevelInfo:
		return level.String(), "2"
	case level < slog.LevelWarn:
		return level.String(), ""
	case level < slog.LevelError:
		return level.String(), "33"
	}
	return level.String(), "31"
}

// plain is a text whose control characters do nothing to a terminal.
func plain(text string) string {
	if strings.IndexFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) < 0 {
		return text
	}
	escaped := strconv.Quote(text)
	return strings.ReplaceAll(escaped[1:len(escaped)-1], `\"`, `"`)
}

// quoted is a value of which one sees where it ends.
func quoted(text string) string {
	if text == "" || strings.IndexFunc(text, func(c rune) bool { return !unicode.IsPrint(c) || c == ' ' || c == '"' || c == '=' }) >= 0 {
		if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
			return plain(text) // an object or a list, which ends where it ends
		}
		return strconv.Quote(text)
	}
	return text
}
