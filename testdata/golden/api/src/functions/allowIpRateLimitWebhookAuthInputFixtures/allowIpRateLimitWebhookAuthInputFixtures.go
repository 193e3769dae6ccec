// Package allowipratelimitwebhookauthinputfixtures is a serverless function.
package allowipratelimitwebhookauthinputfixtures

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fn"
	"example.com/golden/api/src/lib/ipallow"
	"example.com/golden/api/src/lib/ratelimit"
	"example.com/golden/api/src/lib/webhooks"
)

// input is the body of a request, in JSON. Fields with omitempty are optional.
type input struct {
	Name  string  `json:"name"`
	Email *string `json:"email,omitempty"`
}

// Validate returns an error for each field that is invalid.
func (in input) Validate() error {
	var errs []error
	if in.Name == "" {
		errs = append(errs, fn.Invalid("name", "must not be empty"))
	}
	return errors.Join(errs...)
}

// Handler serves /allowIpRateLimitWebhookAuthInputFixtures.
//
// To reach handle, a request must pass these checks, in order:
//   - ipallow.Require rejects client IP addresses that are not listed (401).
//   - ratelimit.Require rejects requests above the rate limit of a client IP
//     address (429). Each instance of the function counts separately.
//   - webhooks.Require rejects requests without a valid signature (401),
//     and all requests if the secret is not set.
//   - auth.Require rejects requests without a signed-in user (401), and users
//     without a required role (403).
var Handler = fn.Chain(handle,
	ipallow.Require("127.0.0.0/8", "::1"),
	ratelimit.Require(ratelimit.PerSecond(10), ratelimit.Options{}),
	webhooks.Require(webhooks.TimestampScheme, webhooks.Options{
		SignatureHeader: "X-Webhook-Signature",
		SecretEnv:       "ALLOW_IP_RATE_LIMIT_WEBHOOK_AUTH_INPUT_FIXTURES_WEBHOOK_SECRET",
	}),
	auth.Require("admin"),
)

// handle responds to requests that passed the checks.
// webhooks.Once ("fngen add webhooks/once") skips messages that are sent again.
func handle(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	slog.InfoContext(ctx, "request received",
		"function", "allowIpRateLimitWebhookAuthInputFixtures", "method", event.HTTPMethod, "path", event.Path)

	in, err := fn.Decode[input](event)
	if err != nil {
		return fn.Problem(err)
	}
	return fn.JSON(http.StatusOK, map[string]input{"data": in})
}
