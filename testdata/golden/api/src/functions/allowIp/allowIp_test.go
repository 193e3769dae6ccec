package allowip

import (
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
)

// caller is at an address that may call the function.
var caller = events.APIGatewayProxyRequestContext{
	Identity: events.APIGatewayRequestIdentity{SourceIP: "203.0.113.7"},
}

func TestHandler(t *testing.T) {
	standard.Run(t, "answers 200", func(t *scenario.T, s *Scenario) {
		ctx := fntest.Context(t)
		event := fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodGet, Path: "/allowIp", RequestContext: caller})

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
		if got, want := response.Body, `{"data":"allowIp function"}`; got != want {
			t.Errorf("body = %s, want %s", got, want)
		}
	})
}

func TestHandlerAllowsAddresses(t *testing.T) {
	for ip, want := range map[string]int{
		"203.0.113.7": http.StatusOK,
		"203.0.113.6": http.StatusUnauthorized,
		"203.0.113.8": http.StatusUnauthorized,
	} {
		standard.Run(t, ip, func(t *scenario.T, s *Scenario) {
			ctx := fntest.Context(t)
			event := fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodGet, Path: "/allowIp", RequestContext: caller})
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
