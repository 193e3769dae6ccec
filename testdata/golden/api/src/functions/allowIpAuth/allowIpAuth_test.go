package allowipauth

import (
	"net/http"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"example.com/golden/api/src/lib/auth"
	"example.com/golden/api/src/lib/fntest"
	"example.com/golden/api/src/lib/scenario"
)

// caller is at an address that may call the function.
var caller = events.APIGatewayProxyRequestContext{
	Identity: events.APIGatewayRequestIdentity{SourceIP: "10.0.0.1"},
}

// user may call the function.
var user = &auth.User{ID: "1"}

func TestHandler(t *testing.T) {
	standard.Run(t, "answers 200", func(t *scenario.T, s *Scenario) {
		ctx := auth.WithUser(fntest.Context(t), user)
		event := fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodGet, Path: "/allowIpAuth", RequestContext: caller})

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
		if got, want := response.Body, `{"data":"allowIpAuth function"}`; got != want {
			t.Errorf("body = %s, want %s", got, want)
		}
	})
}

func TestHandlerAllowsAddresses(t *testing.T) {
	for ip, want := range map[string]int{
		"10.0.0.0":       http.StatusOK,
		"10.255.255.255": http.StatusOK,
		"9.255.255.255":  http.StatusUnauthorized,
		"11.0.0.0":       http.StatusUnauthorized,
	} {
		standard.Run(t, ip, func(t *scenario.T, s *Scenario) {
			ctx := auth.WithUser(fntest.Context(t), user)
			event := fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodGet, Path: "/allowIpAuth", RequestContext: caller})
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

func TestHandlerRequiresUser(t *testing.T) {
	for name, test := range map[string]struct {
		user *auth.User
		want int
	}{
		"anonymous": {nil, http.StatusUnauthorized},
	} {
		standard.Run(t, name, func(t *scenario.T, s *Scenario) {
			ctx := auth.WithUser(fntest.Context(t), test.user)
			event := fntest.HTTPEvent(fntest.Event{HTTPMethod: http.MethodGet, Path: "/allowIpAuth", RequestContext: caller})

			response, err := Handler(ctx, event)
			if err != nil {
				t.Fatal(err)
			}
			if response.StatusCode != test.want {
				t.Errorf("status = %d, want %d", response.StatusCode, test.want)
			}
		})
	}
}
