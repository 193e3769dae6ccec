// Package ratelimit limits the requests per client. It responds with 429 to
// requests above the limit and says when to retry.
//
//	var Handler = fn.Chain(handle,
//		ratelimit.Require(ratelimit.PerSecond(10), ratelimit.Options{}),
//	)
//
// Clients are identified by IP address, by user or by your own [Key]. Requests
// are counted in memory, per instance of the function, or in a [Limiter] that
// all instances share.
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
	// Take takes a token from the bucket of a key and a rate. It returns an
	// error only if the limiter itself fails. It must be safe for concurrent
	// use.
	Take(ctx context.Context, key string, rate Rate) (Result, error)
}

// A Result is the outcome of Limiter.Take.
type Result struct {
	Allowed   bool
	Remaining int           // tokens left in the bucket
	Next      time.Duration // time until the next token
}

// A Key returns the key of the bucket that a request takes a token from.
type Key func(context.Context, events.APIGatewayProxyRequest) string

// Options configure Require. All fields are optional.
type Options struct {
	// Key identifies clients. It defaults to ByAddress. A key must not depend
	// on anything that a client can choose, because a client could then use a
	// new key for each request.
	Key Key

	// Limiter counts the requests. It defaults to a new Memory.
	Limiter Limiter

	// FailClosed rejects requests with 503 if the limiter fails. By default,
	// they are allowed and the error is logged, so that the limiter is not a
	// single point of failure.
	FailClosed bool

	// Name names the limit in the RateLimit headers. It defaults to "default".
	// Limits in the same chain need different names.
	Name string
}

// ByAddress returns a Key that identifies clients by IP address. For IPv6, it
// uses the first 64 bits, because a client usually has a whole /64 network.
// Requests without a valid address share a bucket.
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

// ByUser returns a Key that identifies clients by the ID of the signed-in user.
// If userID returns "", the key is that of anonymous. In a chain, list Require
// after the middleware that signs users in.
func ByUser(userID func(context.Context) string, anonymous Key) Key {
	return func(ctx context.Context, event events.APIGatewayProxyRequest) string {
		if id := userID(ctx); id != "" {
			return "user" + id
		}
		return "anonymous" + anonymous(ctx, event)
	}
}

// Require returns middleware that allows each client the given rate of
// requests. It responds to other requests with 429 and a Retry-After header.
// All responses have the headers RateLimit and RateLimit-Policy
// (draft-ietf-httpapi-ratelimit-headers-10). Require panics if the rate or the
// name is not valid.
func Require(rate Rate, options Options) fn.Middleware {
	if err := rate.Check(); err != nil {
		panic("ratelimit: " + err.Error())
	}
	if options.Name == "" {
		options.Name = "default"
	}
	for _, c := range []byte(options.Name) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' { // RFC 9651, section 3.3.3, without escapes
			panic(fmt.Sprintf("ratelimit: name %q contains a character that is not valid in a header", options.Name))
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
				slog.ErrorContext(ctx, "rate limiter failed", "path", event.Path, "reason", err)
				if options.FailClosed {
					return reject(http.StatusServiceUnavailable)
				}
				return next(ctx, event)
			}

			var response events.APIGatewayProxyResponse
			if result.Allowed {
				response, err = next(ctx, event)
			} else {
				slog.WarnContext(ctx, "rate limit exceeded", "path", event.Path, "limit", options.Name)
				response, err = reject(http.StatusTooManyRequests)
			}
			if err != nil {
				return response, err
			}
			// Copy the headers: the handler may return the same map every time.
			headers := make(map[string]string, len(response.Headers)+3)
			maps.Copy(headers, response.Headers)
			headers["RateLimit"] = join(result.header(name), headers["RateLimit"])
			headers["RateLimit-Policy"] = join(policy, headers["RateLimit-Policy"])
			if !result.Allowed {
				headers["Retry-After"] = strconv.FormatInt(seconds(result.Next), 10)
			}
			response.Headers = headers
			return response, nil
		}
	}
}

func reject(status int) (events.APIGatewayProxyResponse, error) {
	return fn.JSON(status, map[string]string{"message": http.StatusText(status)})
}

// header returns the value of a RateLimit header: the remaining tokens and the
// seconds until the next one.
func (r Result) header(name string) string {
	return name + ";r=" + strconv.Itoa(r.Remaining) + ";t=" + strconv.FormatInt(seconds(r.Next), 10)
}

// join prepends a limit to the limits that inner middleware has set.
func join(limit, inner string) string {
	if inner == "" {
		return limit
	}
	return limit + ", " + inner
}

func (o Options) take(ctx context.Context, event events.APIGatewayProxyRequest, rate Rate) (Result, error) {
	if sent, ok := ctx.Value(sentKey{}).(int); ok {
		fullAt := int64(rate.interval()) * int64(min(max(sent, 0), rate.Size()))
		return rate.take(&fullAt, 0), nil
	}
	return o.Limiter.Take(ctx, o.Key(ctx, event), rate)
}

type sentKey struct{}

// Sent returns an option for fntest.Call. Require then treats the request as if
// the client had just sent the given number of other requests, and does not
// count it. Tests therefore do not affect each other and do not have to wait.
func Sent(requests int) func(context.Context) context.Context {
	return func(ctx context.Context) context.Context { return context.WithValue(ctx, sentKey{}, requests) }
}
