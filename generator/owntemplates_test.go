package generator

import (
	"fmt"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// header starts each template of the tests.
var header = versionLine(TemplateVersion)

// ownTemplates returns an empty project with templates.
func ownTemplates(texts map[string]string) Project {
	p := Project{
		Version: "v0.1.0", Functions: "api/src/functions", Lib: "api/src/lib",
		GoMod:     []byte("module example.com/app\n\ngo 1.22\n"),
		Templates: map[string][]byte{},
	}
	for name, text := range texts {
		p.Templates[name] = []byte(text)
	}
	return p
}

func divide(t *testing.T) Spec {
	t.Helper()
	name, err := ParseName("divide")
	require.NoError(t, err)
	return Spec{Name: name}
}

// contents returns the contents of the files of a plan by path.
func contents(plan Plan) map[string]string {
	files := map[string]string{}
	for _, f := range plan.Files {
		files[f.Path] = string(f.Data)
	}
	return files
}

// A project whose templates are copies of fngen's gets the same files as one
// without, and the same parts of support packages, which a plan finds in the
// code then.
func TestCopiedTemplates(t *testing.T) {
	bare := ownTemplates(nil)
	setup, err := SetupTemplates(bare, false)
	require.NoError(t, err)
	copied := ownTemplates(nil)
	for file, data := range contents(setup) {
		if name, ok := strings.CutPrefix(file, TemplatesDir(copied.Functions)+"/"); ok {
			copied.Templates[name] = []byte(data)
		}
	}
	require.NotEmpty(t, copied.Templates)
	for i, spec := range docSpecs(t) {
		want, err := Function(spec, bare, false)
		require.NoError(t, err)
		got, err := Function(spec, copied, false)
		require.NoError(t, err)
		assert.Equal(t, contents(want), contents(got), "%d", i)
		assert.Equal(t, want.Notes, got.Notes)
	}
}

func TestOwnTemplates(t *testing.T) {
	const handler = "api/src/functions/divide/divide.go"
	plan, err := Function(divide(t), ownTemplates(map[string]string{
		// Windows's line endings and a byte order mark.
		"handler.go.tmpl": "\ufeff" + strings.ReplaceAll(header+`{{template "license" "Acme"}}

{{template "fngen/handler.go.tmpl" .}}`, "\n", "\r\n"),
		"license.tmpl":       header + `{{define "license"}}// Copyright {{.}}{{end}}`,
		"NAME_extra.go.tmpl": header + "package {{.Package}}\nvar  extra  =  1",
		"NAME.http.tmpl":     header + "GET   {{.Route}}\n",
		"NAME.none.tmpl":     header + "{{if .Webhook}}for webhooks{{end}}\n",
		"NAME-NAME.tmpl":     header + "twice",
		"README.md.tmpl":     header + "# {{.Name}}\n",
	}), false)
	require.NoError(t, err)
	files := contents(plan)
	assert.Regexp(t, "^// Copyright Acme\n\n// Package divide is a serverless function.\npackage divide\n", files[handler])
	assert.NotContains(t, files[handler], "\r")
	assert.Contains(t, files["api/src/functions/divide/divide_test.go"], "func TestHandler(")
	assert.Equal(t, "package divide\n\nvar extra = 1\n", files["api/src/functions/divide/divide_extra.go"])
	assert.Equal(t, "GET   /divide\n", files["api/src/functions/divide/divide.http"])
	assert.Equal(t, "twice", files["api/src/functions/divide/divide-divide"])
	assert.Equal(t, "# divide\n", files["api/src/functions/divide/README.md"])
	assert.NotContains(t, files, "api/src/functions/divide/divide.none")
	for file := range files {
		if strings.HasPrefix(file, "api/src/functions/") {
			assert.Contains(t, files[SumFile], file+" v0.1.0 ")
		}
	}
}

func TestTestTemplates(t *testing.T) {
	spec := divide(t)
	spec.NoTests = true
	plan, err := Function(spec, ownTemplates(map[string]string{
		"NAME_more_test.go.tmpl": header + "package {{.Package}}_test",
		"NAME.txt.tmpl":          header + "text",
	}), false)
	require.NoError(t, err)
	assert.Contains(t, contents(plan), "api/src/functions/divide/divide.txt")
	assert.NotContains(t, contents(plan), "api/src/functions/divide/divide_more_test.go")
}

// What a template's code refers to comes along.
func TestTemplateImports(t *testing.T) {
	plan, err := Function(divide(t), ownTemplates(map[string]string{
		"NAME_more.go.tmpl": header + `package {{.Package}}

import (
	"{{.Lib}}/auth"
	. "{{.Lib}}/fn"
	hooks "{{.Lib}}/webhooks"
	"{{.Lib}}/acme"
	"{{.Module}}/internal/log"
	"example.com/app"
	"github.com/rs/zerolog/log"
)

var _, _ = hooks.GitHub, Problem
`,
	}), false)
	require.NoError(t, err)
	files := contents(plan)
	for _, file := range []string{"auth/auth.go", "auth/user.go", "fn/problem.go", "webhooks/github.go", "webhooks/scheme.go"} {
		assert.Contains(t, files, "api/src/lib/"+file)
	}
	for _, file := range []string{"auth/dbauth.go", "fn/binary.go", "webhooks/stripe.go"} {
		assert.NotContains(t, files, "api/src/lib/"+file)
	}
	assert.Equal(t, []Note{{
		Text: "the function imports github.com/rs/zerolog/log, which no module in go.mod provides",
		Hint: "go get github.com/rs/zerolog/log",
	}}, plan.Notes)
}

func TestInvalidTemplates(t *testing.T) {
	const dir = "api/generators/function/"
	for _, test := range []struct{ name, text, want, hint string }{
		{"handler.go.tmpl", "package a", dir + "handler.go.tmpl:1: the first line does not say", "start the file with {{- /* fngen templates, version 1 */ -}}"},
		{"handler.go.tmpl", versionLine(0), dir + "handler.go.tmpl:1: the template is for version 0 of the data, and this fngen has version 1", "fngen setup generator --check"},
		{"handler.go.tmpl", versionLine(99), "version 99 of the data, and this fngen has version 1", "go install"},
		{"handler.go.tmpl", strings.ReplaceAll(versionLine(1), "1", strings.Repeat("9", 99)), "this fngen has version 1", "go install"},
		{"handler.go.tmpl", header + "\n{{if}}", dir + "handler.go.tmpl:3: missing value for if", "docs/templates.md"},
		{"handler.go.tmpl", header + "{{.Nam}}", dir + "handler.go.tmpl:2: <.Nam>: TemplateData has no field Nam", "did you mean .Name?"},
		{"handler.go.tmpl", header + "{{.Request.Foo}}", "<.Request.Foo>: RouteData has no field Foo", "docs/templates.md"},
		{"handler.go.tmpl", header + `{{.Quote}}`, dir + "handler.go.tmpl:2: <.Quote>: wrong number of args", "docs/templates.md"},
		{"handler.go.tmpl", header + `{{exec "rm"}}`, dir + `handler.go.tmpl:2: function "exec" not defined`, "docs/templates.md"},
		{"handler.go.tmpl", header + `{{template "nothing"}}`, `handler.go.tmpl:2: <{{template "nothing"}}>: template "nothing" not defined`, "docs/templates.md"},
		{"handler.go.tmpl", header + " \n", dir + "handler.go.tmpl: the output is empty", "declares Handler"},
		{"handler.go.tmpl", header + "package other", dir + "handler.go.tmpl: the output is of package other, want divide", "{{.Package}}"},
		{"handler.go.tmpl", header + "package divide_test", "the output is of package divide_test", "{{.Package}}"},
		{"handler.go.tmpl", header + "package divide\nfunc {", dir + "handler.go.tmpl: the output is not Go: line 2: expected", "output above"},
		{"handler.go.tmpl", header + "\x00", dir + "handler.go.tmpl: the output is not Go: line 1: ", "output above"},
		{"blocks.tmpl", header, `: <{{template "setenv" .}}>: template "setenv" not defined`, "docs/templates.md"},
		{"blocks.tmpl", header + `{{define "a"}}{{end}}{{define "a"}}{{end}}x{{define "b"}}1{{end}}{{define "b"}}2{{end}}`, "blocks.tmpl:2: template: multiple definition", "docs/templates.md"},
		{"more.tmpl", header + "\n" + `{{define "event"}}mine{{end}}`, dir + `more.tmpl:3: fngen/blocks.tmpl defines a template named "event" too`, "choose another name"},
		{"handler.go.tmpl", header + `{{define "event"}}mine{{end}}{{template "fngen/handler.go.tmpl" .}}`, `defines a template named "event" too`, "choose another name"},
		{"more.tmpl", header + `{{define "fngen/handler.go.tmpl"}}mine{{end}}`, `fngen/handler.go.tmpl defines a template named "fngen/handler.go.tmpl" too`, "choose another name"},
		{"handlers.go.tmpl", header + "\n\npackage {{.Package}}", dir + "handlers.go.tmpl:4: the text outside of {{define}} is not part of any file", "fngen setup generator --dry-run"},
		{"NAME.txt.tmpl", header + `{{define "a"}}{{template "a"}}{{end}}{{template "a"}}`, "exceeded maximum template depth", "docs/templates.md"},
		{"NAME.txt.tmpl", header + `{{define "a"}}{{printf "%999999d" 1}}{{template "a"}}{{end}}{{template "a"}}`, dir + "NAME.txt.tmpl: the output is larger than 1048576 bytes", "print less"},
		{"NAME.go.tmpl", header, dir + "NAME.go.tmpl: it would write the same file as handler.go.tmpl", "delete one of the two"},
		{"NAME_TEST.go.tmpl", header, "it would write the same file as test.go.tmpl", "delete one of the two"},
		{"../NAME.tmpl", header, `a function cannot have a file named "../divide"`, "as in NAME.http.tmpl"},
		{`..\NAME.tmpl`, header, `a function cannot have a file named "..\\divide"`, "as in NAME.http.tmpl"},
		{"NAME/x.tmpl", header, `a function cannot have a file named "divide/x"`, "as in NAME.http.tmpl"},
		{"C:NAME.tmpl", header, `a function cannot have a file named "C:divide"`, "as in NAME.http.tmpl"},
		{"NAME x.tmpl", header, `a function cannot have a file named "divide x"`, "as in NAME.http.tmpl"},
		{"NAME\n.tmpl", header, `a function cannot have a file named "divide\n"`, "as in NAME.http.tmpl"},
		{"NAME..tmpl", header, `a function cannot have a file named "divide."`, "as in NAME.http.tmpl"},
	} {
		_, err := Function(divide(t), ownTemplates(map[string]string{test.name: test.text}), true)
		if !assert.ErrorContains(t, err, test.want, "%s %.60q", test.name, test.text) {
			continue
		}
		var advice interface{ Hint() string }
		if assert.ErrorAs(t, err, &advice, test.want) {
			assert.Contains(t, advice.Hint(), test.hint, test.want)
		}
	}
}

// Two templates can write the same file for some functions only.
func TestTemplateCollision(t *testing.T) {
	p := ownTemplates(map[string]string{"NAME.NAME.tmpl": header + "1", "NAME.txt.tmpl": header + "2"})
	name, err := ParseName("txt")
	require.NoError(t, err)
	_, err = Function(Spec{Name: name}, p, false)
	assert.ErrorContains(t, err, "NAME.txt.tmpl: it would write the same file as NAME.NAME.tmpl")
	_, err = Function(divide(t), p, false)
	assert.NoError(t, err)
}

func TestOutputError(t *testing.T) {
	var text strings.Builder
	text.WriteString(header + "package divide\n")
	for i := range 20 {
		fmt.Fprintf(&text, "var v%d = 1\n", i+2)
	}
	broken := strings.Replace(text.String(), "var v10 = 1", "var v10 ==", 1)
	_, err := Function(divide(t), ownTemplates(map[string]string{"handler.go.tmpl": broken}), false)
	var output *OutputError
	require.ErrorAs(t, err, &output)
	assert.Equal(t, 10, output.Line)
	lines := strings.Split(output.Detail(), "\n")
	assert.Len(t, lines, 11)
	assert.Equal(t, "    5  var v5 = 1", lines[0])
	assert.Equal(t, ">  10  var v10 ==", lines[5])
	assert.Equal(t, "   15  var v15 = 1", lines[10])
}

// Files of templates that the project does not have any more still belong to
// the function.
func TestDestroyExtraFiles(t *testing.T) {
	p := ownTemplates(nil)
	p.Files = map[string][]byte{
		"api/src/functions/divide/divide.go":   []byte("package divide"),
		"api/src/functions/divide/divide.http": []byte("GET /"),
		"api/src/functions/divide/mine.http":   []byte("GET /mine"),
	}
	for _, file := range []string{"divide/divide.go", "divide/divide.http", "divide/sub/x", "divide/..", "divided/x", "x/api/src/functions/divide/y"} {
		file = "api/src/functions/" + file
		p.FngenSum = append(p.FngenSum, file+" v0.1.0 "+hash(p.Files[file])+"\n"...)
	}
	assert.Equal(t, []string{
		"api/src/functions/divide/divide.go", "api/src/functions/divide/divide_test.go",
		"api/src/functions/divide/divide_scenarios_test.go", "api/src/functions/divide/divide_fixtures_test.go",
		"api/src/functions/divide/divide.http",
	}, p.FunctionFiles("divide"))
	plan, err := Destroy("divide", p, false)
	require.NoError(t, err)
	var removed []string
	for _, f := range plan.Files {
		if f.Action == Remove {
			removed = append(removed, f.Path)
		}
	}
	assert.Equal(t, []string{"api/src/functions/divide/divide.go", "api/src/functions/divide/divide.http"}, removed)

	p.Files["api/src/functions/divide/divide.http"] = []byte("edited")
	_, err = Destroy("divide", p, false)
	assert.ErrorContains(t, err, "divide.http")
}

func TestTemplatesDir(t *testing.T) {
	for functions, want := range map[string]string{
		"api/src/functions": "api/generators/function",
		"src/functions":     "generators/function",
		"functions":         "generators/function",
		"a/b/c/d":           "a/b/generators/function",
	} {
		assert.Equal(t, want, TemplatesDir(functions))
	}
}

// Every exported name of a part is known, so that code that refers to it brings
// the part. Methods cannot be told apart: docs/templates.md names the only
// exported one of a type that another file declares.
func TestDeclaredNames(t *testing.T) {
	table := parts()
	for pkg, names := range map[string][]string{
		"fn": {"Binary", "Decode", "Form", "Problem"}, "auth": {"DBAuth", "JWT"},
		"fntest": {"SignedWebhook"}, "webhooks": {"Once", "NewMemory", "Route", "Send", "ParseScheme", "Base64SHA256", "Stripe"},
	} {
		declared, err := table.declared(pkg)
		require.NoError(t, err)
		for _, name := range names {
			assert.NotEmpty(t, declared[name], "%s.%s", pkg, name)
		}
		for name := range declared {
			assert.True(t, token.IsIdentifier(name))
		}
	}
	page, err := os.ReadFile("../docs/templates.md")
	require.NoError(t, err)
	assert.Contains(t, string(page), "the method `Claims.ID` of package `auth`")
}

func TestSetupTemplates(t *testing.T) {
	actions := func(plan Plan) map[string]Action {
		list := map[string]Action{}
		for _, f := range plan.Files {
			list[strings.TrimPrefix(f.Path, "api/generators/function/")] = f.Action
		}
		return list
	}
	p := ownTemplates(map[string]string{
		"blocks.tmpl":     header + "edited",
		"test.go.tmpl":    header + "written by an older version",
		"NAME.http.tmpl":  header,
		"handler.go.tmpl": header,
	})
	p.FngenSum = []byte("api/generators/function/test.go.tmpl v0.0.9 " + hash(p.Templates["test.go.tmpl"]) + "\n")
	plan, err := SetupTemplates(p, false)
	require.NoError(t, err)
	got := actions(plan)
	assert.Equal(t, Keep, got["blocks.tmpl"])
	assert.Equal(t, Keep, got["handler.go.tmpl"])
	assert.Equal(t, Overwrite, got["test.go.tmpl"])
	assert.Equal(t, Create, got["scenarios_test.go.tmpl"])
	assert.NotContains(t, got, "NAME.http.tmpl")
	require.Len(t, plan.Notes, 1)
	assert.Equal(t, "kept templates that you edited: blocks.tmpl, handler.go.tmpl", plan.Notes[0].Text)
	for _, f := range plan.Files {
		assert.Equal(t, f.Action == Keep, f.Path != SumFile && !strings.Contains(contents(plan)[SumFile], f.Path+" v0.1.0"), f.Path)
	}

	plan, err = SetupTemplates(p, true)
	require.NoError(t, err)
	assert.Equal(t, Overwrite, actions(plan)["blocks.tmpl"])

	p.FngenSum = []byte(strings.ReplaceAll(string(p.FngenSum), "v0.0.9", "v9.0.0"))
	_, err = SetupTemplates(p, false)
	var newer *NewerError
	require.ErrorAs(t, err, &newer)
}
