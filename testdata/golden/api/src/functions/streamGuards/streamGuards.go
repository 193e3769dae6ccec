// Package streamguards is a serverless function.
package streamguards

import (
	"context"
	"io"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/cors"
	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/ipallow"
	"example.com/golden/api/src/lib/ratelimit"
)

// Handler serves /streamGuards.
//
// To reach handle, a request must pass these checks, in order:
//   - cors.Allow answers preflight requests, so that pages on the listed
//     origins can call the function. All other requests pass.
//   - ipallow.Require rejects client IP addresses that are not listed (401).
//   - ratelimit.Require rejects requests above the rate limit of a client IP
//     address (429). Each instance of the function counts separately.
//   - auth.Require rejects requests without a signed-in user (401), and users
//     without a required role (403).
var Handler = fn.ChainStream(handle,
	cors.Allow(cors.Options{Origins: []string{"https://app.example.com"}}),
	ipallow.Require("203.0.113.7"),
	ratelimit.Require(ratelimit.PerSecond(10), ratelimit.Options{}),
	auth.Require("admin"),
)

// handle responds to requests that passed the checks with server-sent events.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (*events.APIGatewayProxyStreamingResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "streamGuards", "method", event.HTTPMethod, "path", event.Path)

	// Each event is sent at once. Send your own until ctx is done, which it is when
	// the client disconnects.
	return fn.Stream("text/event-stream", func(w io.Writer) error {
		for _, text := range []string{"first", "second", "third"} {
			if err := fn.SendEvent(w, map[string]string{"text": text}); err != nil {
				return err
			}
		}
		return nil
	})
}
