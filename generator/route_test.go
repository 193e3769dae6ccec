package generator_test

import (
	"cmp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/templates/runtime/route"
)

func TestParseRoute(t *testing.T) {
	for _, test := range []struct {
		pattern    string
		want       generator.Route
		resource   string
		example    string
		parameters []generator.Parameter
	}{
		{"GET /users", generator.Route{Method: "GET", Path: "/users"}, "/users", "/users", nil},
		{
			"GET \t/users/{id}", generator.Route{Method: "GET", Path: "/users/{id}"}, "/users/{id}", "/users/1",
			[]generator.Parameter{{"id", "1"}},
		},
		{" DELETE /a/{b}/c/{d} ", generator.Route{Method: "DELETE", Path: "/a/{b}/c/{d}"}, "/a/{b}/c/{d}", "/a/1/c/2", []generator.Parameter{{"b", "1"}, {"d", "2"}}},
		{
			"/files/{path...}", generator.Route{Path: "/files/{path...}"}, "/files/{path+}", "/files/a/b",
			[]generator.Parameter{{"path", "a/b"}},
		},
		{"GET /{$}", generator.Route{Method: "GET", Path: "/{$}"}, "/", "/", nil},
		{
			"/{rest...}", generator.Route{Path: "/{rest...}"}, "/{rest+}", "/a/b",
			[]generator.Parameter{{"rest", "a/b"}},
		},
		{"GET /a%20b", generator.Route{Method: "GET", Path: "/a%20b"}, "/a%20b", "/a%20b", nil},
	} {
		parsed, err := generator.ParseRoute(test.pattern)
		require.NoError(t, err, test.pattern)
		assert.Equal(t, test.want, parsed)
		assert.Equal(t, test.resource, parsed.Resource())
		example, parameters := parsed.Example()
		assert.Equal(t, test.example, example)
		assert.Equal(t, test.parameters, parameters)
		again, err := generator.ParseRoute(parsed.String())
		require.NoError(t, err)
		assert.Equal(t, parsed, again)
	}
}

func TestParseRouteErrors(t *testing.T) {
	for _, test := range []struct{ pattern, reason, suggestion string }{
		{"", `"" has no path`, ""},
		{"users", `"users": the path must start with a slash`, "/users"},
		{"GET users", `"GET users": the path must start with a slash`, "GET /users"},
		{"GET", `"GET" has no path`, "GET /PATH"},
		{"get /users", `"get /users": methods are upper case`, "GET /users"},
		{"ANY /users", `"ANY /users": a route without a method answers every method`, "/users"},
		{
			"TRACE /users",
			`"TRACE /users": the method must be one of DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT`, "",
		},
		{"GET example.com/users", `"GET example.com/users": a route has no host`, "GET /users"},
		{"GET https://example.com/users", `"GET https://example.com/users": a route has no host`, "GET /users"},
		{"GET /users/:id/posts", `"GET /users/:id/posts": a wildcard is {name}, or {name...} for the rest of the path`, "GET /users/{id}/posts"},
		{"/files/*", `"/files/*": a wildcard is {name}, or {name...} for the rest of the path`, "/files/{path...}"},
		{"/files/{path+}", `"/files/{path+}": a wildcard is {name}, or {name...} for the rest of the path`, "/files/{path...}"},
		{"example.com/users", `"example.com/users": a route has no host`, "/users"},
		{"GET /users/", `"GET /users/" matches every path below it, and must give the rest a name`, "GET /users/{path...}"},
		{"GET /", `"GET /" matches every path`, "GET /{path...}"},
		{"GET /users/{$}", `"GET /users/{$}": API Gateway has no paths that end in a slash`, "GET /users"},
		{"GET /a b", `"GET /a b": the path contains a space, ? or #`, ""},
		{"GET /a?b=1", `"GET /a?b=1": the path contains a space, ? or #`, ""},
		{"GET /a%2Fb", `"GET /a%2Fb": the path contains an encoded slash`, ""},
		{"GET //a", `"GET //a": no request has such a path`, "GET /a"},
		{"GET /a/../b", `"GET /a/../b": no request has such a path`, "GET /b"},
		{"GET /{id", `"GET /{id": bad wildcard segment (must end with '}')`, ""},
		{"GET /x{id}", `"GET /x{id}": bad wildcard segment (must start with '{')`, ""},
		{"GET /{}", `"GET /{}": empty wildcard`, ""},
		{"GET /{a}/{a}", `"GET /{a}/{a}": duplicate wildcard name "a"`, ""},
		{"GET /{a-b}", `"GET /{a-b}": bad wildcard name "a-b"`, ""},
		{"GET /{größe}", `"GET /{größe}": the name of a wildcard must be ASCII letters, digits and _`, ""},
		{`GET /a"b/{id}`, `"GET /a\"b/{id}": the path contains characters that must be percent-encoded`, ""},
		{"GET /café", `"GET /café": the path contains characters that must be percent-encoded`, ""},
		{"GET /a%zz", `"GET /a%zz": the path contains an invalid percent-encoding`, ""},
		{"GET /{path...}/x", `"GET /{path...}/x": {...} wildcard not at end`, ""},
	} {
		_, err := generator.ParseRoute(test.pattern)
		var invalid *generator.ValueError
		if assert.ErrorAs(t, err, &invalid, test.pattern) {
			assert.Equal(t, test.reason, invalid.Reason)
			assert.Equal(t, test.suggestion, invalid.Suggestion)
		}
	}
}

func TestConflictingRoutes(t *testing.T) {
	for _, test := range []struct {
		patterns []string
		i, j     int
		conflict bool
	}{
		{[]string{"GET /users/{id}", "DELETE /users/{id}", "/users", "/users/{proxy...}"}, 0, 0, false},
		{[]string{"GET /users/{id}", "GET /users/me", "GET /users/{id}/posts"}, 0, 0, false},
		{[]string{"POST /a", "GET /users/{id}", "GET /users/{name}"}, 1, 2, true},
		{[]string{"GET /{a}/b", "POST /x", "GET /a/{b}"}, 0, 2, true},
		{[]string{"GET /{rest...}", "/users"}, 0, 1, true},
	} {
		var routes []generator.Route
		for _, pattern := range test.patterns {
			parsed, err := generator.ParseRoute(pattern)
			require.NoError(t, err)
			routes = append(routes, parsed)
		}
		i, j, conflict := generator.ConflictingRoutes(routes)
		assert.Equal(t, test.conflict, conflict, test.patterns)
		assert.Equal(t, []int{test.i, test.j}, []int{i, j}, test.patterns)
	}
}

// A route that is accepted matches its own example, in the programs that fngen
// builds too.
func FuzzParseRoute(f *testing.F) {
	for _, pattern := range []string{
		"GET /users/{id}", "/files/{path...}", "DELETE /{$}", "get /x", "GET x/y", "GET /{a}/{b}/%20", "GET\t/x ", "/{a",
	} {
		f.Add(pattern)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		r, err := generator.ParseRoute(pattern)
		if err != nil {
			assert.ErrorAs(t, err, new(*generator.ValueError))
			return
		}
		again, err := generator.ParseRoute(r.String())
		require.NoError(t, err)
		assert.Equal(t, r, again)

		example, parameters := r.Example()
		match := route.New(route.Function{Name: "f", Routes: []string{pattern}}).
			Find(route.Request{Method: cmp.Or(r.Method, "GET"), Path: example})
		assert.Zero(t, match.Status)
		assert.Equal(t, r.Resource(), match.Resource)
		assert.Len(t, match.Parameters, len(parameters))
		for _, p := range parameters {
			assert.Equal(t, p.Value, match.Parameters[p.Name])
		}
	})
}
