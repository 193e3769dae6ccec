package generator_test

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template/parse"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/templates"
	"github.com/fngen/fngen/templates/lib/webhooks"
)

// Templates print what was decided before. One that branches would have to be read to know
// what is written, and each flag would double its ways.
func TestNoTemplateBranches(t *testing.T) {
	for dir, files := range map[string]fs.FS{"function": templates.Function, "program": templates.Program, "deploy": templates.Deploy} {
		names, err := fs.Glob(files, dir+"/*.tmpl")
		require.NoError(t, err)
		require.NotEmpty(t, names)
		for _, name := range names {
			source, err := fs.ReadFile(files, name)
			require.NoError(t, err)
			assert.Empty(t, branches(t, name, string(source)), name)
		}
	}

	// The check itself can fail.
	for _, source := range []string{
		"{{if .A}}a{{end}}",
		"{{with .A}}a{{end}}",
		"{{range .A}}{{if .B}}b{{end}}{{end}}",
		"{{range .A}}a{{else}}b{{end}}",
		"{{and .A .B}}",
		"{{define `x`}}{{or .A .B}}{{end}}",
		"{{.A | not}}",
		"{{range .A}}{{printf (eq .B 1 | print)}}{{end}}",
		"{{range .A}}{{break}}{{end}}",
	} {
		assert.NotEmpty(t, branches(t, "bad", source), source)
	}
}

// branches lists what decides something in a template.
func branches(t *testing.T, name, source string) []string {
	tree := parse.New(name)
	tree.Mode = parse.SkipFuncCheck
	trees := map[string]*parse.Tree{}
	_, err := tree.Parse(source, "", "", trees)
	require.NoError(t, err)

	var found []string
	var walk func(node parse.Node)
	list := func(nodes *parse.ListNode) {
		if nodes != nil {
			for _, n := range nodes.Nodes {
				walk(n)
			}
		}
	}
	walk = func(node parse.Node) {
		switch n := node.(type) {
		case *parse.ListNode:
			list(n)
		case *parse.IfNode:
			found = append(found, "if")
		case *parse.WithNode:
			found = append(found, "with")
		case *parse.BreakNode:
			found = append(found, "break")
		case *parse.ContinueNode:
			found = append(found, "continue")
		case *parse.RangeNode:
			if n.ElseList != nil {
				found = append(found, "else")
			}
			walk(n.Pipe)
			list(n.List)
		case *parse.ActionNode:
			walk(n.Pipe)
		case *parse.TemplateNode:
			if n.Pipe != nil {
				walk(n.Pipe)
			}
		case *parse.PipeNode:
			for _, command := range n.Cmds {
				for _, arg := range command.Args {
					walk(arg)
				}
			}
		case *parse.IdentifierNode:
			if slices.Contains([]string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "index", "slice", "call"}, n.Ident) {
				found = append(found, n.Ident)
			}
		}
	}
	for _, tree := range trees {
		list(tree.Root)
	}
	return found
}

// Tests of support packages stay at home, and all else is copied.
func TestSupportPackagesAreEmbeddedWithoutTests(t *testing.T) {
	var embedded []string
	require.NoError(t, fs.WalkDir(templates.Lib, "lib", func(name string, entry fs.DirEntry, err error) error {
		if !entry.IsDir() {
			embedded = append(embedded, name)
		}
		return err
	}))
	sources, err := filepath.Glob("../templates/lib/*/*.go")
	require.NoError(t, err)
	var want []string
	for _, source := range sources {
		if !strings.HasSuffix(source, "_test.go") {
			want = append(want, strings.TrimPrefix(filepath.ToSlash(source), "../templates/"))
		}
	}
	slices.Sort(want)
	assert.Equal(t, want, embedded)
}

// The schemes of the flag are those of the package that generated code imports.
func TestSchemesAreThoseOfWebhooks(t *testing.T) {
	var names []string
	for _, scheme := range generator.Schemes() {
		names = append(names, scheme.Name)
		_, err := webhooks.ParseScheme(scheme.Name)
		assert.NoError(t, err)
	}
	var want []string
	for _, scheme := range webhooks.Schemes() {
		want = append(want, string(scheme))
	}
	assert.Equal(t, want, names)
	_, err := generator.ParseScheme(generator.DefaultScheme)
	assert.NoError(t, err)
}

func TestPackages(t *testing.T) {
	packages, err := generator.Packages()
	require.NoError(t, err)
	imports := map[string][]string{}
	for _, p := range packages {
		assert.NotEmpty(t, p.Synopsis, p.Name)
		imports[p.Name] = p.Imports
	}
	assert.Equal(t, map[string][]string{
		"auth": {"fn"}, "db": {"project/db/migrations"}, "dbtest": {"db", "project/db/migrations", "scenario"}, "fn": nil, "fntest": nil, "inbox": {"db", "webhooks"}, "ipallow": {"fn"}, "jwks": nil, "logger": {"fn"}, "ratelimit": {"fn", "ipallow"}, "redisstore": {"ratelimit", "webhooks"},
		"scenario": nil, "webhooks": {"fn"},
	}, imports, "fntest and scenario import no other: a plain function brings no more than it uses")
}
