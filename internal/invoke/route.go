package invoke

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/project"
	"github.com/fngen/fngen/templates/runtime/route"
)

// route returns the method and the escaped path of the request.
//
// Without declared routes, the path of the options is complete if it starts with
// the function's route, and else it is below that. With routes, path and method
// must match one. Without a path, the route is the first that the method
// matches and that has no path parameters. If no route matches the default
// method, the first one determines the method.
func (b *builder) route(defaultMethod string) (method, path string, err error) {
	f := b.function
	method = cmp.Or(b.Method, defaultMethod)
	if len(f.Routes) == 0 {
		path = (&url.URL{Path: f.Route}).EscapedPath()
		if b.Path == path || strings.HasPrefix(b.Path, path+"/") {
			return method, b.Path, nil
		}
		return method, path + b.Path, nil
	}
	if b.Path != "" {
		match := route.New(f.Routed()).Find(route.Request{Method: method, Path: b.Path})
		if match.Status >= http.StatusBadRequest {
			return "", "", noRoute(f, method+" "+b.Path)
		}
		return method, b.Path, nil
	}
	routes := slices.DeleteFunc(slices.Clone(f.Routes), func(r project.Route) bool {
		return r.Method != "" && r.Method != method && (r.Method != http.MethodGet || method != http.MethodHead)
	})
	if len(routes) == 0 && b.Method != "" {
		return "", "", noRoute(f, method)
	}
	if len(routes) == 0 {
		routes = f.Routes[:1]
		method = f.Routes[0].Method
	}
	for _, r := range routes {
		if path, parameters := r.Example(); len(parameters) == 0 {
			return method, path, nil
		}
	}
	example, _ := routes[0].Example()
	command := "fngen invoke " + f.Name + " --path " + example
	if method != defaultMethod {
		command += " --method " + method
	}
	return "", "", hint.Newf(command, "the route %q has path parameters", routes[0])
}

// noRoute returns the error for a request that no route of a function matches.
func noRoute(f project.Function, request string) error {
	return hint.Newf("choose one of its routes: "+strings.Join(f.Routed().Routes, ", "), "%s has no route for %s", f.Name, request)
}
