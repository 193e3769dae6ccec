package ratelimitburst

import (
	"net/http"
	"testing"
	"time"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/ratelimit"
	"example.com/golden/api/src/lib/scenario"
)

func TestHandler(t *testing.T) {
	standard.Run(t, "answers 200", func(t *scenario.T, s *Scenario) {
		ctx := ratelimit.WithSent(fntest.Context(t), 0, 0)
		event := fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodGet, Path: "/rateLimitBurst"})

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
		if got, want := response.Body, `{"data":"rateLimitBurst function"}`; got != want {
			t.Errorf("body = %s, want %s", got, want)
		}
	})
}

func TestHandlerLimitsRate(t *testing.T) {
	for name, test := range map[string]struct {
		sent       int // requests before
		ago        time.Duration
		want       int
		retryAfter string
	}{
		"the last":           {19, 0, http.StatusOK, ""},
		"one more":           {20, 0, http.StatusTooManyRequests, "1"},
		"one more, too soon": {20, time.Minute/100 - 1, http.StatusTooManyRequests, "1"},
		"one more, in time":  {20, time.Minute / 100, http.StatusOK, ""},
	} {
		standard.Run(t, name, func(t *scenario.T, s *Scenario) {
			ctx := ratelimit.WithSent(fntest.Context(t), test.sent, test.ago)
			event := fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodGet, Path: "/rateLimitBurst"})

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
