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

// A terminal is a slog.Handler that writes for people: the time of day, the
// level, the message and the attributes.
type terminal struct {
	mu    *sync.Mutex
	w     io.Writer
	level slog.Leveler
	color bool
	attrs string // formatted attributes from WithAttrs
}

func newTerminal(w io.Writer, level slog.Leveler, color bool) *terminal {
	return &terminal{mu: &sync.Mutex{}, w: w, level: level, color: color}
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
	b.WriteString(escape(record.Message))
	b.WriteString(t.attrs)
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
	with.attrs += b.String()
	return &with
}

// WithGroup is never called, because handler keeps the groups.
func (t *terminal) WithGroup(string) slog.Handler { return t }

// write writes an attribute. For a group, it writes each member with the name
// of the group as prefix.
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
	b.WriteString(t.paint("2", escape(group+attr.Key)+"="))
	b.WriteString(quote(attr.Value.String()))
}

func (t *terminal) paint(code, text string) string {
	if !t.color || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// levelName returns the name of a level and the ANSI code of its color.
func levelName(level slog.Level) (name, code string) {
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

// escape escapes control characters in text, so that a client cannot control
// the terminal.
func escape(text string) string {
	if !strings.ContainsFunc(text, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return text
	}
	escaped := strconv.Quote(text)
	return strings.ReplaceAll(escaped[1:len(escaped)-1], `\"`, `"`)
}

// quote quotes a value if it would otherwise be unclear where the value ends.
func quote(text string) string {
	special := func(c rune) bool { return !unicode.IsPrint(c) || strings.ContainsRune(` "=`, c) }
	switch {
	case text != "" && !strings.ContainsFunc(text, special):
		return text
	case strings.HasPrefix(text, "{") || strings.HasPrefix(text, "["):
		return escape(text) // brackets show where it ends
	}
	return strconv.Quote(text)
}
