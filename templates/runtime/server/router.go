package server

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/fngen/fngen/templates/runtime/gateway"
)

const (
	healthz      = "healthz"
	peerHeader   = "Fngen-Peer"   // carries the client's address from the parent process
	publicHeader = "Fngen-Public" // marks a request from outside this machine
)

// A router dispatches requests to functions.
type router struct {
	gateway   *gateway.Gateway
	functions map[string]gateway.Function
	healthz   bool
	dev       bool
	draining  atomic.Bool
}

func newRouter(o options, functions []Function) *router {
	rt := &router{
		gateway:   o.gateway(),
		functions: make(map[string]gateway.Function, len(functions)),
		healthz:   o.healthz,
		dev:       o.dev,
	}
	rt.gateway.Closing = &rt.draining
	for _, f := range functions {
		rt.functions[f.Name] = f.Handler
	}
	return rt
}

func (rt *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	for segments := 2; segments > 0; segments-- { // a function in a group has two
		name, ok := gateway.Route(path, segments)
		if function := rt.functions[name]; ok && function != nil {
			rt.gateway.ServeRoute(w, r, segments, function)
			return
		}
	}
	if rt.draining.Load() {
		w.Header().Set("Connection", "close")
	}
	if invoked, ok := strings.CutPrefix(path, invokePath); ok && rt.dev {
		rt.invoke(w, r, strings.TrimSuffix(invoked, "/invocations"))
		return
	}
	if rt.healthz && path == "/"+healthz && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		rt.health(w)
		return
	}
	rt.notFound(w, r)
}

// health reports whether the server accepts requests, for load balancers.
func (rt *router) health(w http.ResponseWriter) {
	if rt.draining.Load() {
		respond(w, http.StatusServiceUnavailable, "text/plain; charset=utf-8", "draining")
		return
	}
	respond(w, http.StatusOK, "text/plain; charset=utf-8", "ok")
}

// notFound responds as API Gateway's HTTP APIs do. In development, the response
// also lists the functions, in the format that the client accepts.
func (rt *router) notFound(w http.ResponseWriter, r *http.Request) {
	if !rt.dev || r.Header.Get(publicHeader) != "" {
		respond(w, http.StatusNotFound, "application/json", `{"message":"Not Found"}`)
		return
	}
	routes := make([]string, 0, len(rt.functions))
	for name := range rt.functions {
		routes = append(routes, "/"+name)
	}
	slices.Sort(routes)
	accept := r.Header.Get("Accept")
	switch {
	case strings.Contains(accept, "text/html"):
		var page strings.Builder
		page.WriteString("<!doctype html>\n<title>Not Found</title>\n<h1>Not Found</h1>\n<p>No function serves " +
			html.EscapeString(r.URL.Path) + ". The functions are:</p>\n<ul>\n")
		for _, route := range routes {
			route = html.EscapeString(route)
			page.WriteString(`<li><a href="` + route + `">` + route + "</a></li>\n")
		}
		page.WriteString("</ul>\n")
		respond(w, http.StatusNotFound, "text/html; charset=utf-8", page.String())
	case strings.Contains(accept, "text/plain"):
		text := "No function serves " + r.URL.Path + ". The functions are:\n" + strings.Join(routes, "\n") + "\n"
		respond(w, http.StatusNotFound, "text/plain; charset=utf-8", text)
	default:
		body, err := json.Marshal(struct {
			Message   string   `json:"message"`
			Functions []string `json:"functions"`
		}{"Not Found", routes})
		if err != nil {
			body = fmt.Appendf(nil, `{"message":%q}`, err)
		}
		respond(w, http.StatusNotFound, "application/json", string(body))
	}
}

func respond(w http.ResponseWriter, status int, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body) // fails only if the client has disconnected
}
