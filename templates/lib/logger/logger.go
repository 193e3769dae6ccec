// Package logger makes log/slog write what a function's operator reads, and nothing that they must not:
// JSON in production, text on a terminal, and no secrets in either.
//
//	func init() { slog.SetDefault(logger.New(logger.Options{})) }
//
//	var Handler = fn.Chain(handle, logger.Calls("divide"))
//
// On AWS Lambda the fields are those that its log features read, as of lambdacontext.NewLogHandler: timestamp, level,
// message and requestId, as JSON unless AWS_LAMBDA_LOG_FORMAT says Text. The level is LOG_LEVEL's, or else
// AWS_LAMBDA_LOG_LEVEL's: trace, debug, info, warn, error or fatal.
package logger

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Options of a logger. Each field's zero value has a default.
type Options struct {
	// Redact are keys whose values are not to be logged, besides those that never are: each that has authorization, cookie,
	// password, secret or token in it. A key counts in any case and however its words are
	// joined, alone or among others: "card number" is cardNumber, card_number and X-Card-Number too.
	Redact []string

	// Level is the least that is logged. Where it is nil, the environment says it, and else it is info.
	Level slog.Leveler

	// Format is how. Where it is empty, it is Terminal on a terminal, and else JSON, unless Lambda says Text.
	Format Format

	// Writer is where to: os.Stdout on Lambda and else os.Stderr, where it is nil.
	Writer io.Writer
}

// A Format is how a logger writes.
type Format string

// The formats.
const (
	JSON     Format = "json"     // an object in each line
	Text     Format = "text"     // slog's key=value
	Terminal Format = "terminal" // for people; in colour, unless NO_COLOR is set
)

// New is a logger.
func New(o Options) *slog.Logger { return slog.New(NewHandler(o)) }

// NewHandler is the handler of a logger.
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
		switch {
		case onLambda && strings.EqualFold(os.Getenv("AWS_LAMBDA_LOG_FORMAT"), "text"):
			o.Format = Text
		case !onLambda && isTerminal(o.Writer):
			o.Format = Terminal
		}
	}
	var complaint string
	if o.Level == nil {
		o.Level, complaint = environmentLevel()
	}

	h := &handler{redact: newRedactor(o.Redact)}
	options := &slog.HandlerOptions{Level: o.Level, ReplaceAttr: rename}
	switch o.Format {
	case Text:
		h.next = slog.NewTextHandler(o.Writer, options)
	case Terminal:
		h.next = newTerminal(o.Writer, o.Level, os.Getenv("NO_COLOR") == "" && isTerminal(o.Writer))
	default:
		h.next = slog.NewJSONHandler(o.Writer, options)
	}
	if complaint != "" {
		slog.New(h).Warn(complaint)
	}
	return h
}

// isTerminal tells whether a person may read along.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// The levels of Lambda that slog has no name for.
const (
	levelTrace = slog.LevelDebug - 4
	levelFatal = slog.LevelError + 4
)

// environmentLevel is the level that the environment asks for, and what is to be said about it.
func environmentLevel() (slog.Level, string) {
	for _, name := range []string{"LOG_LEVEL", "AWS_LAMBDA_LOG_LEVEL"} {
		value := os.Getenv(name)
		if value == "" {
			continue
		}
		level, ok := parseLevel(value)
		if !ok {
			return slog.LevelInfo, fmt.Sprintf("%s is %q: want trace, debug, info, warn, error or fatal", name, value)
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

// rename gives slog's own fields the names that Lambda has for them.
func rename(groups []string, attr slog.Attr) slog.Attr {
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

// A handler redacts what it hands on, and adds the request's id.
type handler struct {
	next   slog.Handler // has the attributes before the first group
	redact *redactor
	groups []group // that are open
}

// A group is what WithGroup opened, and the attributes that came after.
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
		attrs = append(attrs, h.attr(attr))
		return true
	})
	for i := len(h.groups) - 1; i >= 0; i-- {
		within := append(append([]slog.Attr{}, h.groups[i].attrs...), attrs...)
		attrs = []slog.Attr{{Key: h.groups[i].name, Value: slog.GroupValue(within...)}}
		if h.redact.hides(h.groups[i].name) {
			attrs[0].Value = slog.StringValue(redacted)
		}
	}
	clean := slog.NewRecord(record.Time, record.Level, record.Message, record.PC)
	// On top, whichever groups are open: who looks for a request finds all that it logged.
	if invocation, ok := lambdacontext.FromContext(ctx); ok && invocation.AwsRequestID != "" {
		clean.AddAttrs(slog.String("requestId", invocation.AwsRequestID))
	}
	clean.AddAttrs(attrs...)
	return h.next.Handle(ctx, clean)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, attr := range attrs {
		clean[i] = h.attr(attr)
	}
	with := *h
	if len(h.groups) == 0 {
		with.next = h.next.WithAttrs(clean)
		return &with
	}
	with.groups = append([]group{}, h.groups...)
	last := &with.groups[len(with.groups)-1]
	last.attrs = append(append([]slog.Attr{}, last.attrs...), clean...)
	return &with
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	with := *h
	with.groups = append(append([]group{}, h.groups...), group{name: name})
	return &with
}

// attr is an attribute without what is not to be logged.
func (h *handler) attr(attr slog.Attr) slog.Attr {
	if h.redact.hides(attr.Key) {
		return slog.String(attr.Key, redacted)
	}
	value := attr.Value.Resolve()
	switch value.Kind() {
	case slog.KindGroup:
		clean := make([]slog.Attr, len(value.Group()))
		for i, member := range value.Group() {
			clean[i] = h.attr(member)
		}
		return slog.Attr{Key: attr.Key, Value: slog.GroupValue(clean...)}
	case slog.KindAny:
		return slog.Attr{Key: attr.Key, Value: h.redact.value(value.Any())}
	}
	return slog.Attr{Key: attr.Key, Value: value}
}
