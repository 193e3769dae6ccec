package cors_test

import (
	"bytes"
	"context"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	jub0bs "github.com/jub0bs/cors"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/cors"
	"github.com/fngen/fngen/templates/lib/fn"
)

type (
	request  = events.APIGatewayProxyRequest
	response = events.APIGatewayProxyResponse
)

func ok(context.Context, request) (response, error) {
	return response{StatusCode: http.StatusOK, Body: "ok"}, nil
}

func respond(r response) fn.Handler {
	return func(context.Context, request) (response, error) { return r, nil }
}

func preflight(origin, method, headers string) request {
	event := request{
		HTTPMethod: http.MethodOptions,
		Path:       "/orders",
		Headers:    map[string]string{"Origin": origin, "Access-Control-Request-Method": method},
	}
	if headers != "" {
		event.Headers["Access-Control-Request-Headers"] = headers
	}
	return event
}

func from(origin string) request {
	return request{HTTPMethod: http.MethodGet, Path: "/orders", Headers: map[string]string{"origin": origin}}
}

// send calls handler behind Allow. No call fails.
func send(t testing.TB, options cors.Options, handler fn.Handler, event request) response {
	t.Helper()
	got, err := fn.Chain(handler, cors.Allow(options))(t.Context(), event)
	require.NoError(t, err)
	return got
}

func captureLog(tb testing.TB) *bytes.Buffer {
	var buffer bytes.Buffer
	logger, writer, flags := slog.Default(), log.Writer(), log.Flags()
	tb.Cleanup(func() { // slog.SetDefault also redirects package log
		slog.SetDefault(logger)
		log.SetOutput(writer)
		log.SetFlags(flags)
	})
	slog.SetDefault(slog.New(slog.NewTextHandler(&buffer, nil)))
	return &buffer
}

func TestPreflight(t *testing.T) {
	const origin = "https://app.example.com"
	tests := map[string]struct {
		options cors.Options
		want    response
	}{
		"listed": {
			cors.Options{Origins: []string{"https://other.example", origin}},
			response{StatusCode: http.StatusNoContent, Headers: map[string]string{
				"Access-Control-Allow-Origin":  origin,
				"Access-Control-Allow-Methods": "PUT, PATCH, DELETE",
				"Access-Control-Allow-Headers": "Authorization, Auth-Provider, Content-Type",
				"Access-Control-Max-Age":       "600",
				"Vary":                         "Origin",
			}},
		},
		"any": {
			cors.Options{Origins: []string{"*"}, Methods: []string{"*"}, Headers: []string{"*"}, MaxAge: -1},
			response{StatusCode: http.StatusNoContent, Headers: map[string]string{
				"Access-Control-Allow-Origin":  "*",
				"Access-Control-Allow-Methods": "*",
				"Access-Control-Allow-Headers": "*",
				"Access-Control-Max-Age":       "0",
			}},
		},
		"all options": {
			cors.Options{
				Origins: []string{origin}, Methods: []string{"PURGE"}, Headers: []string{"X-Id"},
				ExposeHeaders: []string{"X-Total"}, Credentials: true, MaxAge: time.Hour,
			},
			response{StatusCode: http.StatusNoContent, Headers: map[string]string{
				"Access-Control-Allow-Origin":      origin,
				"Access-Control-Allow-Methods":     "PURGE",
				"Access-Control-Allow-Headers":     "X-Id",
				"Access-Control-Allow-Credentials": "true",
				"Access-Control-Max-Age":           "3600",
				"Vary":                             "Origin",
			}},
		},
		"not listed": {
			cors.Options{Origins: []string{"https://other.example"}, Credentials: true},
			response{StatusCode: http.StatusForbidden, Headers: map[string]string{"Vary": "Origin"}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			logged := captureLog(t)
			unreachable := func(context.Context, request) (response, error) {
				t.Error("a preflight request reached the handler")
				return response{}, nil
			}
			assert.Equal(t, tt.want, send(t, tt.options, unreachable, preflight(origin, "PUT", "content-type")))
			if tt.want.StatusCode == http.StatusForbidden {
				assert.Contains(t, logged.String(), `level=WARN msg="origin not allowed" path=/orders origin=`+origin)
			} else {
				assert.Empty(t, logged.String())
			}
		})
	}
}

// Only a request with all three parts of a preflight request is one.
func TestOtherOPTIONSRequests(t *testing.T) {
	full := preflight("https://app.example.com", "PUT", "")
	post := full
	post.HTTPMethod = http.MethodPost
	for name, event := range map[string]request{
		"no origin": {HTTPMethod: "OPTIONS", Headers: map[string]string{"Access-Control-Request-Method": "PUT"}},
		"no method": {HTTPMethod: "OPTIONS", Headers: map[string]string{"Origin": "https://app.example.com"}},
		"POST":      post,
	} {
		t.Run(name, func(t *testing.T) {
			got := send(t, cors.Options{Origins: []string{"https://app.example.com"}}, ok, event)
			assert.Equal(t, "ok", got.Body)
			assert.Equal(t, "Origin", got.Headers["Vary"])
		})
	}
}

// API Gateway passes names as the client sent them, a load balancer passes only
// lists of values.
func TestRequestHeaders(t *testing.T) {
	for name, event := range map[string]request{
		"lower case": {HTTPMethod: "OPTIONS", Headers: map[string]string{
			"origin": "https://app.example.com", "access-control-request-method": "PUT",
		}},
		"lists": {HTTPMethod: "OPTIONS", MultiValueHeaders: map[string][]string{
			"ORIGIN": {"https://app.example.com"}, "Access-control-request-method": {"PUT"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := send(t, cors.Options{Origins: []string{"https://app.example.com"}}, ok, event)
			assert.Equal(t, http.StatusNoContent, got.StatusCode)
			assert.Equal(t, "https://app.example.com", got.Headers["Access-Control-Allow-Origin"])
		})
	}
}

func TestOrigins(t *testing.T) {
	tests := []struct {
		list, allowed, rejected string // separated by spaces
	}{
		{
			"https://example.com",
			"https://example.com",
			"http://example.com https://example.com:443 https://example.com:8443 https://example.com/ " +
				"https://EXAMPLE.com https://www.example.com https://example.com.evil.example https://example.comx " +
				"https://evilexample.com https://examplexcom null file:// https://example.com, " +
				"https://user@example.com https://example.com\nx",
		},
		{
			"https://*.example.com",
			"https://a.example.com https://a-b_c.example.com https://xn--bcher-kva.example.com",
			"https://example.com https://.example.com https://a.b.example.com http://a.example.com " +
				"https://a.example.com:8443 https://a.example.com.evil.example https://evil/.example.com " +
				"https://evil:80.example.com https://user@.example.com https://*.example.com https://evil?.example.com " +
				"https://evil#.example.com https://aexample.com https://A.example.com null",
		},
		{"http://*.example.com:8080", "http://a.example.com:8080", "http://a.example.com http://a.example.com:80800"},
		{"http://localhost:5173 http://[::1]:5173", "http://localhost:5173 http://[::1]:5173",
			"http://localhost http://localhost:5174 http://[::1] http://127.0.0.1:5173 https://localhost:5173"},
		{"capacitor://localhost", "capacitor://localhost", "https://localhost capacitor://localhost:1"},
		{"http://127.0.0.1:3000", "http://127.0.0.1:3000", "http://127.0.0.1 http://127a0.0.1:3000"},
	}
	for _, tt := range tests {
		captureLog(t)
		options := cors.Options{Origins: strings.Fields(tt.list)}
		for _, origin := range strings.Fields(tt.allowed) {
			got := send(t, options, ok, from(origin))
			assert.Equal(t, origin, got.Headers["Access-Control-Allow-Origin"], tt.list)
		}
		for _, origin := range strings.Split(tt.rejected, " ") {
			got := send(t, options, ok, from(origin))
			assert.Equal(t, map[string]string{"Vary": "Origin"}, got.Headers, "%s: %q", tt.list, origin)
			assert.Equal(t, "ok", got.Body)
			got = send(t, options, ok, preflight(origin, "PUT", ""))
			assert.Equal(t, http.StatusForbidden, got.StatusCode, "%s: %q", tt.list, origin)
		}
	}
}

func TestResponse(t *testing.T) {
	const origin = "https://app.example.com"
	type single = map[string]string
	type multi = map[string][]string
	listed := cors.Options{Origins: []string{origin}}
	tests := map[string]struct {
		options cors.Options
		origin  string
		single  single
		multi   multi
		want    single
		multis  multi
	}{
		"listed":     {listed, origin, nil, nil, single{"Access-Control-Allow-Origin": origin, "Vary": "Origin"}, nil},
		"not listed": {listed, "https://x.example", nil, nil, single{"Vary": "Origin"}, nil},
		"no origin":  {listed, "", single{"X-Id": "1"}, nil, single{"X-Id": "1", "Vary": "Origin"}, nil},
		"any": {
			cors.Options{Origins: []string{"*"}, ExposeHeaders: []string{"X-Total", "X-Page"}}, origin, nil, nil,
			single{"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "X-Total, X-Page"}, nil,
		},
		"any, no origin": {
			cors.Options{Origins: []string{"*"}}, "", nil, nil, single{"Access-Control-Allow-Origin": "*"}, nil,
		},
		"any and listed": {
			cors.Options{Origins: []string{origin, "*"}}, "null", nil, nil, single{"Access-Control-Allow-Origin": "*"}, nil,
		},
		"credentials": {
			cors.Options{Origins: []string{origin}, Credentials: true}, origin, nil, nil,
			single{"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true", "Vary": "Origin"}, nil,
		},
		"credentials, not listed": {
			cors.Options{Origins: []string{origin}, Credentials: true}, "null", nil, nil, single{"Vary": "Origin"}, nil,
		},
		"added to Vary": {
			listed, "", single{"vary": "Accept"}, nil, single{"Vary": "Accept, Origin"}, nil,
		},
		"added to a list": {
			listed, "", nil, multi{"vary": {"Accept", "Cookie"}, "Set-Cookie": {"a=1", "b=2"}},
			single{"Vary": "Accept, Cookie, Origin"}, multi{"Set-Cookie": {"a=1", "b=2"}},
		},
		"in Vary already": {listed, "", single{"Vary": "Origin"}, nil, single{"Vary": "Origin"}, nil},
		"any keeps Vary": {
			cors.Options{Origins: []string{"*"}}, "", single{"Vary": "Accept"}, nil,
			single{"Access-Control-Allow-Origin": "*", "Vary": "Accept"}, nil,
		},
		"replaces the handler's": {
			listed, origin,
			single{"access-control-allow-origin": "*", "Access-Control-Allow-Credentials": "true", "X-Id": "1"},
			multi{"Access-Control-Allow-Origin": {"https://x.example"}, "ACCESS-CONTROL-EXPOSE-HEADERS": {"*"}, "X-Ids": {"1"}},
			single{"Access-Control-Allow-Origin": origin, "Vary": "Origin", "X-Id": "1"}, multi{"X-Ids": {"1"}},
		},
		"removes the handler's": {
			listed, "https://x.example", single{"Access-Control-Allow-Origin": "*"}, nil, single{"Vary": "Origin"}, nil,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			handler := respond(response{StatusCode: 418, Headers: tt.single, MultiValueHeaders: tt.multi, Body: "tea"})
			// A handler may return the same maps in every response.
			for range 2 {
				got := send(t, tt.options, handler, from(tt.origin))
				assert.Equal(t, response{StatusCode: 418, Headers: tt.want, MultiValueHeaders: tt.multis, Body: "tea"}, got)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	const origin = "https://app.example.com"
	for name, tt := range map[string]struct {
		handler fn.Handler
		logged  string
	}{
		"error": {
			func(context.Context, request) (response, error) {
				return response{StatusCode: http.StatusOK, Body: "half"}, errors.New("no database")
			},
			`level=ERROR msg="handler failed" path=/orders error="no database"`,
		},
		"nil error": {
			func(context.Context, request) (response, error) {
				var err *failure
				return response{}, err
			},
			`level=ERROR msg="handler failed" path=/orders error=<nil>`,
		},
		"panic": {
			func(context.Context, request) (response, error) { panic("no database") },
			`level=ERROR msg="handler panicked" path=/orders panic="no database" stack="goroutine`,
		},
		"runtime error": {
			func(context.Context, request) (response, error) {
				var options []cors.Options
				return response{Body: options[len(options)].Origins[0]}, nil
			},
			`TestFailures`, // in the stack
		},
	} {
		t.Run(name, func(t *testing.T) {
			logged := captureLog(t)
			got := send(t, cors.Options{Origins: []string{origin}}, tt.handler, from(origin))
			assert.Equal(t, response{
				StatusCode: http.StatusInternalServerError,
				Headers: map[string]string{
					"Content-Type":                "application/json",
					"Access-Control-Allow-Origin": origin,
					"Vary":                        "Origin",
				},
				Body: `{"message":"Internal server error"}`,
			}, got)
			assert.Contains(t, logged.String(), tt.logged)
		})
	}
}

type failure struct{ text string }

func (f *failure) Error() string { return f.text }

func TestInvalidOptions(t *testing.T) {
	one := []string{"https://example.com"}
	for _, tt := range []struct {
		options cors.Options
		want    string
	}{
		{cors.Options{}, `no origins`},
		{
			cors.Options{Origins: []string{"example.com"}},
			`"example.com" is not an origin, such as https://app.example.com or https://*.example.com:8443`,
		},
		{cors.Options{Origins: one, Methods: []string{"put"}}, `"put" is not a method in upper case`},
		{cors.Options{Origins: one, Headers: []string{"X Id"}}, `"X Id" is not the name of a header`},
		{cors.Options{Origins: one, ExposeHeaders: []string{""}}, `"" is not the name of a header`},
		{cors.Options{Origins: []string{"*"}, Credentials: true}, `"*" cannot be combined with Credentials`},
	} {
		assert.PanicsWithValue(t, "cors: "+tt.want, func() { cors.Allow(tt.options) })
	}
	for _, options := range []cors.Options{
		{Origins: one, Headers: []string{"*"}, Credentials: true},
		{Origins: one, Methods: []string{"*"}, Credentials: true},
		{Origins: one, ExposeHeaders: []string{"*"}, Credentials: true},
	} {
		assert.Panics(t, func() { cors.Allow(options) })
	}
	for _, origin := range []string{
		"",
		"null", "example.com", "//example.com", "https://", "https://example.com/",
		"https://example.com/app", "https://example.com?x", "https://example.com#x",
		"https://user@example.com", "https://Example.com", "HTTPS://example.com",
		"https://example.com:443", "http://example.com:80", "https://example.com:0",
		"https://example.com:01", "https://example.com:", "https://example.com:x", "https://*",
		"https://*.com", "https://*:8443", "https://a.*.example.com", "https://*a.example.com",
		"https://*.*.example.com", "*://example.com", "https://example.*", "https://example.com:*",
		"http://*.168.0.1", "**", "https://bücher.example", "https://example..com",
		"https://.example.com", "https://example.com.", "https://[::1", "file:///app", "file://",
		"https://example.com https://other.example", "https://example.com,https://other.example",
		" https://example.com", "https://example.com\n",
	} {
		assert.Panics(t, func() { cors.Allow(cors.Options{Origins: []string{origin}}) }, origin)
	}
}

// FuzzAllow compares the decisions that a browser makes with the responses of
// Allow and of github.com/jub0bs/cors, whose wildcards match any number of
// labels.
func FuzzAllow(f *testing.F) {
	const listed = "https://app.example.com"
	for _, origin := range []string{
		listed, "https://app.example.com:8443", "http://app.example.com", "https://a.example.org:8443",
		"https://a.b.example.org:8443", "https://example.org:8443", "https://a.example.org", "http://localhost:5173",
		"null", "",
	} {
		f.Add(origin, "PUT", "content-type", false, false)
		f.Add(origin, "POST", "authorization,content-type", true, false)
		f.Add(origin, "PURGE", "x-id", false, true)
	}
	f.Fuzz(func(t *testing.T, origin, method, headers string, credentials, anyOrigin bool) {
		if !isFetch(origin, method, headers) {
			t.Skip("a browser does not send this")
		}
		origins := []string{listed, "http://localhost:5173", "https://*.example.org:8443"}
		if anyOrigin {
			origins, credentials = []string{"*"}, false
		} else if hasDeepHost(origin) {
			require.False(t, permits(send(t, cors.Options{Origins: origins}, ok, preflight(origin, "GET", "")), origin, "GET", "", false))
			return // the reference allows any number of levels
		}
		captureLog(t)
		options := cors.Options{Origins: origins, Credentials: credentials, ExposeHeaders: []string{"x-total"}}
		reference, err := jub0bs.NewMiddleware(jub0bs.Config{
			Origins:         origins,
			Methods:         []string{"PUT", "PATCH", "DELETE"},
			RequestHeaders:  []string{"Authorization", "Auth-Provider", "Content-Type"},
			ResponseHeaders: []string{"x-total"},
			Credentialed:    credentials,
		})
		require.NoError(t, err)

		event := preflight(origin, method, headers)
		got, want := send(t, options, ok, event), serve(reference, event)
		require.Equal(t, permits(want, origin, method, headers, true), permits(got, origin, method, headers, true))
		require.Equal(t, permits(want, origin, method, headers, false), permits(got, origin, method, headers, false))

		event = from(origin)
		got, want = send(t, options, ok, event), serve(reference, event)
		delete(want.Headers, "Content-Type")
		require.Equal(t, want.Headers, got.Headers)
	})
}

// hasDeepHost reports whether the host of an origin is more than one level below
// that of FuzzAllow's wildcard.
func hasDeepHost(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && strings.HasSuffix(u.Hostname(), ".example.org") && strings.Count(u.Hostname(), ".") > 2
}

// isFetch reports whether the parts of a preflight request have the form that
// the Fetch standard requires: header names are lower-case, sorted and unique,
// and the serialization of an origin is in ASCII and in lower case.
func isFetch(origin, method, headers string) bool {
	names := strings.Split(headers, ",")
	if headers != "" && (!slices.IsSorted(names) || len(slices.Compact(slices.Clone(names))) != len(names)) {
		return false
	}
	for _, name := range names {
		if headers != "" && (name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "") {
			return false
		}
	}
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	return strings.Trim(method, letters+"-") == "" && method != "" && method != http.MethodOptions &&
		strings.Trim(origin, "abcdefghijklmnopqrstuvwxyz0123456789.:/-_[]*") == ""
}

// permits reports whether a browser sends a request after the response to its
// preflight request, as https://fetch.spec.whatwg.org/#cors-preflight-fetch
// says, steps 7 and later.
func permits(r response, origin, method, headers string, credentials bool) bool {
	if !passesCheck(r, origin, credentials) || r.StatusCode < 200 || r.StatusCode > 299 {
		return false
	}
	list := func(name string) []string {
		var values []string
		for _, value := range strings.Split(r.Headers[name], ",") {
			if value = strings.TrimSpace(value); value != "" {
				values = append(values, value)
			}
		}
		return values
	}
	methods := list("Access-Control-Allow-Methods")
	isSimple := slices.Contains([]string{"GET", "HEAD", "POST"}, method)
	if !slices.Contains(methods, method) && !isSimple && (credentials || !slices.Contains(methods, "*")) {
		return false
	}
	allowed := list("Access-Control-Allow-Headers")
	for _, name := range strings.Split(headers, ",") {
		found := slices.ContainsFunc(allowed, func(a string) bool { return strings.EqualFold(a, name) })
		wildcard := !credentials && name != "authorization" && slices.Contains(allowed, "*")
		if name != "" && !found && !wildcard {
			return false
		}
	}
	return true
}

// passesCheck is the CORS check: https://fetch.spec.whatwg.org/#concept-cors-check.
func passesCheck(r response, origin string, credentials bool) bool {
	allowed := r.Headers["Access-Control-Allow-Origin"]
	switch {
	case origin == "" || allowed == "":
		return false
	case !credentials && allowed == "*":
		return true
	case allowed != origin:
		return false
	}
	return !credentials || r.Headers["Access-Control-Allow-Credentials"] == "true"
}

// serve returns the response of the reference.
func serve(reference *jub0bs.Middleware, event request) response {
	r := httptest.NewRequest(event.HTTPMethod, "/", nil)
	for name, value := range event.Headers {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	reference.Wrap(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {})).ServeHTTP(w, r)
	headers := map[string]string{}
	for name, values := range w.Header() {
		headers[name] = strings.Join(values, ", ")
	}
	return response{StatusCode: w.Code, Headers: headers}
}
