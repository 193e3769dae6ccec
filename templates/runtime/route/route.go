// Package route decides which function answers a request, and by which of its
// routes.
//
// Routes are patterns of http.ServeMux without a host. They are matched by its
// rules: a literal is more specific than a wildcard, a method more specific
// than none, and GET answers HEAD too. Unlike http.ServeMux, a Router never
// redirects, and leaves empty and dot segments in paths as they are, because
// webhook signatures cover the path that the client sent. It also answers
// OPTIONS. See [Router.Find].
package route

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A Function is what a router knows about a function.
type Function struct {
	Name string

	// Routes are patterns that do not conflict with each other. A function
	// without routes answers every method at /NAME and below.
	Routes []string

	// CORS reports whether the function answers CORS preflights.
	CORS bool
}

// Patterns returns the function's routes as people see them. Without declared
// routes, that is /NAME, which stands for every method there and below.
func (f Function) Patterns() []string {
	if len(f.Routes) == 0 {
		return []string{"/" + f.Name}
	}
	return f.Routes
}

// A Router finds routes. It is safe for concurrent use.
type Router struct {
	all     []*route
	byFirst map[string][]*route // by the first segment of the paths that they match
	others  []*route            // those that match any first segment
}

// A route is a pattern of a function. The most specific one comes first in
// lists of routes.
type route struct {
	function int
	cors     bool
	method   string // or "" for every method
	segments []segment
	resource string // the path as API Gateway writes it
	order    string // sorts more specific routes first

	// Without a declared route, /NAME/ is not below /NAME.
	isDefault bool
}

// A segment is a literal or a wildcard.
type segment struct {
	literal string // decoded
	name    string // of a wildcard
	rest    bool   // the wildcard matches the rest of the path
}

// New returns a router for functions.
func New(functions ...Function) *Router {
	var all []*route
	for i, f := range functions {
		for _, pattern := range f.Routes {
			all = append(all, parse(pattern, route{function: i, cors: f.CORS}))
		}
		if len(f.Routes) == 0 {
			at := "/" + (&url.URL{Path: f.Name}).EscapedPath()
			for _, pattern := range []string{at, at + "/{proxy...}"} {
				r := parse(pattern, route{function: i, cors: f.CORS, isDefault: true})
				r.resource = strings.Replace(r.resource, at, "/"+f.Name, 1)
				all = append(all, r)
			}
		}
	}
	router := &Router{all: all, byFirst: map[string][]*route{}}
	slices.SortStableFunc(all, func(a, b *route) int { return cmp.Compare(a.order, b.order) })
	for _, r := range all {
		if !r.matchesAnyFirst() {
			router.byFirst[r.segments[0].literal] = nil
		}
	}
	for _, r := range all { // in order, so that each list is sorted
		if !r.matchesAnyFirst() {
			first := r.segments[0].literal
			router.byFirst[first] = append(router.byFirst[first], r)
			continue
		}
		router.others = append(router.others, r)
		for first := range router.byFirst {
			router.byFirst[first] = append(router.byFirst[first], r)
		}
	}
	return router
}

func (r *route) matchesAnyFirst() bool { return len(r.segments) == 0 || r.segments[0].name != "" }

// parse completes the route r of a pattern, which is valid.
func parse(pattern string, r route) *route {
	method, path := "", strings.TrimSpace(pattern)
	if i := strings.IndexAny(path, " \t"); i >= 0 {
		method, path = path[:i], strings.TrimSpace(path[i:])
	}
	path = strings.TrimSuffix(path, "{$}")
	r.method = method
	r.resource = strings.ReplaceAll(path, "...}", "+}")
	for _, text := range strings.Split(strings.TrimPrefix(path, "/"), "/") {
		name, isWildcard := strings.CutPrefix(text, "{")
		name = strings.TrimSuffix(name, "}")
		switch {
		case path == "/": // has no segments
		case !isWildcard:
			r.segments = append(r.segments, segment{literal: decode(text)})
			r.order += "1"
		case strings.HasSuffix(name, "..."):
			r.segments = append(r.segments, segment{name: strings.TrimSuffix(name, "..."), rest: true})
			r.order += "3"
		default:
			r.segments = append(r.segments, segment{name: name})
			r.order += "2"
		}
	}
	switch method {
	case "":
		r.order += " 2"
	case http.MethodGet: // is more general than HEAD
		r.order += " 1"
	default:
		r.order += " 0"
	}
	return &r
}

// matches reports whether a path matches the route.
func (r *route) matches(path string, decode func(string) string) bool {
	path, ok := strings.CutPrefix(path, "/")
	if len(r.segments) == 0 {
		return path == ""
	}
	for _, s := range r.segments {
		if !ok || s.rest {
			return ok
		}
		var text string
		text, path, ok = strings.Cut(path, "/")
		if s.name == "" && decode(text) != s.literal || s.name != "" && text == "" {
			return false
		}
	}
	return !ok
}

// parameters returns the path parameters of a path that matches, or nil.
func (r *route) parameters(path string, decode func(string) string) map[string]string {
	path = strings.TrimPrefix(path, "/")
	var parameters map[string]string
	for _, s := range r.segments {
		text, rest, _ := strings.Cut(path, "/")
		if s.rest {
			text = path
		}
		if s.name != "" {
			if parameters == nil {
				parameters = map[string]string{}
			}
			parameters[s.name] = decode(text)
		}
		path = rest
	}
	return parameters
}

// decode decodes the percent-encoding of a segment. It returns a segment that
// is not encoded correctly as it is. JSON cannot represent invalid UTF-8.
func decode(segment string) string {
	if decoded, err := url.PathUnescape(segment); err == nil {
		segment = decoded
	}
	return strings.ToValidUTF8(segment, "\uFFFD")
}

// asIs returns a segment that is already decoded.
func asIs(segment string) string { return segment }

// A Request is what a router looks at.
type Request struct {
	Method string
	Path   string

	// Decoded reports whether the path is already percent-decoded, as in
	// the events of HTTP APIs.
	Decoded bool

	// Preflight is the method that a CORS preflight asks for, or "" if the
	// request is not a preflight.
	Preflight string
}

// A Match is the result for a request.
type Match struct {
	// Status is 0 if a function answers the request. Otherwise it is the
	// status of the response: 404, 405, or 204 to OPTIONS.
	Status int

	Function   int               // index of the function
	Resource   string            // the route in API Gateway's syntax, such as /users/{id} or /files/{path+}
	Parameters map[string]string // path parameters, decoded once

	Allow string // the methods that the path allows, for a response
}

// Find returns the most specific route of a request. If routes match the path
// only, the status is 405.
//
// OPTIONS reaches a function in three cases. The router answers it otherwise.
//   - A route declares OPTIONS.
//   - A route has no method, and the request is not a CORS preflight. Some
//     webhook providers check an endpoint that way.
//   - The request is a preflight, and the function answers those.
func (router *Router) Find(q Request) Match {
	unescape := decode
	if q.Decoded {
		unescape = asIs
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(q.Path, "/"), "/")
	routes, ok := router.byFirst[unescape(first)]
	if !ok {
		routes = router.others
	}
	var best, preflight *route
	for _, r := range routes {
		if (r.answers(q) || q.Preflight != "" && r.cors) && r.matches(q.Path, unescape) {
			if r.answers(q) {
				best = r
				break
			}
			// The route that answers the method itself is the best one.
			if preflight == nil || !preflight.answersMethod(q.Preflight) && r.answersMethod(q.Preflight) {
				preflight = r
			}
		}
	}
	if best = cmp.Or(best, preflight); best == nil {
		return refuse(q, routes, unescape)
	}
	match := Match{Function: best.function, Resource: best.resource}
	match.Parameters = best.parameters(q.Path, unescape)
	if best.isDefault && strings.Trim(match.Parameters["proxy"], "/") == "" {
		match.Resource, match.Parameters = strings.TrimSuffix(best.resource, "/{proxy+}"), nil
	}
	return match
}

// answers reports whether a request with a matching path reaches the function,
// apart from preflights that the function answers.
func (r *route) answers(q Request) bool {
	return r.answersMethod(q.Method) && (q.Preflight == "" || r.method != "")
}

func (r *route) answersMethod(method string) bool {
	return r.method == "" || r.method == method || r.method == http.MethodGet && method == http.MethodHead
}

// refuse returns the match of a request that no function answers.
func refuse(q Request, routes []*route, unescape func(string) string) Match {
	var allowed []string
	for _, r := range routes {
		switch {
		case !r.matches(q.Path, unescape):
		case r.method == "":
			allowed = append(allowed, "DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
		case r.method == http.MethodGet:
			allowed = append(allowed, http.MethodGet, http.MethodHead)
		default:
			allowed = append(allowed, r.method)
		}
	}
	if len(allowed) == 0 {
		return Match{Status: http.StatusNotFound}
	}
	allowed = append(allowed, http.MethodOptions)
	slices.Sort(allowed)
	match := Match{Status: http.StatusMethodNotAllowed, Allow: strings.Join(slices.Compact(allowed), ", ")}
	if q.Method == http.MethodOptions {
		match.Status = http.StatusNoContent
	}
	return match
}
