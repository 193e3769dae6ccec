package db

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"time"

	"github.com/uptrace/bun"
)

// slowQuery returns the duration from which queries are logged: the value of
// DATABASE_SLOW_QUERY, such as 500ms, or 200 milliseconds. 0 logs none.
func slowQuery() (time.Duration, error) {
	value := os.Getenv("DATABASE_SLOW_QUERY")
	if value == "" {
		return 200 * time.Millisecond, nil
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("db: invalid DATABASE_SLOW_QUERY %q: want a duration such as 200ms, or 0", value)
	}
	return d, nil
}

// A slowQueryHook logs queries that take long, without their values.
type slowQueryHook struct{ threshold time.Duration }

func (h slowQueryHook) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context {
	return ctx
}

func (h slowQueryHook) AfterQuery(ctx context.Context, event *bun.QueryEvent) {
	if took := time.Since(event.StartTime); took >= h.threshold {
		slog.WarnContext(ctx, "slow query", "duration", took, "query", withoutValues(event.Query))
	}
}

// literals matches comments, quoted names, which stay, and values: strings,
// dollar-quoted strings and numbers. A name may contain digits.
var literals = regexp.MustCompile(`(?s)--[^\n]*|/\*.*?\*/|"(?:[^"]|"")*"|` +
	`\b[eE]'(?:[^'\\]|\\.|'')*'|(?:\b[bBnNxX])?'(?:[^']|'')*'|` +
	`'.*|\$\w*\$.*|\$[0-9]+|[A-Za-z_][\w$]*|[0-9][\w.]*`)

// withoutValues replaces the values in a query by question marks. It does not
// keep what follows a dollar-quoted string either.
func withoutValues(query string) string {
	return literals.ReplaceAllStringFunc(query, func(token string) string {
		switch c := token[0]; {
		case c == '-' || c == '/':
			return ""
		case c == '\'', token[len(token)-1] == '\'', c == '$', c >= '0' && c <= '9':
			return "?"
		default: // a name
			return token
		}
	})
}
