// Package cors lets web pages on other origins call a function, by
// Cross-Origin Resource Sharing.
//
//	var Handler = fn.Chain(handle,
//		cors.Allow(cors.Options{Origins: []string{"https://app.example.com"}}),
//		auth.Require(),
//	)
//
// A browser hides a response from the page unless its headers allow the page's
// origin. Before it sends most requests, such as one with a JSON body or an
// Authorization header, it asks for permission in a preflight request.
//
// CORS does not protect a function: clients other than browsers ignore it, and
// browsers send some requests without asking. See
// https://fetch.spec.whatwg.org/#http-cors-protocol.
package cors

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/fngen/fngen/templates/lib/fn"
)

// Options configure Allow.
type Options struct {
	// Origins lists the origins of the pages, in the form in which browsers send
	// them: https://app.example.com or http://localhost:5173, in lower case and
	// without a path. https://*.example.com allows all subdomains of one level,
	// and "*" allows any origin. Origins is required.
	Origins []string

	// Methods lists the methods that pages may use besides GET, HEAD and POST,
	// which browsers always allow. It defaults to PUT, PATCH and DELETE.
	Methods []string

	// Headers lists the request headers that pages may set. It defaults to
	// Authorization and Auth-Provider, which package auth reads, and
	// Content-Type, which JSON needs.
	Headers []string

	// ExposeHeaders lists the response headers that pages may read, in addition
	// to those that need no permission, such as Content-Type.
	ExposeHeaders []string

	// Credentials allows requests with cookies. Bearer tokens do not need it.
	// It cannot be combined with "*" in any list.
	Credentials bool

	// MaxAge is how long browsers may cache the answer to a preflight request.
	// It defaults to ten minutes. If it is negative, they do not cache it.
	MaxAge time.Duration
}

// Allow returns middleware that allows pages on the listed origins to call the
// function. It panics if the options are not valid.
//
// List Allow first in a chain. It answers preflight requests itself, because
// they have no credentials that other middleware could check: with 204, or with
// 403 if the origin is not listed. It adds its headers to all other responses.
// An error or a panic is logged and becomes a response with status 500, because
// a page could not read the response to a failed invocation.
func Allow(options Options) fn.Middleware {
	if err := options.check(); err != nil {
		panic("cors: " + err.Error())
	}
	p := newPolicy(options)
	return func(next fn.Handler) fn.Handler {
		return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
			origin := fn.Header(event, "Origin")
			isPreflight := event.HTTPMethod == http.MethodOptions && origin != "" &&
				fn.Header(event, "Access-Control-Request-Method") != ""

			var response events.APIGatewayProxyResponse
			headers := p.actual
			switch {
			case !isPreflight:
				response = call(ctx, next, event)
			case p.allows(origin):
				response.StatusCode, headers = http.StatusNoContent, p.preflight
			default:
				slog.WarnContext(ctx, "origin not allowed", "path", event.Path, "origin", origin)
				response.StatusCode = http.StatusForbidden
			}
			return p.withHeaders(response, origin, headers), nil
		}
	}
}

// call calls next and turns an error or a panic into a response.
func call(ctx context.Context, next fn.Handler, event events.APIGatewayProxyRequest) (
	response events.APIGatewayProxyResponse,
) {
	failed, _ := fn.JSON(http.StatusInternalServerError, map[string]string{"message": "Internal server error"})
	defer func() {
		if value := recover(); value != nil {
			slog.ErrorContext(ctx, "handler panicked", "path", event.Path, "panic", value, "stack", string(debug.Stack()))
			response = failed
		}
	}()
	response, err := next(ctx, event)
	if err != nil {
		slog.ErrorContext(ctx, "handler failed", "path", event.Path, "error", err)
		return failed
	}
	return response
}

var (
	// originPattern matches origins in the form in which browsers send them, and
	// those with a wildcard in place of the first of at least three labels.
	originPattern = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://` +
		`(([a-z0-9_-]+\.)*[a-z0-9_-]+|\*\.([a-z0-9_-]+\.)+[a-z_-][a-z0-9_-]*|\[[0-9a-f:.]+\])` +
		`(:[1-9][0-9]{0,4})?$`)

	// neverSent matches origins that browsers send as null or without the port.
	neverSent = regexp.MustCompile(`^(file:.*|http:.*:80|https:.*:443)$`)

	methodPattern = regexp.MustCompile(`^([A-Z-]+|\*)$`)
	headerPattern = regexp.MustCompile("^[0-9A-Za-z!#$%&'*+.^_`|~-]+$") // RFC 9110, section 5.1
)

// check returns an error if the options are not valid.
func (o Options) check() error {
	if len(o.Origins) == 0 {
		return errors.New("no origins")
	}
	for _, origin := range o.Origins {
		if origin != "*" && (!originPattern.MatchString(origin) || neverSent.MatchString(origin)) {
			return fmt.Errorf("%q is not an origin, such as https://app.example.com or https://*.example.com:8443", origin)
		}
	}
	for _, method := range o.Methods {
		if !methodPattern.MatchString(method) {
			return fmt.Errorf("%q is not a method in upper case", method)
		}
	}
	for _, header := range slices.Concat(o.Headers, o.ExposeHeaders) {
		if !headerPattern.MatchString(header) {
			return fmt.Errorf("%q is not the name of a header", header)
		}
	}
	// In responses to requests with credentials, "*" is not a wildcard.
	if o.Credentials && slices.Contains(slices.Concat(o.Origins, o.Methods, o.Headers, o.ExposeHeaders), "*") {
		return errors.New(`"*" cannot be combined with Credentials`)
	}
	return nil
}

// A policy is the form of Options that responses need.
type policy struct {
	anyOrigin         bool
	origins           *regexp.Regexp
	preflight, actual map[string]string // headers if the origin is allowed, without Access-Control-Allow-Origin
}

func newPolicy(o Options) policy {
	if o.Methods == nil {
		o.Methods = []string{http.MethodPut, http.MethodPatch, http.MethodDelete}
	}
	if o.Headers == nil {
		o.Headers = []string{"Authorization", "Auth-Provider", "Content-Type"}
	}
	if o.MaxAge == 0 {
		o.MaxAge = 10 * time.Minute
	}
	p := policy{
		anyOrigin: slices.Contains(o.Origins, "*"),
		preflight: map[string]string{
			"Access-Control-Allow-Methods": strings.Join(o.Methods, ", "),
			"Access-Control-Allow-Headers": strings.Join(o.Headers, ", "),
			"Access-Control-Max-Age":       strconv.Itoa(int(max(o.MaxAge, 0).Seconds())),
		},
		actual: map[string]string{},
	}
	if len(o.ExposeHeaders) > 0 {
		p.actual["Access-Control-Expose-Headers"] = strings.Join(o.ExposeHeaders, ", ")
	}
	if o.Credentials {
		p.preflight["Access-Control-Allow-Credentials"] = "true"
		p.actual["Access-Control-Allow-Credentials"] = "true"
	}
	var patterns []string
	for _, origin := range o.Origins {
		patterns = append(patterns, strings.Replace(regexp.QuoteMeta(origin), `\*`, `[a-z0-9_-]+`, 1))
	}
	p.origins = regexp.MustCompile(`^(` + strings.Join(patterns, "|") + `)$`)
	return p
}

func (p policy) allows(origin string) bool {
	return p.anyOrigin || p.origins.MatchString(origin)
}

// withHeaders returns the response with headers added if the origin is allowed.
// They replace CORS headers that the handler set, so that none is sent twice.
// The maps of the response stay as they are, because handlers may share them.
func (p policy) withHeaders(
	response events.APIGatewayProxyResponse, origin string, headers map[string]string,
) events.APIGatewayProxyResponse {
	var vary []string
	single := map[string]string{}
	for name, value := range response.Headers {
		if strings.EqualFold(name, "Vary") {
			vary = append(vary, value)
		} else if !isCORS(name) {
			single[name] = value
		}
	}
	multi := maps.Clone(response.MultiValueHeaders)
	for name, values := range multi {
		if strings.EqualFold(name, "Vary") {
			vary = append(vary, values...)
			delete(multi, name)
		} else if isCORS(name) {
			delete(multi, name)
		}
	}

	if p.anyOrigin {
		origin = "*"
	} else if !slices.Contains(vary, "Origin") {
		vary = append(vary, "Origin") // for caches, even if the origin is not allowed
	}
	if len(vary) > 0 {
		single["Vary"] = strings.Join(vary, ", ")
	}
	if p.allows(origin) {
		single["Access-Control-Allow-Origin"] = origin
		maps.Copy(single, headers)
	}
	response.Headers, response.MultiValueHeaders = single, multi
	return response
}

func isCORS(header string) bool {
	return strings.HasPrefix(strings.ToLower(header), "access-control-")
}
