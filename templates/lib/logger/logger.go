// Package logger provides a log/slog handler for functions. It writes JSON in
// production and readable text on a terminal, and it redacts secrets in both.
//
//	func init() { slog.SetDefault(logger.New(logger.Options{})) }
//
//	var Handler = fn.Chain(handle, logger.Calls("divide"))
//
// The fields timestamp, level, message and requestId have the names that AWS
// Lambda's logging features expect, as with lambdacontext.NewLogHandler.
// On Lambda, AWS_LAMBDA_LOG_FORMAT=Text selects text instead of JSON. The
// environment variable LOG_LEVEL sets the level to trace, debug, info, warn,
// error or fatal. It defaults to AWS_LAMBDA_LOG_LEVEL.
package logger

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Options configure a logger. All fields are optional.
type Options struct {
	// Redact lists keys whose values are not logged, in addition to the keys of
	// credentials and email addresses, such as password, token, cookie,
	// X-Api-Key, DATABASE_URL and email. Case and the separators of words do
	// not matter, and a key may have more words: "card number" also matches
	// cardNumber, card_number and X-Card-Number.
	Redact []string

	// Level is the minimum level to log. It defaults to the level that the
	// environment sets, or else to info.
	Level slog.Leveler

	// Format defaults to the environment variable LOG_FORMAT. If that is not
	// set, it is Terminal if Writer is a terminal, Text if AWS_LAMBDA_LOG_FORMAT
	// selects that, and otherwise JSON.
	Format Format

	// Writer defaults to os.Stdout on Lambda and to os.Stderr elsewhere.
	Writer io.Writer
}

// A Format is a format of log lines.
type Format string

// The formats of log lines. Terminal has colors if the writer is a terminal or
// CLICOLOR_FORCE is set, and NO_COLOR is not.
const (
	JSON     Format = "json"     // one object per line
	Text     Format = "text"     // slog's key=value
	Terminal Format = "terminal" // for people
)

// New returns a logger.
func New(o Options) *slog.Logger { return slog.New(NewHandler(o)) }

// NewHandler returns the handler of a logger.
func NewHandler(o Options) slog.Handler {
	onLambda := os.Getenv("AWS_LAMBDA_FUNCTION_NAME") != ""
	if o.Writer == nil {
		o.Writer = os.Stderr
		if onLambda {
			o.Writer = os.Stdout
		}
	}
	if o.Format == "" {
		o.Format = JSON
		switch format := Format(strings.ToLower(os.Getenv("LOG_FORMAT"))); {
		case format == JSON || format == Text || format == Terminal:
			o.Format = format
		case onLambda && strings.EqualFold(os.Getenv("AWS_LAMBDA_LOG_FORMAT"), "text"):
			o.Format = Text
		case !onLambda && isTerminal(o.Writer):
			o.Format = Terminal
		}
	}
	var warning string
	if o.Level == nil {
		o.Level, warning = environmentLevel()
	}

	h := &handler{redactor: newRedactor(o.Redact)}
	options := &slog.HandlerOptions{Level: o.Level, ReplaceAttr: replaceAttr}
	switch o.Format {
	case Text:
		h.next = slog.NewTextHandler(o.Writer, options)
	case Terminal:
		force := os.Getenv("CLICOLOR_FORCE")
		hasColor := isTerminal(o.Writer) || force != "" && force != "0"
		h.next = newTerminal(o.Writer, o.Level, os.Getenv("NO_COLOR") == "" && hasColor)
	default:
		h.next = slog.NewJSONHandler(o.Writer, options)
	}
	if warning != "" {
		slog.New(h).Warn(warning)
	}
	return h
}

// isTerminal reports whether w is a character device, such as a terminal.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Lambda's levels that slog does not define.
const (
	levelTrace = slog.LevelDebug - 4
	levelFatal = slog.LevelError + 4
)

// environmentLevel returns the level that the environment sets. If its value is
// not valid, it returns a warning to log.
func environmentLevel() (level slog.Level, warning string) {
	for _, name := range []string{"LOG_LEVEL", "AWS_LAMBDA_LOG_LEVEL"} {
		value := os.Getenv(name)
		if value == "" {
			continue
		}
		level, ok := parseLevel(value)
		if !ok {
			return slog.LevelInfo, fmt.Sprintf("unknown %s %q, want trace, debug, info, warn, error or fatal", name, value)
		}
		return level, ""
	}
	return slog.LevelInfo, ""
}

func parseLevel(text string) (level slog.Level, ok bool) {
	switch strings.ToLower(text) {
	case "trace":
		return levelTrace, true
	case "fatal":
		return levelFatal, true
	}
	err := level.UnmarshalText([]byte(text))
	return level, err == nil
}

// replaceAttr renames slog's fields and levels to the names that Lambda
// expects.
func replaceAttr(groups []string, attr slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return attr
	}
	if attr.Key == slog.LevelKey {
		switch attr.Value.Any() {
		case levelTrace:
			attr.Value = slog.StringValue("TRACE")
		case levelFatal:
			attr.Value = slog.StringValue("FATAL")
		}
	}
	return lambdacontext.ReplaceAttr(groups, attr)
}

// A handler redacts attributes, adds the request ID and calls the next handler.
type handler struct {
	next     slog.Handler // has the attributes before the first group
	redactor *redactor
	groups   []group // open groups, outermost first
}

// A group is a group from WithGroup with the attributes that were added to it.
type group struct {
	name  string
	attrs []slog.Attr
}

func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *handler) Handle(ctx context.Context, record slog.Record) error {
	attrs := make([]slog.Attr, 0, record.NumAttrs()+1)
	record.Attrs(func(attr slog.Attr) bool {
		attrs = append(attrs, h.redact(attr))
		return true
	})
	for i := len(h.groups) - 1; i >= 0; i-- {
		members := slices.Concat(h.groups[i].attrs, attrs)
		attrs = []slog.Attr{{Key: h.groups[i].name, Value: slog.GroupValue(members...)}}
		if h.redactor.matches(h.groups[i].name) {
			attrs[0].Value = slog.StringValue(redacted)
		}
	}
	clean := slog.NewRecord(record.Time, record.Level, h.redactor.text(record.Message), record.PC)
	// Add the request ID outside of all groups, so that a search by ID finds
	// every line.
	if invocation, ok := lambdacontext.FromContext(ctx); ok && invocation.AwsRequestID != "" {
		clean.AddAttrs(slog.String("requestId", invocation.AwsRequestID))
	}
	clean.AddAttrs(attrs...)
	return h.next.Handle(ctx, clean)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, attr := range attrs {
		clean[i] = h.redact(attr)
	}
	with := *h
	if len(h.groups) == 0 {
		with.next = h.next.WithAttrs(clean)
		return &with
	}
	with.groups = slices.Clone(h.groups)
	last := &with.groups[len(with.groups)-1]
	last.attrs = slices.Concat(last.attrs, clean)
	return &with
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	with := *h
	with.groups = append(slices.Clone(h.groups), group{name: name})
	return &with
}

// redact returns an attribute with all secrets in it redacted.
func (h *handler) redact(attr slog.Attr) slog.Attr {
	if h.redactor.matches(attr.Key) {
		return slog.String(attr.Key, redacted)
	}
	value := attr.Value.Resolve()
	switch value.Kind() {
	case slog.KindGroup:
		clean := make([]slog.Attr, len(value.Group()))
		for i, member := range value.Group() {
			clean[i] = h.redact(member)
		}
		return slog.Attr{Key: attr.Key, Value: slog.GroupValue(clean...)}
	case slog.KindAny, slog.KindString:
		return slog.Attr{Key: attr.Key, Value: h.redactor.value(value.Any())}
	}
	return slog.Attr{Key: attr.Key, Value: value}
}
