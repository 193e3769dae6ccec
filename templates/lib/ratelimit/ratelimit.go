// Package ratelimit bounds how many requests a function takes from each caller. Those above are answered 429,
// and told when to come again.
//
//	var Handler = fn.Chain(handle, ratelimit.Require(ratelimit.PerSecond(10), ratelimit.Options{}))
//
// Callers are told apart by address, by user or by what you like: see [Options].Key. Requests are counted in the memory of
// one instance of the function, or where all of them count together: see [Limiter].
package ratelimit

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
	"github.com/fngen/fngen/templates/lib/ipallow"
)

// A Limiter counts requests.
type Limiter interface {
	// Take takes a token from the bucket that a key has for a rate. An error says that the
	// limiter itself failed. It is called by many at once.
	Take(ctx context.Context, key string, rate Rate) (Result, error)
}

// A Result is what came of a request.
type Result struct {
	Allowed   bool
	Remaining int           // tokens that are left
	Next      time.Duration // until there is one more
}

// A Key tells whose bucket a request takes from.
type Key func(context.Context, events.APIGatewayProxyRequest) string

// Options of Require. Each field's zero value has a default.
type Options struct {
	// Key tells callers apart: by address where it is nil. What is in the key has to be beyond the
	// caller's choice, or each request brings another.
	Key Key

	// Limiter counts the requests, in a Memory of its own where it is nil.
	Limiter Limiter

	// FailClosed answers 503 while the limiter fails. Else requests pass then, and the log has an error:
	// what bounds the use of a function does not have to end it.
	FailClosed bool

	// Name is the limit's in the RateLimit fields, default where it is empty. Of limits in a chain
	// each has its own.
	Name string
}

// ByAddress is the Key of callers by the address that they call from, as source has it. Of IPv6 it takes
// the first 64 bits: who has one address there has the others too. Requests without an address share a bucket.
func ByAddress(source ipallow.Source) Key {
	return func(_ context.Context, event events.APIGatewayProxyRequest) string {
		addr, err := source.Addr(event)
		switch {
		case err != nil:
			return "address"
		case addr.Is4():
			bytes := addr.As4()
			return "4" + string(bytes[:])
		}
		bytes := addr.As16()
		return "6" + string(bytes[:64/8])
	}
}

// ByUser is the Key of callers by the id of who is signed in, which is "" for nobody: those are told
// apart by other. Require has to stand behind what signs users in.
func ByUser(id func(context.Context) string, other Key) Key {
	return func(ctx context.Context, event events.APIGatewayProxyRequest) string {
		if id := id(ctx); id != "" {
			return "user" + id
		}
		return "nobody" + other(ctx, event)
	}
}

// Require is middleware that lets as many requests of each caller pass as the rate says. It answers 429 to others,
// with the header Retry-After, and tells all callers how many they have left in the fields RateLimit and
// RateLimit-Policy of draft-ietf-httpapi-ratelimit-headers-10. A rate or a name that will not do panics,
// as regexp.MustCompile does.
func Require(rate Rate, options Options) fn.Middleware {
	if err := rate.Check(); err != nil {
		panic("ratelimit: " + err.Error())
	}
	if options.Name == "" {
		options.Name = "default"
	}
	for _, c := range []byte(options.Name) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' { // RFC 9651, section 3.3.3, without escapes
			panic(fmt.Sprintf("ratelimit: the name %q has characters that a header cannot have", options.Name))
		}
	}
	if options.Key == nil {
		options.Key = ByAddress(ipallow.Source{})
	}
	if options.Limiter == nil {
		options.Limiter = NewMemory(DefaultKeys)
	}
	name := `"` + options.Name + `"`
	policy := name + rate.policy()

	return func(next fn.Handler) fn.Handler {
		return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			result, err := options.take(ctx, event, rate)
			if err != nil {
				slog.ErrorContext(ctx, "requests are not counted", "path", event.Path, "reason", err)
				if options.FailClosed {
					return fn.JSON(http.StatusServiceUnavailable, map[string]string{"message": http.StatusText(http.StatusServiceUnavailable)})
				}
				return next(ctx, event)
			}

			var response events.APIGatewayProxyResponse
			if result.Allowed {
				response, err = next(ctx, event)
			} else {
				slog.WarnContext(ctx, "too many requests", "path", event.Path, "limit", options.Name)
				response, err = fn.JSON(http.StatusTooManyRequests, map[string]string{"message": http.StatusText(http.StatusTooManyRequests)})
			}
			if err != nil {
				return response, err
			}
			// The handler may answer with the same map every time.
			headers := make(map[string]string, len(response.Headers)+3)
			maps.Copy(headers, response.Headers)
			headers["RateLimit"] = join(result.field(name), headers["RateLimit"])
			headers["RateLimit-Policy"] = join(policy, headers["RateLimit-Policy"])
			if !result.Allowed {
				headers["Retry-After"] = strconv.FormatInt(seconds(result.Next), 10)
			}
			response.Headers = headers
			return response, nil
		}
	}
}

// field is the result as the value of a RateLimit field.
func (r Result) field(name string) string {
	var space [64]byte
	text := append(append(space[:0], name...), ";r="...)
	text = append(strconv.AppendInt(text, int64(r.Remaining), 10), ";t="...)
	return string(strconv.AppendInt(text, seconds(r.Next), 10))
}

// join is a limit in front of those of the limits within it.
func join(limit, others string) string {
	if others == "" {
		return limit
	}
	return limit + ", " + others
}

func (o Options) take(ctx context.Context, event events.APIGatewayProxyRequest, rate Rate) (Result, error) {
	if sent, ok := ctx.Value(sentKey{}).(int); ok {
		full := int64(rate.interval()) * int64(min(max(sent, 0), rate.Size()))
		return rate.take(&full, 0), nil
	}
	return o.Limiter.Take(ctx, o.Key(ctx, event), rate)
}

type sentKey struct{}

// Sent returns an option of fntest.Call for tests: each request counts as that
// of a client which has just sent so many others, whatever the limiter has
// counted. Tests need not wait, and do not use up each other's limit.
func Sent(requests int) func(context.Context) context.Context {
	return func(ctx context.Context) context.Context { return context.WithValue(ctx, sentKey{}, requests) }
}
