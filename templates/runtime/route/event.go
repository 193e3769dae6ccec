package route

import (
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-lambda-go/events"
)

// FindEvent finds the route of an event that AWS sent to the router's only
// function, and sets the event's resource and path parameters as [Router.Find]
// returns them. The names of the event's headers are canonical. decoded is as in
// [Request].
//
// Events come with any path, because function URLs and load balancers have no
// routes, and custom domains can add a prefix. A function without declared
// routes therefore answers every path. The path parameters of API Gateway are
// used for a path that does not match, and for one that is decoded: there, only
// API Gateway knows which slashes separate segments.
func (router *Router) FindEvent(event *events.APIGatewayProxyRequest, decoded bool) Match {
	q := Request{Method: event.HTTPMethod, Path: event.Path, Decoded: decoded}
	if q.Method == http.MethodOptions && event.Headers["Origin"] != "" {
		q.Preflight = event.Headers["Access-Control-Request-Method"]
	}
	match := router.Find(q)
	if decoded && match.Status == 0 || match.Status == http.StatusNotFound {
		if routed, ok := router.routed(event, q); ok {
			match = routed
		}
	}
	if match.Status == http.StatusNotFound {
		if r := router.all[0]; r.isDefault {
			match = Match{Resource: event.Resource, Parameters: event.PathParameters}
			if q.Preflight != "" && !r.cors {
				q.Path, q.Decoded = r.resource, true
				match = router.Find(q)
			}
		}
	}
	if match.Status == 0 {
		event.Resource, event.RequestContext.ResourcePath = match.Resource, match.Resource
		event.PathParameters = match.Parameters
	}
	return match
}

// routed returns the match of the route by which API Gateway sent an event. It
// reports false if that is none of the function's, and for a trailing slash,
// which REST APIs ignore.
func (router *Router) routed(event *events.APIGatewayProxyRequest, q Request) (Match, bool) {
	own := slices.ContainsFunc(router.all, func(r *route) bool { return r.resource == event.Resource })
	slash := strings.HasSuffix(q.Path, "/") && q.Path != "/" && !strings.HasSuffix(event.Resource, "+}")
	if !own || slash {
		return Match{}, false
	}
	match := router.Find(Request{q.Method, event.Resource, true, q.Preflight})
	for name := range match.Parameters {
		value, ok := event.PathParameters[name]
		if !ok {
			return Match{}, false
		}
		if !q.Decoded {
			value = decode(value)
		}
		match.Parameters[name] = value
	}
	return match, true
}

// Response returns the response to a request that no function answers. It has
// the format of API Gateway's own responses.
func (m Match) Response() events.APIGatewayProxyResponse {
	response := events.APIGatewayProxyResponse{StatusCode: m.Status, Headers: map[string]string{}}
	if m.Allow != "" {
		response.Headers["Allow"] = m.Allow
	}
	if m.Status != http.StatusNoContent {
		response.Headers["Content-Type"] = "application/json"
		response.Body = `{"message":"` + http.StatusText(m.Status) + `"}`
	}
	return response
}
