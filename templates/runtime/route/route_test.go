package route_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"

	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"

	"github.com/fngen/fngen/templates/runtime/route"
)

func TestFind(t *testing.T) {
	router := route.New(
		route.Function{Name: "users", Routes: []string{"GET /users/{id}", " DELETE \t/users/{id} ", "GET /users/me"}},
		route.Function{Name: "files", Routes: []string{"/files/{dir}/{path...}", "GET /{$}"}},
		route.Function{Name: "divide"},
		route.Function{Name: "slack/events"},
		route.Function{Name: "posts", Routes: []string{"GET /posts/{id}"}, CORS: true},
		route.Function{Name: "old", Routes: []string{"PUT /posts/{id}", "OPTIONS /old"}},
	)
	params := func(pairs ...string) map[string]string {
		m := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m
	}
	const usersMethods, allMethods = "DELETE, GET, HEAD, OPTIONS", "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
	for _, test := range []struct {
		method, path, preflight string
		want                    route.Match
	}{
		{"GET", "/users/7", "", route.Match{Function: 0, Resource: "/users/{id}", Parameters: params("id", "7")}},
		{"HEAD", "/users/7", "", route.Match{Function: 0, Resource: "/users/{id}", Parameters: params("id", "7")}},
		{"DELETE", "/users/a%2Fb", "", route.Match{Function: 0, Resource: "/users/{id}", Parameters: params("id", "a/b")}},
		{"GET", "/users/%2525", "", route.Match{Function: 0, Resource: "/users/{id}", Parameters: params("id", "%25")}},
		{"GET", "/users/%zz%FF", "", route.Match{Function: 0, Resource: "/users/{id}", Parameters: params("id", "%zz%FF")}},
		{"GET", "/users/%FF", "", route.Match{Function: 0, Resource: "/users/{id}", Parameters: params("id", "\uFFFD")}},
		{"GET", "/users/+", "", route.Match{Function: 0, Resource: "/users/{id}", Parameters: params("id", "+")}},
		{"GET", "/users/me", "", route.Match{Function: 0, Resource: "/users/me"}},
		{"GET", "/users/m%65", "", route.Match{Function: 0, Resource: "/users/me"}},
		{"DELETE", "/users/me", "", route.Match{Function: 0, Resource: "/users/{id}", Parameters: params("id", "me")}},
		{"POST", "/users/7", "", route.Match{Status: 405, Allow: usersMethods}},
		{"TRACE", "/users/7", "", route.Match{Status: 405, Allow: usersMethods}},
		{"OPTIONS", "/users/7", "", route.Match{Status: 204, Allow: usersMethods}},
		{"OPTIONS", "/users/7", "GET", route.Match{Status: 204, Allow: usersMethods}},
		{"GET", "/users", "", route.Match{Status: 404}},
		{"GET", "/users/", "", route.Match{Status: 404}},
		{"GET", "/users/7/", "", route.Match{Status: 404}},
		{"OPTIONS", "/nosuch", "", route.Match{Status: 404}},
		{"OPTIONS", "*", "", route.Match{Status: 404}},
		{"PUT", "/files/a/b/c%2Fd/", "", route.Match{
			Function: 1, Resource: "/files/{dir}/{path+}", Parameters: params("dir", "a", "path", "b/c/d/"),
		}},
		{"PUT", "/files/a/", "", route.Match{
			Function: 1, Resource: "/files/{dir}/{path+}", Parameters: params("dir", "a", "path", ""),
		}},
		{"PUT", "/files/a", "", route.Match{Status: 404}},
		{"PUT", "/files//x", "", route.Match{Status: 404}},
		{"OPTIONS", "/files/a/b", "", route.Match{
			Function: 1, Resource: "/files/{dir}/{path+}", Parameters: params("dir", "a", "path", "b"),
		}},
		{"OPTIONS", "/files/a/b", "PUT", route.Match{Status: 204, Allow: allMethods}},
		{"GET", "/", "", route.Match{Function: 1, Resource: "/"}},
		{"GET", "", "", route.Match{Function: 1, Resource: "/"}},

		{"PATCH", "/divide", "", route.Match{Function: 2, Resource: "/divide"}},
		{"GET", "/divide/", "", route.Match{Function: 2, Resource: "/divide"}},
		{"GET", "/divide//", "", route.Match{Function: 2, Resource: "/divide"}},
		{"GET", "/divide/a%20b", "", route.Match{Function: 2, Resource: "/divide/{proxy+}", Parameters: params("proxy", "a b")}},
		{"GET", "/divide//x/", "", route.Match{Function: 2, Resource: "/divide/{proxy+}", Parameters: params("proxy", "/x/")}},
		{"GET", "/divide/../x", "", route.Match{Function: 2, Resource: "/divide/{proxy+}", Parameters: params("proxy", "../x")}},
		{"GET", "/div%69de", "", route.Match{Function: 2, Resource: "/divide"}},
		{"GET", "/Divide", "", route.Match{Status: 404}},
		{"GET", "/divides", "", route.Match{Status: 404}},
		{"OPTIONS", "/divide", "", route.Match{Function: 2, Resource: "/divide"}},
		{"OPTIONS", "/divide", "POST", route.Match{Status: 204, Allow: allMethods}},
		{"GET", "/slack/events/x", "", route.Match{
			Function: 3, Resource: "/slack/events/{proxy+}", Parameters: params("proxy", "x"),
		}},
		{"GET", "/slack%2Fevents", "", route.Match{Status: 404}},

		{"OPTIONS", "/posts/1", "GET", route.Match{Function: 4, Resource: "/posts/{id}", Parameters: params("id", "1")}},
		{"OPTIONS", "/posts/1", "PUT", route.Match{Function: 4, Resource: "/posts/{id}", Parameters: params("id", "1")}},
		{"OPTIONS", "/posts/1", "", route.Match{Status: 204, Allow: "GET, HEAD, OPTIONS, PUT"}},
		{"PUT", "/posts/1", "", route.Match{Function: 5, Resource: "/posts/{id}", Parameters: params("id", "1")}},
		{"OPTIONS", "/old", "GET", route.Match{Function: 5, Resource: "/old"}},
		{"OPTIONS", "/old", "", route.Match{Function: 5, Resource: "/old"}},
		{"GET", "/old", "", route.Match{Status: 405, Allow: "OPTIONS"}},
	} {
		got := router.Find(route.Request{Method: test.method, Path: test.path, Preflight: test.preflight})
		assert.Equal(t, test.want, got, "%s %s %s", test.method, test.path, test.preflight)
	}
}

// If functions with CORS share a path, the one that answers the method answers
// its preflight.
func TestFindPreflight(t *testing.T) {
	router := route.New(
		route.Function{Name: "read", Routes: []string{"GET /users/{id}"}, CORS: true},
		route.Function{Name: "remove", Routes: []string{"DELETE /users/{id}"}, CORS: true},
		route.Function{Name: "all", CORS: true},
	)
	for method, want := range map[string]int{"GET": 0, "DELETE": 1} {
		match := router.Find(route.Request{Method: "OPTIONS", Path: "/users/7", Preflight: method})
		assert.Equal(t, want, match.Function, method)
		assert.Zero(t, match.Status)
	}
	assert.Equal(t, 2, router.Find(route.Request{Method: "OPTIONS", Path: "/all/x", Preflight: "PUT"}).Function)
}

// Routes are matched as http.ServeMux matches them, except for a segment %2F,
// which http.ServeMux takes for a trailing slash.
func TestFindMatchesServeMux(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	segments := []string{"a", "b", "{x}", "{y}", "c%20d"}
	randomPattern := func() string {
		pattern := []string{"", "GET ", "HEAD ", "POST ", "OPTIONS "}[random.IntN(5)]
		depth := random.IntN(4)
		if depth == 0 {
			return pattern + []string{"/{$}", "/{rest...}"}[random.IntN(2)]
		}
		for range depth {
			pattern += "/" + segments[random.IntN(len(segments))]
		}
		return pattern + []string{"", "", "/{rest...}"}[random.IntN(3)]
	}
	register := func(mux *http.ServeMux, pattern string) (ok bool) {
		defer func() { ok = recover() == nil }()
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, pattern, "|", r.PathValue("x"), "|", r.PathValue("y"), "|", r.PathValue("rest"))
		})
		return true
	}
	found := 0
	for range 2000 {
		mux := http.NewServeMux()
		var functions []route.Function
		for range 1 + random.IntN(6) {
			if pattern := randomPattern(); register(mux, pattern) {
				functions = append(functions, route.Function{Name: pattern, Routes: []string{pattern}})
			}
		}
		router := route.New(functions...)
		for range 20 {
			method := []string{"GET", "HEAD", "POST", "PUT", "OPTIONS"}[random.IntN(5)]
			target := ""
			for range random.IntN(5) {
				target += "/" + []string{"a", "b", "c d", "c%20d", "%61", "b%2Fa", "z"}[random.IntN(7)]
			}
			if target == "" || random.IntN(4) == 0 {
				target += "/"
			}
			r := httptest.NewRequest(method, strings.ReplaceAll(target, " ", "%20"), nil)
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			match := router.Find(route.Request{Method: method, Path: r.URL.EscapedPath()})
			switch {
			case w.Code == http.StatusOK:
				got := fmt.Sprint(functions[match.Function].Name, "|", match.Parameters["x"], "|", match.Parameters["y"], "|",
					match.Parameters["rest"])
				assert.Equal(t, w.Body.String(), got, "%s %s", method, target)
				assert.Zero(t, match.Status)
				found++
			case router.Find(route.Request{Method: method, Path: r.URL.EscapedPath() + "/"}).Status != http.StatusNotFound:
				// A Router does not add a slash.
			case w.Code == http.StatusMethodNotAllowed:
				want := http.StatusMethodNotAllowed
				if method == http.MethodOptions {
					want = http.StatusNoContent
				}
				assert.Equal(t, want, match.Status, "%s %s of %v", method, target, functions)
				allowed := append(strings.Split(w.Header().Get("Allow"), ", "), http.MethodOptions)
				slices.Sort(allowed)
				assert.Equal(t, strings.Join(slices.Compact(allowed), ", "), match.Allow)
			default:
				assert.Equal(t, w.Code, match.Status, "%s %s of %v", method, target, functions)
			}
		}
	}
	assert.Greater(t, found, 2000)
}

func TestFindEvent(t *testing.T) {
	users := route.New(route.Function{
		Name: "users", Routes: []string{"GET /users/{id}", "GET /files/{path...}", "GET /users/{id}/x"},
	})
	divide := route.New(route.Function{Name: "divide"})
	type event = events.APIGatewayProxyRequest
	type params = map[string]string
	preflight := params{"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
	for _, test := range []struct {
		name     string
		router   *route.Router
		event    event
		decoded  bool
		status   int
		resource string
		want     params
	}{
		{
			"REST API", users,
			event{HTTPMethod: "GET", Path: "/users/a%2Fb", Resource: "/users/{id}", PathParameters: params{"id": "a%2Fb"}},
			false, 0, "/users/{id}", params{"id": "a/b"},
		},
		{
			"REST API with a base path", users,
			event{HTTPMethod: "GET", Path: "/v1/users/a%2Fb", Resource: "/users/{id}", PathParameters: params{"id": "a%2Fb"}},
			false, 0, "/users/{id}", params{"id": "a/b"},
		},
		{
			"REST API, trailing slash", users,
			event{HTTPMethod: "GET", Path: "/users/7/", Resource: "/users/{id}", PathParameters: params{"id": "7"}},
			false, 404, "/users/{id}", params{"id": "7"},
		},
		{
			"REST API, greedy", users,
			event{HTTPMethod: "GET", Path: "/files/a%20b/", Resource: "/files/{path+}", PathParameters: params{"path": "a%20b"}},
			false, 0, "/files/{path+}", params{"path": "a b/"},
		},
		{
			"REST API with one resource", users,
			event{HTTPMethod: "GET", Path: "/users/7", Resource: "/{proxy+}", PathParameters: params{"proxy": "users/7"}},
			false, 0, "/users/{id}", params{"id": "7"},
		},
		{
			"HTTP API", users,
			event{HTTPMethod: "GET", Path: "/users/a/x", Resource: "/users/{id}", PathParameters: params{"id": "a/x"}},
			true, 0, "/users/{id}", params{"id": "a/x"},
		},
		{
			"HTTP API with one route", users,
			event{HTTPMethod: "GET", Path: "/users/100%25", Resource: "/{proxy+}", PathParameters: params{"proxy": "users/100%25"}},
			true, 0, "/users/{id}", params{"id": "100%25"},
		},
		{
			"function URL", users, event{HTTPMethod: "GET", Path: "/users/%7Bid%7D", Resource: "/users/%7Bid%7D"},
			false, 0, "/users/{id}", params{"id": "{id}"},
		},
		{"load balancer", users, event{HTTPMethod: "POST", Path: "/users/7", Resource: "/users/7"}, false, 405, "/users/7", nil},
		{"load balancer", users, event{HTTPMethod: "GET", Path: "/x", Resource: "/x"}, false, 404, "/x", nil},
		{
			"preflight", users, event{HTTPMethod: "OPTIONS", Path: "/users/7", Resource: "/users/7", Headers: preflight},
			false, 204, "/users/7", nil,
		},
		{"OPTIONS", users, event{HTTPMethod: "OPTIONS", Path: "/users/7"}, false, 204, "", nil},

		{
			"default route", divide,
			event{HTTPMethod: "PUT", Path: "/divide/a%20b", Resource: "/divide/{proxy+}", PathParameters: params{"proxy": "a%20b"}},
			false, 0, "/divide/{proxy+}", params{"proxy": "a b"},
		},
		{
			"default route of a function URL", divide, event{HTTPMethod: "PUT", Path: "/divide/a", Resource: "/divide/a"},
			false, 0, "/divide/{proxy+}", params{"proxy": "a"},
		},
		{
			"any path", divide,
			event{HTTPMethod: "PUT", Path: "/v1/x", Resource: "/v1/{y}", PathParameters: params{"y": "x"}},
			false, 0, "/v1/{y}", params{"y": "x"},
		},
		{
			"base path", divide,
			event{HTTPMethod: "PUT", Path: "/v1/divide/x", Resource: "/divide/{proxy+}", PathParameters: params{"proxy": "x"}},
			false, 0, "/divide/{proxy+}", params{"proxy": "x"},
		},
		{"preflight to any path", divide, event{HTTPMethod: "OPTIONS", Path: "/v1/x", Headers: preflight}, false, 204, "", nil},
		{"OPTIONS to any path", divide, event{HTTPMethod: "OPTIONS", Path: "/v1/x"}, false, 0, "", nil},
	} {
		match := test.router.FindEvent(&test.event, test.decoded)
		assert.Equal(t, test.status, match.Status, test.name)
		assert.Equal(t, test.resource, test.event.Resource, test.name)
		assert.Equal(t, test.want, test.event.PathParameters, test.name)
		if test.status == 0 {
			assert.Equal(t, test.resource, test.event.RequestContext.ResourcePath, test.name)
		}
	}
}

func TestResponse(t *testing.T) {
	assert.Equal(t, events.APIGatewayProxyResponse{
		StatusCode: 405, Headers: map[string]string{"Allow": "GET, OPTIONS", "Content-Type": "application/json"},
		Body: `{"message":"Method Not Allowed"}`,
	}, route.Match{Status: 405, Allow: "GET, OPTIONS"}.Response())
	assert.Equal(t, events.APIGatewayProxyResponse{StatusCode: 204, Headers: map[string]string{"Allow": "OPTIONS"}},
		route.Match{Status: 204, Allow: "OPTIONS"}.Response())
	assert.Equal(t, events.APIGatewayProxyResponse{
		StatusCode: 404, Headers: map[string]string{"Content-Type": "application/json"}, Body: `{"message":"Not Found"}`,
	}, route.Match{Status: 404}.Response())
}

func BenchmarkFind(b *testing.B) {
	router := route.New(route.Function{Name: "divide"}, route.Function{Name: "users", Routes: []string{"GET /users/{id}"}})
	for _, path := range []string{"/divide", "/users/7"} {
		b.Run(path, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				router.Find(route.Request{Method: "GET", Path: path})
			}
		})
	}
}

// The name of a function in a group has two segments.
func TestGroup(t *testing.T) {
	router := route.New(route.Function{Name: "slack/events"})
	for path, want := range map[string]struct {
		resource, proxy string
		status          int
	}{
		"/slack/events":       {resource: "/slack/events"},
		"/%73lack/events":     {resource: "/slack/events"},
		"/slack/events/a%2Fb": {resource: "/slack/events/{proxy+}", proxy: "a/b"},
		"/slack":              {status: http.StatusNotFound},
		"/slack/other":        {status: http.StatusNotFound},
		"/slack%2Fevents":     {status: http.StatusNotFound},
	} {
		got := router.Find(route.Request{Method: http.MethodGet, Path: path})
		assert.Equal(t, want.status, got.Status, path)
		assert.Equal(t, want.resource, got.Resource, path)
		assert.Equal(t, want.proxy, got.Parameters["proxy"], path)
	}
}
