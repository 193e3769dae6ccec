package generator

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A Route says which requests a function answers: those with a method, whose
// path matches a pattern. [ParseRoute] returns one.
type Route struct {
	Method string // or "" for every method
	Path   string // such as /users/{id} or /files/{path...}
}

// String returns the route as a pattern of http.ServeMux, which is how source
// files declare it.
func (r Route) String() string { return strings.TrimPrefix(r.Method+" "+r.Path, " ") }

// MarshalText returns the route as String does.
func (r Route) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Resource returns the path as API Gateway writes it: /files/{path+} for
// /files/{path...}.
func (r Route) Resource() string {
	return strings.ReplaceAll(strings.TrimSuffix(r.Path, "{$}"), "...}", "+}")
}

// Example returns a path that matches the route, and the values of its path
// parameters: 1, 2 and so on, and a/b for the rest of a path.
func (r Route) Example() (path string, parameters []Parameter) {
	path = wildcards().ReplaceAllStringFunc(strings.TrimSuffix(r.Path, "{$}"), func(wildcard string) string {
		match := wildcards().FindStringSubmatch(wildcard)
		value := strconv.Itoa(len(parameters) + 1)
		if match[2] != "" {
			value = "a/b"
		}
		parameters = append(parameters, Parameter{match[1], value})
		return value
	})
	return path, parameters
}

// A Parameter is a path parameter.
type Parameter struct{ Name, Value string }

// wildcards matches the wildcards of a path. Its groups are the name and the
// dots of one that matches the rest of the path.
func wildcards() *regexp.Regexp { return regexp.MustCompile(`\{(\w+)(\.\.\.)?\}`) }

// RouteMethods returns the methods that a route can have: those that API
// Gateway can route.
func RouteMethods() []string {
	return []string{
		http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodOptions,
		http.MethodPatch, http.MethodPost, http.MethodPut,
	}
}

// ParseRoute parses a pattern of http.ServeMux that has no host and that API
// Gateway can express: only the last wildcard may match several segments, and
// no path ends in a slash. The error is a *[ValueError].
func ParseRoute(pattern string) (Route, error) {
	invalid := func(suggestion, format string, args ...any) (Route, error) {
		return Route{}, &ValueError{Reason: fmt.Sprintf(format, args...), Suggestion: suggestion}
	}
	method, target := "", strings.TrimSpace(pattern)
	if i := strings.IndexAny(target, " \t"); i >= 0 {
		method, target = target[:i], strings.TrimSpace(target[i:])
	}
	route := Route{method, target}
	upper := strings.ToUpper(method)
	slash := strings.IndexByte(route.Path, '/')
	switch {
	case method != "" && upper == "ANY":
		return invalid(route.Path, "%q: a route without a method answers every method", pattern)
	case method != "" && !slices.Contains(RouteMethods(), upper):
		return invalid("", "%q: the method must be one of %s", pattern, strings.Join(RouteMethods(), ", "))
	case method != upper:
		return invalid(Route{upper, route.Path}.String(), "%q: methods are upper case", pattern)
	case route.Path == "":
		return invalid("", "%q has no path", pattern)
	case slash < 0 && slices.Contains(RouteMethods(), strings.ToUpper(route.Path)):
		return invalid(strings.ToUpper(route.Path)+" /PATH", "%q has no path", pattern)
	case slash < 0:
		return invalid(Route{method, "/" + route.Path}.String(), "%q: the path must start with a slash", pattern)
	case slash > 0:
		address := route.Path
		if _, rest, ok := strings.Cut(address, "://"); ok {
			address = rest
		}
		_, rest, _ := strings.Cut(address, "/")
		return invalid(Route{method, "/" + rest}.String(), "%q: a route has no host", pattern)
	case translateWildcards(route.Path) != route.Path:
		return invalid(Route{method, translateWildcards(route.Path)}.String(),
			"%q: a wildcard is {name}, or {name...} for the rest of the path", pattern)
	case strings.ContainsAny(route.Path, " \t?#"):
		return invalid("", "%q: the path contains a space, ? or #", pattern)
	case path.Clean(strings.TrimSuffix(route.Path, "/")) != strings.TrimSuffix(route.Path, "/") && route.Path != "/":
		return invalid(Route{method, path.Clean(route.Path)}.String(), "%q: no request has such a path", pattern)
	case strings.Contains(strings.ToLower(route.Path), "%2f"):
		return invalid("", "%q: the path contains an encoded slash", pattern)
	case strings.HasSuffix(route.Path, "/{$}") && route.Path != "/{$}":
		without := Route{method, strings.TrimSuffix(route.Path, "/{$}")}
		return invalid(without.String(), "%q: API Gateway has no paths that end in a slash", pattern)
	case route.Path == "/":
		return invalid(Route{method, "/{path...}"}.String(), "%q matches every path", pattern)
	case strings.HasSuffix(route.Path, "/"):
		return invalid(route.String()+"{path...}", "%q matches every path below it, and must give the rest a name", pattern)
	}
	if reason := register(http.NewServeMux(), route); reason != "" {
		return invalid("", "%q: %s", pattern, reason[strings.LastIndex(reason, ": ")+2:])
	}
	literals := wildcards().ReplaceAllString(strings.TrimSuffix(route.Path, "{$}"), "")
	if strings.ContainsAny(literals, "{}") {
		return invalid("", "%q: the name of a wildcard must be ASCII letters, digits and _", pattern)
	}
	decoded, err := url.PathUnescape(literals)
	if err != nil {
		return invalid("", "%q: the path contains an invalid percent-encoding", pattern)
	}
	if (&url.URL{Path: decoded, RawPath: literals}).EscapedPath() != literals {
		return invalid("", "%q: the path contains characters that must be percent-encoded", pattern)
	}
	return route, nil
}

// translateWildcards replaces the wildcards of other routers by those of
// http.ServeMux, which would match them literally or refuse them: /:id and /* of
// web frameworks, and {path+} of API Gateway.
func translateWildcards(path string) string {
	path = regexp.MustCompile(`/:(\w+)`).ReplaceAllString(path, "/{$1}")
	path = regexp.MustCompile(`/\*{1,2}$`).ReplaceAllString(path, "/{path...}")
	return strings.ReplaceAll(path, "+}", "...}")
}

// register adds a route to mux. It returns why that is impossible, or "".
func register(mux *http.ServeMux, r Route) (reason string) {
	defer func() {
		if value := recover(); value != nil {
			reason = fmt.Sprint(value)
		}
	}()
	mux.HandleFunc(r.String(), http.NotFound)
	return ""
}

// ConflictingRoutes returns the indexes of the first two routes that match the
// same requests without one being more specific than the other. By the rules of
// http.ServeMux, neither would have precedence.
func ConflictingRoutes(routes []Route) (i, j int, ok bool) {
	mux := http.NewServeMux()
	for j, route := range routes {
		if register(mux, route) == "" {
			continue
		}
		for i, other := range routes[:j] {
			pair := http.NewServeMux()
			if register(pair, other); register(pair, route) != "" {
				return i, j, true
			}
		}
	}
	return 0, 0, false
}
