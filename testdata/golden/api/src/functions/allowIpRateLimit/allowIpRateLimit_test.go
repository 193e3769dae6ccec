package allowipratelimit

import (
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/ratelimit"
	"example.com/golden/api/src/lib/scenario"
)

// caller is at an address that may call the function.
var caller = events.APIGatewayProxyRequestContext{
	Identity: events.APIGatewayRequestIdentity{SourceIP: "2001:db8::1"},
}

func TestHandler(t *testing.T) {
	standard.Run(t, "answers 200", func(t *scenario.T, s *Scenario) {
		ctx := ratelimit.WithSent(fntest.Context(t), 0, 0)
		event := fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodGet, Path: "/allowIpRateLimit", RequestContext: caller})

		response, err := Handler(ctx, event)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != http.StatusOK {
			t.Errorf("status = %d, want %d", response.StatusCode, http.StatusOK)
		}
		if got, want := response.Headers["Content-Type"], "application/json"; got != want {
			t.Errorf("Content-Type = %q, want %q", got, want)
		}
		if got, want := response.Body, `{"data":"allowIpRateLimit function"}`; got != want {
			t.Errorf("body = %s, want %s", got, want)
		}
	})
}

func TestHandlerAllowsAddresses(t *testing.T) {
	for ip, want := range map[string]int{
		"2001:db8::":                             http.StatusOK,
		"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff": http.StatusOK,
		"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff": http.StatusUnauthorized,
		"2001:db9::":                             http.StatusUnauthorized,
	} {
		standard.Run(t, ip, func(t *scenario.T, s *Scenario) {
			ctx := ratelimit.WithSent(fntest.Context(t), 0, 0)
			event := fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodGet, Path: "/allowIpRateLimit", RequestContext: caller})
			event.RequestContext.Identity.SourceIP = ip

			response, err := Handler(ctx, event)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != want {
				t.Errorf("status = %d, want %d", response.StatusCode, want)
			}
		})
	}
}

func TestHandlerLimitsRate(t *testing.T) {
	for name, test := range map[string]struct {
		sent       int // requests before
		ago        time.Duration
		want       int
		retryAfter string
	}{
		"the last":           {0, 0, http.StatusOK, ""},
		"one more":           {1, 0, http.StatusTooManyRequests, "60"},
		"one more, too soon": {1, time.Minute - 1, http.StatusTooManyRequests, "1"},
		"one more, in time":  {1, time.Minute, http.StatusOK, ""},
	} {
		standard.Run(t, name, func(t *scenario.T, s *Scenario) {
			ctx := ratelimit.WithSent(fntest.Context(t), test.sent, test.ago)
			event := fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodGet, Path: "/allowIpRateLimit", RequestContext: caller})

			response, err := Handler(ctx, event)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.want {
				t.Errorf("status = %d, want %d", response.StatusCode, test.want)
			}
			if got := response.Headers["Retry-After"]; got != test.retryAfter {
				t.Errorf("Retry-After = %q, want %q", got, test.retryAfter)
			}
		})
	}
}
