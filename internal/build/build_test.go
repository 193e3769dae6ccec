package build

import (
	"context"
	"debug/buildinfo"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/dist"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/project"
)

const functions = "api/src/functions"

// Sources of functions. Their package is named after the function.
const (
	valid = `

import (
	"context"

	"github.com/aws/aws-lambda-go/events"
)

func Handler(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	return events.APIGatewayProxyResponse{StatusCode: 200}, nil
}
`
	wrongType  = "\n\nfunc Handler() {}\n"
	unparsable = "\n\nfunc {\n"
)

// newDir creates a Go module that can be built without a network. Files are
// given by path, functions by name.
func newDir(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "golden", name))
		require.NoError(t, err)
		write(t, dir, name, string(data))
	}
	for name, data := range files {
		if !strings.Contains(name, ".") {
			name, data = path.Join(functions, name, name+".go"), "package "+strings.ToLower(name)+data
		}
		write(t, dir, name, data)
	}
	return dir
}

func write(t *testing.T, dir, name, data string) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o777))
	require.NoError(t, os.WriteFile(file, []byte(data), 0o666))
}

func open(t *testing.T, dir string, o project.Options) *project.Project {
	t.Helper()
	o.Env = func(string) string { return "" }
	p, err := project.Open(dir, o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	return p
}

func newProject(t *testing.T, files map[string]string) *project.Project {
	t.Helper()
	return open(t, newDir(t, files), project.Options{})
}

// environ returns an environment in which the go command downloads nothing.
// -trimpath lets tests share compiled packages, whatever their directory.
func environ() []string {
	return append(os.Environ(), "CGO_ENABLED=",
		"GOENV=off", "GOFLAGS=-mod=readonly -trimpath", "GOPROXY=off", "GOTOOLCHAIN=local", "GOWORK=off")
}

// newOptions returns options that append notes to notes.
func newOptions(target Target, notes *[]string, names ...string) Options {
	return Options{
		Target: target, Names: names, Arch: runtime.GOARCH, Environ: environ(),
		Note:    func(message, _ string) { *notes = append(*notes, message) },
		Display: func(file string) string { return "shown/" + filepath.Base(file) },
	}
}

func TestProjectOptions(t *testing.T) {
	own, lambda := []string{"own"}, []string{"own", "lambda.norpc"}
	for _, test := range []struct {
		name   string
		target Target
		arch   string
		want   project.Options
	}{
		{"lambda", Lambda, "", project.Options{GOOS: "linux", GOARCH: "arm64", Tags: lambda}},
		{"lambda amd64", Lambda, "amd64", project.Options{GOOS: "linux", GOARCH: "amd64", Tags: lambda}},
		{"server", Server, "", project.Options{Tags: own}},
		{"server arm64", Server, "arm64", project.Options{GOARCH: "arm64", Tags: own}},
		{"container", Container, "", project.Options{GOOS: "linux", GOARCH: "amd64", Tags: own}},
		{"container arm64", Container, "arm64", project.Options{GOOS: "linux", GOARCH: "arm64", Tags: own}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tags := append(make([]string, 0, 2), "own")
			assert.Equal(t, test.want, ProjectOptions(test.target, test.arch, tags))
			assert.Empty(t, tags[:2][1], "the caller's slice is changed")
		})
	}
}

func TestSelection(t *testing.T) {
	p := newProject(t, map[string]string{
		"a": valid, "b": valid, "broken": unparsable,
		functions + "/tool/tool.go": "package main\n\nfunc Handler() {}\n\nfunc main() {}\n",
	})
	const note = "skipping api/src/functions/tool: package main cannot be imported"
	for _, test := range []struct {
		name                string
		names               []string
		want, broken, notes []string
	}{
		{"all", nil, []string{"a", "b"}, []string{"broken"}, []string{note}},
		{"one", []string{"b"}, []string{"b"}, nil, nil},
		{"repeated and unsorted", []string{"b", "a", "b"}, []string{"a", "b"}, nil, nil},
		{"does not parse", []string{"broken"}, nil, []string{"broken"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var notes []string
			b, err := newBuilder(p, newOptions(Lambda, &notes, test.names...))
			require.NoError(t, err)
			var selected, broken []string
			for _, f := range b.functions {
				selected = append(selected, f.Name)
			}
			for _, f := range b.broken {
				broken = append(broken, f.Function)
				require.Len(t, f.Errors, 1)
				assert.Contains(t, f.Errors[0], "broken.go:3:6: ")
			}
			assert.Equal(t, test.want, selected)
			assert.Equal(t, test.broken, broken)
			assert.Equal(t, test.notes, notes)
			assert.Len(t, b.all, 2)
			assert.Equal(t, []string{"broken"}, b.unusable)
		})
	}
}

func TestSelectionErrors(t *testing.T) {
	twins := map[string]string{
		"divide":                 valid,
		functions + "/divide.go": "package functions\n\nfunc DivideHandler() {}\n",
	}
	for _, test := range []struct {
		name       string
		files      map[string]string
		names      []string
		want, hint string
	}{
		{"no functions", nil, nil, "no functions in api/src/functions", "fngen function NAME"},
		{"misspelled", map[string]string{"divide": valid}, []string{"divde"}, `no function "divde"`, "fngen build divide"},
		{"unknown", map[string]string{"divide": valid}, []string{"users"}, `no function "users"`, "fngen list"},
		{"unknown, none exist", nil, []string{"users"}, `no function "users"`, "fngen list"},
		{
			"two of one name", twins, []string{"divide"},
			"api/src/functions/divide/divide.go and api/src/functions/divide.go are both the function divide", "",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newProject(t, test.files)
			var notes []string
			dir := filepath.Join(p.Dir, "dist")
			_, err := Build(context.Background(), p, dir, newOptions(Lambda, &notes, test.names...))
			require.EqualError(t, err, test.want)
			assert.Equal(t, test.hint, hint.Of(err))
			assert.NoDirExists(t, dir)
		})
	}
}

func TestFailedError(t *testing.T) {
	assert.NoError(t, Report{}.Err())
	err := Report{Failed: []Failure{{Function: "a", Errors: []string{"a.go:1: x", "lib.go:2: y"}}}}.Err()
	assert.EqualError(t, err, "a does not build")
	err = Report{Failed: []Failure{
		{Function: "a", Errors: []string{"a.go:1: x", "lib.go:2: y"}},
		{Function: "b", Errors: []string{"lib.go:2: y"}},
	}}.Err()
	assert.EqualError(t, err, "a, b do not build")
	var failed *FailedError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, "a.go:1: x\nlib.go:2: y", failed.Detail())
}

func TestPlatforms(t *testing.T) {
	host := Program{OS: runtime.GOOS, Arch: runtime.GOARCH}
	linux := func(arch string) Program { return Program{OS: "linux", Arch: arch} }
	for _, test := range []struct {
		name    string
		target  Target
		arch    string
		environ []string
		want    []Program
	}{
		{"container", Container, "", []string{"GOOS=windows", "GOARCH=riscv64"}, []Program{linux("amd64"), linux("arm64")}},
		{"container arm64", Container, "arm64", nil, []Program{linux("arm64")}},
		{"server", Server, "", nil, []Program{host}},
		{"server arm64", Server, "arm64", []string{"GOARCH=riscv64"}, []Program{{OS: runtime.GOOS, Arch: "arm64"}}},
		{
			"server, last variable counts", Server, "", []string{"GOOS=windows", "GOARCH=riscv64", "GOOS=linux"},
			[]Program{linux("riscv64")},
		},
		{"server, empty variables", Server, "", []string{"GOOS=", "GOARCH="}, []Program{host}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := &builder{Options: Options{Target: test.target, Arch: test.arch, Environ: test.environ}}
			assert.Equal(t, test.want, b.platforms())
		})
	}
}

func TestDiskFull(t *testing.T) {
	assert.NoError(t, diskFull("a.go:1: undefined: x"))
	assert.ErrorIs(t, diskFull("a.go:1: x\nlink: write: "+syscall.ENOSPC.Error()), syscall.ENOSPC)
}

// A build makes what is missing or out of date. A function that does not
// compile is reported, and the others are built.
func TestBuildLambda(t *testing.T) {
	dir := newDir(t, map[string]string{
		"a": valid, "b": valid,
		".env.production": "API_KEY=canary\nAWS_REGION=canary\nFNGEN_TARGET=canary\n",
		"fngen.toml":      "[functions.b]\nmemory = 512\n",
	})
	out := filepath.Join(t.TempDir(), "dist")
	run := func(names ...string) (report Report, notes []string) {
		t.Helper()
		p := open(t, dir, ProjectOptions(Lambda, runtime.GOARCH, nil))
		report, err := Build(context.Background(), p, out, newOptions(Lambda, &notes, names...))
		require.NoError(t, err)
		return report, notes
	}
	results := func(report Report) map[string]dist.Result {
		all := map[string]dist.Result{}
		for _, f := range report.Functions {
			all[f.Name] = f.Result
			assert.Equal(t, f.Name+"/bootstrap", f.Bootstrap)
			assert.Equal(t, f.Name+".zip", f.Zip)
			assert.Equal(t, runtime.GOARCH, f.Arch)
			for name, size := range map[string]int64{f.Bootstrap: f.Size, f.Zip: f.ZipSize} {
				info, err := os.Stat(filepath.Join(out, name))
				require.NoError(t, err)
				assert.Equal(t, info.Size(), size, name)
			}
		}
		for _, f := range report.Files {
			all[f.Path] = f.Result
		}
		return all
	}

	report, notes := run("a")
	assert.Equal(t, map[string]dist.Result{"a": dist.Created, "template.yaml": dist.Created}, results(report))
	assert.Equal(t, []string{"shown/template.yaml refers to zip files that are not built yet: b.zip"}, notes)
	template, err := os.ReadFile(filepath.Join(out, "template.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(template), "  ApiKey:\n    Type: String\n    NoEcho: true\n")
	assert.Contains(t, string(template), "MemorySize: 512\n")
	for _, absent := range []string{"canary", "AWS_REGION", "FNGEN_TARGET"} {
		assert.NotContains(t, string(template), absent)
	}

	report, notes = run()
	assert.Equal(t, map[string]dist.Result{
		"a": dist.Unchanged, "b": dist.Created, "template.yaml": dist.Unchanged,
	}, results(report))
	assert.Empty(t, notes)
	assert.Equal(t, []Failure{}, report.Failed)

	report, _ = run()
	assert.Equal(t, map[string]dist.Result{
		"a": dist.Unchanged, "b": dist.Unchanged, "template.yaml": dist.Unchanged,
	}, results(report))

	require.NoError(t, os.Remove(filepath.Join(out, "a.zip")))
	report, _ = run()
	assert.Equal(t, map[string]dist.Result{
		"a": dist.Created, "b": dist.Unchanged, "template.yaml": dist.Unchanged,
	}, results(report))

	// The template keeps b: without it, a deployment would remove b.
	write(t, dir, functions+"/b/b.go", "package b"+wrongType)
	write(t, out, "template.yaml", artifact.Marker+"\nResources: {}\n")
	report, notes = run()
	assert.Equal(t, map[string]dist.Result{"a": dist.Unchanged, "template.yaml": dist.Overwritten}, results(report))
	require.Len(t, report.Failed, 1)
	assert.Equal(t, "b", report.Failed[0].Function)
	require.Len(t, report.Failed[0].Errors, 1)
	assert.Regexp(t, `^api/src/functions/b/b\.go:3: Handler has type func\(\), want func\(`, report.Failed[0].Errors[0])
	assert.Empty(t, notes)
	assert.FileExists(t, filepath.Join(out, "b.zip"))

	// While a function does not parse, the template stays as it is.
	write(t, dir, functions+"/b/b.go", "package b"+unparsable)
	write(t, dir, "fngen.toml", "")
	require.NoError(t, os.Remove(filepath.Join(out, "template.yaml")))
	report, notes = run()
	assert.Equal(t, map[string]dist.Result{"a": dist.Unchanged}, results(report))
	require.Len(t, report.Failed, 1)
	assert.Contains(t, report.Failed[0].Errors[0], "b.go:3:6: ")
	assert.Equal(t, []string{"keeping shown/template.yaml, because not all functions can be read"}, notes)
	assert.NoFileExists(t, filepath.Join(out, "template.yaml"))
}

// An error in a package that functions import fails those that import it.
func TestBuildAttributesImports(t *testing.T) {
	importing := strings.Replace(valid, ")\n", "\n\t_ \"example.com/golden/api/src/lib/money\"\n)\n", 1)
	p := open(t, newDir(t, map[string]string{
		"a": valid, "b": importing, "c": importing,
		"api/src/lib/money/money.go": "package money\n\nvar x = y\n",
	}), ProjectOptions(Lambda, runtime.GOARCH, nil))
	var notes []string
	report, err := Build(context.Background(), p, filepath.Join(p.Dir, "dist"), newOptions(Lambda, &notes))
	require.NoError(t, err)
	require.Len(t, report.Functions, 1)
	assert.Equal(t, "a", report.Functions[0].Name)
	want := []string{"api/src/lib/money/money.go:3:9: undefined: y"}
	assert.Equal(t, []Failure{{Function: "b", Errors: want}, {Function: "c", Errors: want}}, report.Failed)
	assert.Equal(t, want[0], (&FailedError{report.Failed}).Detail())
}

func TestBuildServer(t *testing.T) {
	dir := newDir(t, map[string]string{"a": valid, "b": valid})
	out := filepath.Join(dir, "dist")
	run := func(target Target) Report {
		t.Helper()
		p := open(t, dir, ProjectOptions(target, runtime.GOARCH, nil))
		var notes []string
		report, err := Build(context.Background(), p, out, newOptions(target, &notes))
		require.NoError(t, err)
		assert.Empty(t, notes)
		return report
	}
	name := "server"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	for _, want := range []dist.Result{dist.Created, dist.Unchanged} {
		report := run(Server)
		require.Len(t, report.Programs, 1)
		info, err := os.Stat(filepath.Join(out, name))
		require.NoError(t, err)
		assert.Equal(t, Program{
			OS: runtime.GOOS, Arch: runtime.GOARCH, Result: want, Path: name, Size: info.Size(),
		}, report.Programs[0])
		assert.Empty(t, report.Files)
	}
	info, err := buildinfo.ReadFile(filepath.Join(out, name))
	require.NoError(t, err)
	assert.Contains(t, info.Settings, debug.BuildSetting{Key: "CGO_ENABLED", Value: "0"})

	report := run(Container)
	require.Len(t, report.Programs, 1)
	assert.Equal(t, "linux/"+runtime.GOARCH+"/server", report.Programs[0].Path)
	assert.Equal(t, []File{
		{"Dockerfile", dist.Created}, {"ingress.yaml", dist.Created}, {"knative.yaml", dist.Created}, {"kubernetes.yaml", dist.Created},
	}, report.Files)

	// A server is not built without one of its functions, and the old one
	// stays.
	for _, broken := range []string{wrongType, unparsable} {
		write(t, dir, functions+"/b/b.go", "package b"+broken)
		report := run(Server)
		assert.Empty(t, report.Programs)
		require.Len(t, report.Failed, 1)
		assert.Equal(t, "b", report.Failed[0].Function)
		assert.FileExists(t, filepath.Join(out, name))
	}
}

// Files that no build wrote are not overwritten.
func TestBuildForeignFile(t *testing.T) {
	p := newProject(t, map[string]string{"a": valid, "out/a.zip": "mine"})
	var notes []string
	_, err := Build(context.Background(), p, filepath.Join(p.Dir, "out"), newOptions(Lambda, &notes))
	var foreign *dist.ForeignError
	require.ErrorAs(t, err, &foreign)
	assert.EqualError(t, err, "cannot overwrite shown/a.zip: not a zip file that fngen wrote")
	data, err := os.ReadFile(filepath.Join(p.Dir, "out", "a.zip"))
	require.NoError(t, err)
	assert.Equal(t, "mine", string(data))
}

func TestBuildCanceled(t *testing.T) {
	p := newProject(t, map[string]string{"a": valid})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var notes []string
	_, err := Build(ctx, p, filepath.Join(p.Dir, "dist"), newOptions(Lambda, &notes))
	require.ErrorIs(t, err, context.Canceled)
	assert.NoDirExists(t, filepath.Join(p.Dir, "dist"))
}

func TestAbbreviate(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e"}
	for n, want := range []string{"", "a", "a, b", "a, b, c", "a, b, c and 1 more", "a, b, c and 2 more"} {
		assert.Equal(t, want, abbreviate(names[:n]))
	}
}
