package artifact_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/project"
)

// httpFunction returns a function with routes, each a method and a path.
func httpFunction(name string, routes ...string) project.Function {
	f := project.Function{Name: name, Kind: generator.KindHTTP}
	for _, pattern := range routes {
		route, err := generator.ParseRoute(pattern)
		if err != nil {
			panic(err)
		}
		f.Routes = append(f.Routes, project.Route{Route: route})
	}
	return f
}

func TestContainerPaths(t *testing.T) {
	for _, test := range []struct {
		functions []project.Function
		want      []string
	}{
		{nil, nil},
		{[]project.Function{{Name: "cleanup", Kind: generator.KindSchedule}}, nil},
		{[]project.Function{httpFunction("slack/events"), httpFunction("divide")}, []string{"/divide", "/slack/events"}},
		{[]project.Function{httpFunction("users", "GET /users", "GET /users/{id}", "/users/{id}/orders")}, []string{"/users"}},
		{[]project.Function{httpFunction("files", "GET /files/{path...}")}, []string{"/files"}},
		{[]project.Function{httpFunction("home", "GET /{$}"), httpFunction("all", "/{path...}")}, []string{"/"}},
	} {
		assert.Equal(t, test.want, artifact.Container{Functions: test.functions}.Paths())
	}
}

func TestUnrouted(t *testing.T) {
	ingress := func(paths string) map[string][]byte {
		return map[string][]byte{"ingress.yaml": []byte("kind: Ingress\nspec:\n  rules:\n    - http:\n        paths:\n" + paths)}
	}
	const prefix = "          - {path: /users, pathType: Prefix}\n"
	missing := []artifact.Missing{{Function: "users", What: "the path /users"}}
	users := httpFunction("users", "GET /users/{id}")
	for name, test := range map[string]struct {
		files map[string][]byte
		want  []artifact.Missing
	}{
		"no files":   {nil, nil},
		"no ingress": {map[string][]byte{"kubernetes.yaml": []byte("kind: Service\n---\n- a\n")}, nil},
		"not yaml":   {map[string][]byte{"Dockerfile": []byte("FROM: [a")}, nil},
		"no paths":   {ingress("          []\n"), missing},
		"prefix":     {ingress(prefix), nil},
		"above":      {ingress("          - {path: /, pathType: Prefix}\n"), nil},
		"slash":      {ingress("          - {path: /users/, pathType: Prefix}\n"), nil},
		"sibling":    {ingress("          - {path: /user, pathType: Prefix}\n"), missing},
		"below":      {ingress("          - {path: /users/1, pathType: Prefix}\n"), missing},
		"exact":      {ingress("          - {path: /users, pathType: Exact}\n"), nil},
		"exact root": {ingress("          - {path: /, pathType: Exact}\n"), missing},
		"pattern":    {ingress("          - {path: '/users(/.*)?', pathType: ImplementationSpecific}\n"), nil},
		"backend":    {map[string][]byte{"a.yml": []byte("kind: Ingress\nspec: {defaultBackend: {service: {name: a}}}\n")}, nil},
		"internal": {map[string][]byte{"a.yaml": []byte(
			"kind: Ingress\nmetadata: {annotations: {fngen/internal: 'orders, users'}}\n")}, nil},
		"other file": {map[string][]byte{
			"ingress.yaml": []byte("kind: Ingress\n"), "z.yaml": append([]byte("kind: Service\n---\n"), ingress(prefix)["ingress.yaml"]...),
		}, nil},
	} {
		_, got, err := artifact.Unrouted(test.files, []project.Function{users})
		require.NoError(t, err, name)
		assert.Equal(t, test.want, got, name)
	}
	file, _, err := artifact.Unrouted(map[string][]byte{"b.yaml": []byte("a: [\n")}, nil)
	require.ErrorContains(t, err, "b.yaml: yaml: line 1: ")
	assert.Equal(t, "b.yaml", file)
}
