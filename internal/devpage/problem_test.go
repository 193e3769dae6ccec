package devpage

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// newProject returns the directory of a project with a file f/f.go.
func newProject(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "f"), 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "f", "f.go"), []byte(source), 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/shop\n"), 0o666))
	return dir
}

// An error of the compiler is shown with its line, a caret and a link.
func TestCompileProblem(t *testing.T) {
	dir := newProject(t, "package f\n\nfunc f() {\n\té := 1 + x\n}\n")
	output := "f/f.go:4:12: undefined: x\n\thave <none>\nother.go:1:1: missing\nno position\n"
	p := CompileProblem(dir, "the functions do not build", output, VSCode)
	require.Len(t, p.Places, 2)
	place := p.Places[0]
	assert.Equal(t, "undefined: x\n\thave <none>", place.Message)
	assert.Equal(t, "vscode://file"+filepath.ToSlash(dir)+"/f/f.go:4:12", place.Edit)
	assert.True(t, place.Own)
	here := SourceLine{N: 4, Text: "\té := 1 + x", Caret: "\t" + strings.Repeat(" ", 9), Here: true}
	assert.Equal(t, here, place.Source[3])
	assert.Equal(t, Place{Message: "missing", File: "other.go", Line: 1, Column: 1, Own: true}, p.Places[1])
	assert.Equal(t, `the functions do not build

f/f.go:4:12: undefined: x
    	é := 1 + x
    	         ^
	have <none>
other.go:1:1: missing
no position
`, p.String())

	w := httptest.NewRecorder()
	p.WriteHTML(w, 500, OnBuild, 3)
	page := w.Body.String()
	assert.Contains(t, page, `href="vscode://file`)
	assert.Contains(t, page, "have &lt;none&gt;")
	assert.Contains(t, page, `data-builds="3"`)
	assert.Contains(t, page, `<noscript><meta http-equiv="refresh"`)
	assert.NotContains(t, page, "ZgotmplZ")
	w = httptest.NewRecorder()
	p.WriteHTML(w, 500, Never, 3)
	assert.NotContains(t, w.Body.String(), "refresh")
	assert.NotContains(t, w.Body.String(), "<script")
}

// A panic is shown with the project's own frames first.
func TestExitProblem(t *testing.T) {
	dir := newProject(t, "package f\n\nfunc init() {\n\tpanic(1)\n}\n")
	output := "2026/01/01 starting\npanic: cannot connect to postgres://u:secret@h/db\n\ngoroutine 1 [running]:\n" +
		"strings.Map(...)\n\t/usr/lib/go/src/strings/strings.go:1\n" +
		"example.com/shop/f.init.0()\n\t" + dir + "/f/f.go:4 +0x1d\n" +
		"example.com/shop/f.other()\n\texample.com/shop/f/f.go:3 +0x1d\n\ngoroutine 2 [select]:\nx()\n\t/x.go:1 +0x1\n"
	p := ExitProblem(dir, "the functions do not start", "exit status 2", output, IDEA)
	assert.Equal(t, "panic: cannot connect to postgres://u:[redacted]@h/db", p.Reason)
	require.Len(t, p.Places, 3)
	assert.Equal(t, "f/f.go", p.Places[0].File)
	assert.Equal(t, "example.com/shop/f.init.0()", p.Places[0].Function)
	assert.NotEmpty(t, p.Places[0].Source)
	assert.Equal(t, "f/f.go", p.Places[1].File, "built with -trimpath")
	assert.Equal(t, "/usr/lib/go/src/strings/strings.go", p.Places[2].File)
	assert.False(t, p.Places[2].Own)
	assert.Empty(t, p.Places[2].Source)
	assert.NotContains(t, p.String(), "secret")

	p = ExitProblem(dir, "t", "exit status 3", "one\ntwo\n", VSCode)
	assert.Equal(t, &Problem{Title: "t", Reason: "exit status 3", Text: "one\ntwo"}, p)
}

func TestFailure(t *testing.T) {
	dir := newProject(t, "package f\n")
	p := (&Failure{"panic: x", []string{
		"strings.Map /usr/lib/go/src/strings/strings.go:1", "example.com/shop/f.Handler " + dir + "/f/f.go:1",
	}}).Problem(dir, VSCode)
	assert.Equal(t, "the function panicked", p.Title)
	require.Len(t, p.Places, 2)
	assert.Equal(t, "example.com/shop/f.Handler", p.Places[0].Function)
	assert.Equal(t, 1, p.Places[0].Line)
}
