package project

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/hint"
)

const functionsDir = "api/src/functions/"

func TestListRoutes(t *testing.T) {
	p := openTest(t, map[string]string{
		"go.mod": goMod,
		functionsDir + "users/users.go": `package users

import "example.com/app/api/src/lib/cors"

func Handler() {}

// Routes lists the requests that Handler answers.
var Routes = []string{
	"GET /users/{id}", ` + "`DELETE /users/{id}`" + `,
	"PUT " + one,
	(method + " ") + base,
}
`,
		functionsDir + "users/more.go":   "package users\n\nconst (\n\tbase, one = \"/users\", base + \"/{id}\"\n\tmethod = \"POST\"\n)\n",
		functionsDir + "plain/plain.go":  "package plain\n\nfunc Handler() {}\n\nfunc f() { Routes := 1 }\n",
		functionsDir + "flat.go":         "package functions\n\nfunc FlatHandler() {}\n\nvar FlatRoutes []string = []string{prefix + \"/x\"}\n",
		functionsDir + "prefix.go":       "package functions\n\nconst prefix = \"/flat\"\n",
		functionsDir + "typed.go":        "package functions\n\nfunc TypedHandler() {}\n\nvar Routes = 1\n",
		functionsDir + "broken.go":       "package functions\n\nfunc {\n",
		functionsDir + "odd name.go":     "package functions\n",
		functionsDir + "prefix_test.go":  "package functions\n\nconst prefix = \"/test\"\n",
		functionsDir + "users/u_test.go": "package users\n\nvar Routes = 1\n",
	}, ".")
	functions, _, err := p.List()
	require.NoError(t, err)
	require.Len(t, functions, 4)
	flat, plain, typed, users := functions[0], functions[1], functions[2], functions[3]
	route := func(method, path, file string, line int) Route {
		return Route{generator.Route{Method: method, Path: path}, functionsDir + file, line}
	}
	assert.Equal(t, []Route{route("", "/flat/x", "flat.go", 5)}, flat.Routes)
	assert.Empty(t, plain.Routes)
	assert.Empty(t, typed.Routes, "Routes is the variable of no flat file")
	assert.Equal(t, []Route{
		route("GET", "/users/{id}", "users/users.go", 9),
		route("DELETE", "/users/{id}", "users/users.go", 9),
		route("PUT", "/users/{id}", "users/users.go", 10),
		route("POST", "/users", "users/users.go", 11),
	}, users.Routes)
	assert.True(t, users.CORS)
	assert.False(t, plain.CORS)
	assert.Equal(t, generator.FunctionRef{
		Function: "users", Path: "example.com/app/api/src/functions/users", Package: "users", Handler: "Handler",
		Routes: "Routes", CORS: true, Kind: generator.KindHTTP,
	}, users.Ref("example.com/app"))
	assert.Equal(t, "FlatRoutes", flat.Ref("example.com/app").Routes)
	assert.Equal(t, []string{"GET /users/{id}", "DELETE /users/{id}", "PUT /users/{id}", "POST /users"}, users.Routed().Routes)
}

func TestListDeclarationErrors(t *testing.T) {
	for _, test := range []struct{ routes, want, hint string }{
		{"var Routes []string", "5: Routes: want a list of strings in the source", routesHint},
		{"var Routes = routes()", "5: Routes: want a list of strings in the source", routesHint},
		{"var Routes = []int{1}", "5: Routes: want a list of strings in the source", routesHint},
		{"var Routes = [1]string{\"/a\"}", "5: Routes: want a list of strings in the source", routesHint},
		{"const Routes = \"GET /a\"", "5: Routes: want a list of strings in the source", routesHint},
		{"func Routes() []string { return nil }", "5: Routes: want a list of strings in the source", routesHint},
		{"var Routes = []string{}", "5: Routes: the list is empty", routesHint},
		{
			"var Routes = []string{\n\t\"/a\",\n\tname,\n}",
			"7: Routes: want a string literal or a constant of this package", routesHint,
		},
		{
			"var Routes = []string{http.MethodGet + \" /a\"}",
			"5: Routes: want a string literal or a constant of this package", routesHint,
		},
		{
			"var Routes = []string{a}\n\nconst a = a",
			"5: Routes: want a string literal or a constant of this package", routesHint,
		},
		{
			"var Routes = []string{a}\n\nvar a = \"/a\"",
			"5: Routes: want a string literal or a constant of this package", routesHint,
		},
		{
			"var Routes = []string{\"GET /a\", \"get /b\"}",
			"5: Routes: \"get /b\": methods are upper case", "use GET /b",
		},
		{
			"var Routes = []string{\"GET example.com/a\"}",
			"5: Routes: \"GET example.com/a\": a route has no host", "use GET /a",
		},
		{
			"var Routes = []string{\"GET /a\",\n\t\"GET /a\"}",
			"6: duplicate route \"GET /a\" of f, which f has at api/src/functions/f/f.go:5", conflictHint,
		},
		{
			"var Routes = []string{\"GET /users/{id}\"}",
			"5: \"GET /users/{id}\" of f conflicts with \"GET /users/{name}\" of a, " +
				"declared at api/src/functions/a/a.go:4", conflictHint,
		},
		{
			"var Routes = []string{\"/{x}\"}",
			"5: \"/{x}\" of f conflicts with \"GET /{any...}\" of a, declared at api/src/functions/a/a.go:5", conflictHint,
		},
	} {
		p := openTest(t, map[string]string{
			"go.mod": goMod,
			functionsDir + "a/a.go": "package a\n\nfunc Handler() {}\nvar Routes = []string{\"GET /users/{name}\",\n" +
				"\t\"GET /{any...}\"}\n",
			functionsDir + "f/f.go": "package f\n\nfunc Handler() {}\n\n" + test.routes + "\n",
		}, ".")
		_, _, err := p.List()
		var invalid *DeclarationError
		if assert.ErrorAs(t, err, &invalid, test.routes) {
			assert.Equal(t, "api/src/functions/f/f.go:"+test.want, err.Error())
			assert.Equal(t, test.hint, hint.Of(err))
		}
	}
}

// A function without Routes answers every path below its name. The routes of
// others may be more specific, and may not be as general.
func TestListRoutesOfOtherFunctions(t *testing.T) {
	files := map[string]string{
		"go.mod":                        goMod,
		functionsDir + "users/users.go": "package users\n\nfunc Handler() {}\n",
		functionsDir + "read/read.go":   "package read\n\nfunc Handler() {}\n\nvar Routes = []string{\"GET /users/{id}\"}\n",
		functionsDir + "twin/twin.go":   "package twin\n\nfunc Handler() {}\n",
		functionsDir + "twin.go":        "package functions\n\nfunc TwinHandler() {}\n", // an error of builds only
	}
	_, _, err := openTest(t, files, ".").List()
	require.NoError(t, err)

	files[functionsDir+"read/read.go"] = "package read\n\nfunc Handler() {}\n\nvar Routes = []string{\"/users\"}\n"
	_, _, err = openTest(t, files, ".").List()
	require.EqualError(t, err, "api/src/functions/users/users.go:3: duplicate route \"/users\" of users, "+
		"which read has at api/src/functions/read/read.go:5")
}
