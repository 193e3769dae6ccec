package testrun

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/gotest"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/project"
)

func TestMatch(t *testing.T) {
	all := []gotest.Function{
		{Name: "divide", File: "api/src/functions/divide/divide_test.go"},
		{Name: "hello", File: "api/src/functions/hello_test.go"},
		{Name: "slack/events", File: "api/src/functions/slack/events/events_test.go"},
		{Name: "slack/updateUser", File: "api/src/functions/slack/updateUser/updateUser_test.go"},
		{Name: "updateOrder", File: "api/src/functions/updateOrder"},
	}
	everything := []string{"divide", "hello", "slack/events", "slack/updateUser", "updateOrder"}
	tests := []struct {
		names, want []string
	}{
		{nil, everything},
		{[]string{"api"}, everything},
		{[]string{"api", "divide"}, []string{"divide"}},
		{[]string{"Div", "HEL"}, []string{"divide", "hello"}},
		{[]string{"update-order"}, []string{"updateOrder"}},
		{[]string{"order"}, []string{"updateOrder"}},
		{[]string{"functions/divide/"}, []string{"divide"}},
		{[]string{"./api/src/functions/hello_test.go"}, []string{"hello"}},
		{[]string{"functions/updateOrder/"}, []string{"updateOrder"}},
		{[]string{"slack"}, []string{"slack/events", "slack/updateUser"}},
		{[]string{"slack/"}, []string{"slack/events", "slack/updateUser"}},
		{[]string{"Slack/Events"}, []string{"slack/events"}},
		{[]string{"slack/update-user"}, []string{"slack/updateUser"}},
		{[]string{"events"}, []string{"slack/events"}},
	}
	for _, test := range tests {
		functions, err := match(append([]gotest.Function(nil), all...), test.names)
		require.NoError(t, err)
		var names []string
		for _, f := range functions {
			names = append(names, f.Name)
		}
		assert.Equal(t, test.want, names, "%q", test.names)
	}

	for name, want := range map[string]string{"divied": "fngen test divide", "nothing": "fngen list", "": "fngen list"} {
		_, err := match(all, []string{"hello", name})
		var noMatch *NoMatchError
		require.ErrorAs(t, err, &noMatch)
		assert.Equal(t, name, noMatch.Name)
		assert.Equal(t, want, hint.Of(err))
	}
	_, err := match([]gotest.Function{{Name: "api"}, {Name: "divide"}}, []string{"api"})
	assert.NoError(t, err, "a function can be called api")
}

func TestNewFunction(t *testing.T) {
	const pkg, dir = "example.com/app/functions", "functions"
	tests := []struct {
		name  string
		files []string
		want  gotest.Function
	}{
		{
			"flat", []string{"functions/flat.go"},
			gotest.Function{Name: "flat", Package: pkg, File: "functions/flat_test.go", Flat: true},
		},
		{
			"a", []string{"functions/a/a.go", "functions/a/a_test.go", "functions/a/b_test.go"},
			gotest.Function{Name: "a", Package: pkg + "/a", File: "functions/a/a_test.go"},
		},
		{
			"a", []string{"functions/a/index.go", "functions/a/index_test.go", "functions/a/a_scenarios_test.go"},
			gotest.Function{Name: "a", Package: pkg + "/a", File: "functions/a/index_test.go"},
		},
		{
			"a", []string{"functions/a/index.go", "functions/a/x_test.go", "functions/a/y_test.go"},
			gotest.Function{Name: "a", Package: pkg + "/a", File: "functions/a"},
		},
		{
			"a/b", []string{"functions/a/b/b.go", "functions/a/b/b_test.go", "functions/a/b/x_test.go"},
			gotest.Function{Name: "a/b", Package: pkg + "/a/b", File: "functions/a/b/b_test.go"},
		},
	}
	for _, test := range tests {
		assert.Equal(t, test.want, newFunction(pkg, dir, test.name, test.files), "%q", test.files)
	}
}

func TestPatterns(t *testing.T) {
	functions := []gotest.Function{
		{Name: "b", Package: "m/f/b"},
		{Name: "flat", Package: "m/f", Flat: true},
		{Name: "flat2", Package: "m/f", Flat: true},
	}
	assert.Equal(t, []string{"./f", "./f/b", "./f/b/..."}, patterns("f", functions))
	assert.Equal(t, "m", module(functions, "f"))
	assert.Equal(t, "m", module(functions[1:], "f"))
}

// newRunner returns a runner for a project with the functions good and bad.
func newRunner(t *testing.T) (*Runner, *bytes.Buffer) {
	t.Helper()
	dir := t.TempDir()
	const functions = "api/src/functions/"
	for name, text := range map[string]string{
		"go.mod":                   "module example.com/app\n\ngo 1.22\n",
		".env.test":                "FROM_FILE=test\n",
		functions + "good/good.go": "package good\n\nfunc Handler() {}\n",
		functions + "good/good_test.go": `package good

import (
	"os"
	"testing"
)

func TestGood(t *testing.T) {
	if os.Getenv("FROM_FILE") != "test" {
		t.Error()
	}
}
`,
		functions + "bad/bad.go":      "package bad\n\nfunc Handler() {}\n",
		functions + "bad/bad_test.go": "package bad\n\nimport \"testing\"\n\nfunc TestBad(t *testing.T) { t.Error() }\n",
		functions + "tool/tool.go":    "package main\n\nfunc Handler() {}\n",
	} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o777))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o666))
	}
	p, err := project.Open(dir, project.Options{Env: func(string) string { return "" }})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	var out bytes.Buffer
	return &Runner{
		Project: p, Environ: append(os.Environ(), "GOFLAGS=-mod=readonly -trimpath", "GOWORK=off"), Stdout: &out, Stderr: io.Discard,
		Note:   func(message, _ string) { out.WriteString("note: " + message + "\n") },
		Report: func(err error) { t.Error(err) },
	}, &out
}

func TestRun(t *testing.T) {
	r, out := newRunner(t)
	err := r.Run(context.Background())
	var failed *FailedError
	require.ErrorAs(t, err, &failed)
	assert.Equal(t, 1, failed.Code)
	assert.Contains(t, out.String(), "note: skipping api/src/functions/tool")
	assert.Contains(t, out.String(), "FAIL  api/src/functions/bad/bad_test.go")
	assert.Contains(t, out.String(), "Functions:  1 failed, 1 passed, 2 total\n")

	out.Reset()
	r.Names = []string{"good"}
	require.NoError(t, r.Run(context.Background()))
	assert.Contains(t, out.String(), "  ✓ TestGood")
	assert.NotContains(t, out.String(), "note")

	out.Reset()
	r.JSON = true
	require.NoError(t, r.Run(context.Background()))
	assert.Contains(t, out.String(), `"Action":"pass","Package":"example.com/app/api/src/functions/good"`)
	assert.NotContains(t, out.String(), "✓")

	r.Names = []string{"godo"}
	assert.EqualError(t, r.Run(context.Background()), `no function matches "godo"`)
	r.Names = nil
	require.NoError(t, os.RemoveAll(filepath.Join(r.Project.Dir, "api")))
	assert.EqualError(t, r.Run(context.Background()), "no functions in api/src/functions")
}

// The tests run at once, and q ends the session.
func TestWatchRunsAndQuits(t *testing.T) {
	r, out := newRunner(t)
	r.Names = []string{"good"}
	keys := make(chan byte)
	prompted := make(chan struct{})
	r.Stderr = writerFunc(func(p []byte) (int, error) {
		if string(p) == keysHelp {
			close(prompted)
		}
		return len(p), nil
	})
	ended := make(chan error, 1)
	go func() { ended <- r.Watch(context.Background(), keys) }()
	<-prompted
	keys <- 'q'
	require.NoError(t, <-ended)
	assert.Contains(t, out.String(), "Functions:  1 passed, 1 total\n")
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
