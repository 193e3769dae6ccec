package server

import (
	"context"
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
	"github.com/fngen/fngen/templates/runtime/route"
)

const (
	healthz      = "healthz"
	peerHeader   = "Fngen-Peer"   // carries the client's address from the parent process
	publicHeader = "Fngen-Public" // marks a request from outside this machine
)

// A router dispatches requests to functions.
type router struct {
	gateway   *gateway.Gateway
	functions []Function
	routes    *route.Router
	jobs      Jobs
	events    http.Handler // nil if there is none
	healthz   bool
	dev       bool
	draining  atomic.Bool
}

func newRouter(o options, functions []Function) *router {
	rt := &router{
		gateway:   o.gateway(),
		functions: functions,
		jobs:      o.jobs,
		healthz:   o.healthz,
		dev:       o.dev,
	}
	rt.gateway.Closing = &rt.draining
	rt.events = o.jobs.Events(func(ctx context.Context, f func(context.Context) error) error {
		_, err := limited(ctx, rt.gateway.TimeLimit(), func(ctx context.Context) (any, error) { return nil, f(ctx) })
		return err
	})
	var routed []route.Function
	for _, f := range functions {
		routed = append(routed, f.routed())
	}
	rt.routes = route.New(routed...)
	return rt
}

// routed returns what the router of the routes knows about the function.
func (f Function) routed() route.Function {
	return route.Function{Name: f.Name, Routes: f.Routes, CORS: f.CORS}
}

func (rt *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	invoked, isInvocation := strings.CutPrefix(path, invokePath)
	isInvocation = isInvocation && rt.dev
	isHealthCheck := rt.healthz && path == "/"+healthz && (r.Method == http.MethodGet || r.Method == http.MethodHead)
	isEvent := rt.events != nil && strings.HasPrefix(path, EventsPath)
	var match route.Match
	if !isInvocation && !isHealthCheck && !isEvent {
		match = rt.routes.Find(route.Request{Method: r.Method, Path: path, Preflight: preflight(r)})
		if match.Status == 0 {
			if f := rt.functions[match.Function]; f.Stream != nil {
				rt.gateway.ServeStream(w, r, match, f.Stream)
			} else {
				rt.gateway.Serve(w, r, match, f.Handler)
			}
			return
		}
	}
	if rt.draining.Load() {
		w.Header().Set("Connection", "close")
	}
	switch {
	case isInvocation:
		rt.invoke(w, r, strings.TrimSuffix(invoked, "/invocations"))
	case isHealthCheck:
		rt.health(w)
	case isEvent:
		rt.events.ServeHTTP(w, r)
	case match.Status == http.StatusNotFound:
		rt.notFound(w, r)
	default:
		_ = gateway.WriteResponse(w, match.Response()) // the response is well-formed
	}
}

// preflight returns the method that a CORS preflight asks for, or "" for any
// other request: https://fetch.spec.whatwg.org/#cors-preflight-request
func preflight(r *http.Request) string {
	if r.Method != http.MethodOptions || r.Header.Get("Origin") == "" {
		return ""
	}
	return r.Header.Get("Access-Control-Request-Method")
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
	var routes []string
	for _, f := range rt.functions {
		routes = append(routes, f.routed().Patterns()...)
	}
	slices.Sort(routes)
	accept := r.Header.Get("Accept")
	switch {
	case strings.Contains(accept, "text/html"):
		var page strings.Builder
		page.WriteString("<!doctype html>\n<title>Not Found</title>\n<h1>Not Found</h1>\n<p>No function serves " +
			html.EscapeString(r.URL.Path) + ". The functions are:</p>\n<ul>\n")
		for _, route := range routes {
			text := html.EscapeString(route)
			if path := strings.TrimSuffix(strings.TrimPrefix(route, "GET "), "{$}"); !strings.ContainsAny(path, " {") {
				text = `<a href="` + html.EscapeString(path) + `">` + text + "</a>"
			}
			page.WriteString("<li>" + text + "</li>\n")
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
