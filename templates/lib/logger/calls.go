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

// Calls returns middleware that logs each call of a function after it
// responded: the method, the path, the source IP, the status and the duration.
// It logs to slog.Default, at the level ERROR for status 500 and above, WARN
// for status 400 and above, and INFO for all others. List it first in a chain,
// so that it also logs requests that other middleware rejects.
func Calls(function string) fn.Middleware { return CallsTo(nil, function) }

// CallsTo is like Calls but logs to the given logger.
func CallsTo(log *slog.Logger, function string) fn.Middleware {
	return func(next fn.Handler) fn.Handler {
		return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			started := time.Now()
			status, message := http.StatusInternalServerError, "panic"
			// Log a panic, but do not recover from it, which would hide its
			// origin.
			defer func() {
				logger := log
				if logger == nil {
					logger = slog.Default()
				}
				attrs := callAttrs(ctx, function, event)
				attrs = append(attrs,
					slog.Int("status", status),
					slog.Float64("durationMs", float64(time.Since(started).Microseconds())/1000),
				)
				if message != "" {
					attrs = append(attrs, slog.String("error", message))
				}
				logger.LogAttrs(ctx, callLevel(status), "call", attrs...)
			}()
			response, err := next(ctx, event)
			if err != nil {
				message = fmt.Sprint(err) // unlike err.Error, it does not panic
			} else {
				status, message = response.StatusCode, ""
			}
			return response, err
		}
	}
}

// callAttrs returns the attributes of a request. They include the request ID
// only if the context has none, because the logger adds that of the context.
func callAttrs(ctx context.Context, function string, event events.APIGatewayProxyRequest) []slog.Attr {
	attrs := []slog.Attr{
		slog.String("function", function),
		slog.String("method", event.HTTPMethod),
		slog.String("path", event.Path),
		slog.String("sourceIp", event.RequestContext.Identity.SourceIP),
	}
	if _, ok := lambdacontext.FromContext(ctx); !ok && event.RequestContext.RequestID != "" {
		attrs = append(attrs, slog.String("requestId", event.RequestContext.RequestID))
	}
	return attrs
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
