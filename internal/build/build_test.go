package build

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/project"
)

// openProject opens a project with files, in addition to go.mod.
func openProject(t *testing.T, files map[string]string) *project.Project {
	t.Helper()
	dir := t.TempDir()
	write := func(name, data string) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o777))
		require.NoError(t, os.WriteFile(file, []byte(data), 0o666))
	}
	write("go.mod", "module example.com/app\n\ngo 1.22\n")
	for name, data := range files {
		write(name, data)
	}
	p, err := project.Open(dir, project.Options{Env: func(string) string { return "" }})
	require.NoError(t, err)
	t.Cleanup(func() { p.Close() })
	return p
}

// functionFile returns a file that exports a handler.
func functionFile(pkg string) string { return "package " + pkg + "\n\nfunc Handler() {}\n" }

func TestProjectOptions(t *testing.T) {
	tags := []string{"a", "b"}
	tests := []struct {
		target Target
		arch   string
		want   project.Options
	}{
		{Lambda, "", project.Options{Tags: []string{"a", "b", "lambda.norpc"}, GOOS: "linux", GOARCH: "arm64"}},
		{Lambda, "amd64", project.Options{Tags: []string{"a", "b", "lambda.norpc"}, GOOS: "linux", GOARCH: "amd64"}},
		{Container, "", project.Options{Tags: tags, GOOS: "linux", GOARCH: "amd64"}},
		{Container, "arm64", project.Options{Tags: tags, GOOS: "linux", GOARCH: "arm64"}},
		{Server, "", project.Options{Tags: tags}},
		{Server, "arm64", project.Options{Tags: tags, GOARCH: "arm64"}},
	}
	for _, test := range tests {
		assert.Equal(t, test.want, ProjectOptions(test.target, test.arch, tags), "%s %s", test.target, test.arch)
	}
}

func TestNewBuilder(t *testing.T) {
	p := openProject(t, map[string]string{
		"api/src/functions/divide/divide.go": functionFile("divide"),
		"api/src/functions/orders/orders.go": functionFile("orders"),
		"api/src/functions/broken/broken.go": "package broken\n\nfunc {\n",
		"api/src/functions/tool/tool.go":     functionFile("main"),
	})
	var notes []string
	selectFunctions := func(names ...string) (selected, broken []string, err error) {
		notes = nil
		b, err := newBuilder(p, Options{Names: names, Note: func(message, _ string) { notes = append(notes, message) }})
		if err != nil {
			return nil, nil, err
		}
		for _, f := range b.functions {
			selected = append(selected, f.Name)
		}
		for _, f := range b.broken {
			broken = append(broken, f.Function)
		}
		return selected, broken, nil
	}

	selected, broken, err := selectFunctions()
	require.NoError(t, err)
	assert.Equal(t, []string{"divide", "orders"}, selected)
	assert.Equal(t, []string{"broken"}, broken)
	assert.Len(t, notes, 1, "tool is package main")

	selected, broken, err = selectFunctions("orders", "orders")
	require.NoError(t, err)
	assert.Equal(t, []string{"orders"}, selected)
	assert.Empty(t, broken)
	assert.Empty(t, notes, "tool is not to be built")

	_, _, err = selectFunctions("divid")
	require.EqualError(t, err, `no function "divid"`)
	assert.Equal(t, "fngen build divide", hint.Of(err))
	_, _, err = selectFunctions("frobnicate")
	assert.Equal(t, "fngen list", hint.Of(err))

	_, err = newBuilder(openProject(t, nil), Options{})
	assert.EqualError(t, err, "no functions in api/src/functions")
}

func TestFlatAndDirectory(t *testing.T) {
	p := openProject(t, map[string]string{
		"api/src/functions/divide/divide.go": functionFile("divide"),
		"api/src/functions/divide.go":        "package functions\n\nfunc DivideHandler() {}\n",
	})
	_, err := newBuilder(p, Options{Note: func(string, string) {}})
	assert.ErrorContains(t, err, "are both the function divide")
}

func TestEmitOptions(t *testing.T) {
	p := openProject(t, map[string]string{"fngen.toml": "[paths]\nfunctions = \"api/internal/functions\"\n"})
	b := &builder{project: p, module: "example.com/app"}
	for dir, want := range map[string]string{
		"api/cmd":                "",
		"api/internal/cmd":       "",
		"api/internal/functions": "this is the functions directory",
		"cmd":                    "only packages below api can import the functions",
		".":                      "want a directory in the project",
		"..":                     "want a directory in the project",
		"../app2":                "want a directory in the project",
		"api/_cmd":               "the go command ignores _cmd",
		"api/testdata/cmd":       "the go command ignores testdata",
		"api/c d":                "api/c d cannot be part of an import path",
	} {
		options, err := b.emitOptions(filepath.Join(p.Dir, filepath.FromSlash(dir)))
		if want == "" {
			require.NoError(t, err, dir)
			assert.Equal(t, dir, options.Dir)
			continue
		}
		invalid := (*DirError)(nil)
		require.ErrorAs(t, err, &invalid, dir)
		assert.EqualError(t, err, want, dir)
	}
}

func TestPlatforms(t *testing.T) {
	tests := []struct {
		name    string
		options Options
		want    []Program
	}{
		{"container", Options{Target: Container}, []Program{{OS: "linux", Arch: "amd64"}, {OS: "linux", Arch: "arm64"}}},
		{"container for one", Options{Target: Container, Arch: "arm64"}, []Program{{OS: "linux", Arch: "arm64"}}},
		{"server", Options{Target: Server, Environ: []string{"GOOS=linux", "GOOS=windows", "GOARCH=arm64"}},
			[]Program{{OS: "windows", Arch: "arm64"}}},
		{"server for one", Options{Target: Server, Arch: "amd64", Environ: []string{"GOOS=plan9", "GOARCH=arm64"}},
			[]Program{{OS: "plan9", Arch: "amd64"}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b := &builder{Options: test.options}
			assert.Equal(t, test.want, b.platforms())
		})
	}
}

func TestFailedError(t *testing.T) {
	assert.NoError(t, Report{}.Err())
	one := Report{Failed: []Failure{{"a", []string{"a.go:1: x"}}}}
	assert.EqualError(t, one.Err(), "a does not build")
	err := &FailedError{[]Failure{{"a", []string{"lib.go:1: x", "a.go:1: y"}}, {"b", []string{"lib.go:1: x"}}}}
	assert.EqualError(t, err, "a, b do not build")
	assert.Equal(t, "lib.go:1: x\na.go:1: y", err.Detail())
}

func TestAttribute(t *testing.T) {
	functions := []project.Function{
		{Name: "divide", Files: []string{"api/src/functions/divide/divide.go"}},
		{Name: "orders", Files: []string{"api/src/functions/orders/orders.go"}},
	}
	const output = `# example.com/app/api/src/functions/divide
api/src/functions/divide/divide.go:3:2: declared and not used: x
	in a second line
./api/src/lib/fn/fn.go:1:1: undefined: y
api/src/functions/divide/divide.go:3:2: declared and not used: x
	in a second line

`
	byFunction, others := attribute(output, functions)
	assert.Equal(t, map[string][]string{
		"divide": {"api/src/functions/divide/divide.go:3:2: declared and not used: x\n\tin a second line"},
	}, byFunction)
	assert.Equal(t, []string{"api/src/lib/fn/fn.go:1:1: undefined: y"}, others)
}

func TestAbbreviate(t *testing.T) {
	assert.Equal(t, "a, b, c", abbreviate([]string{"a", "b", "c"}))
	assert.Equal(t, "a, b, c and 2 more", abbreviate([]string{"a", "b", "c", "d", "e"}))
}

func TestDiskFull(t *testing.T) {
	assert.NoError(t, diskFull("undefined: x"))
	assert.EqualError(t, diskFull("link: write: no space left on device"), "go build: no space left on device")
}

func TestLinkerFlags(t *testing.T) {
	assert.Equal(t, []string{"-ldflags=-s -w"}, linkerFlags([]string{"GOFLAGS=-trimpath"}))
	assert.Empty(t, linkerFlags([]string{"GOFLAGS=-trimpath -ldflags=-w"}))
}
