package logger

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/fngen/fngen/templates/lib/fn"
)

// Calls is middleware that logs each call of a function once, when it is answered: its method, path and source ip, the
// status, and how long it took. It writes to slog's default logger, at the level error for what failed, warn for
// what was refused, and else info. First in a chain, it logs what the others refuse too.
func Calls(function string) fn.Middleware { return CallsTo(nil, function) }

// CallsTo is Calls to a logger of its own.
func CallsTo(log *slog.Logger, function string) fn.Middleware {
	return func(next fn.Handler) fn.Handler {
		return func(ctx context.Context, event events.APIGatewayProxyRequest) (response events.APIGatewayProxyResponse, err error) {
			started := time.Now()
			panicked := true
			defer func() {
				attrs := []slog.Attr{
					slog.String("function", function),
					slog.String("method", event.HTTPMethod),
					slog.String("path", event.Path),
					slog.String("sourceIp", event.RequestContext.Identity.SourceIP),
				}
				if _, ok := lambdacontext.FromContext(ctx); !ok && event.RequestContext.RequestID != "" {
					attrs = append(attrs, slog.String("requestId", event.RequestContext.RequestID))
				}
				status := response.StatusCode
				if panicked || err != nil {
					status = http.StatusInternalServerError // which the caller is told
				}
				attrs = append(attrs, slog.Int("status", status), slog.Float64("durationMs", float64(time.Since(started).Microseconds())/1000))
				switch {
				case panicked:
					// It goes on to whoever runs the function: recovering here would hide where it came from.
					attrs = append(attrs, slog.String("error", "panic"))
				case err != nil:
					attrs = append(attrs, slog.String("error", fmt.Sprint(err)))
				}
				logger := log
				if logger == nil {
					logger = slog.Default()
				}
				logger.LogAttrs(ctx, callLevel(status), "call", attrs...)
			}()
			response, err = next(ctx, event)
			panicked = false
			return response, err
		}
	}
}

func callLevel(status int) slog.Level {
	switch {
	case status >= 500:
		return slog.LevelError
	case status >= 400:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}
