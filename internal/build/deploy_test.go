package build

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/hint"
)

// A server of a container responds to /healthz itself.
func TestBuildHealthz(t *testing.T) {
	routes := func(patterns string) string {
		return strings.Replace(valid, "func Handler", "var Routes = []string{"+patterns+"}\n\nfunc Handler", 1)
	}
	for name, test := range map[string]struct {
		files   map[string]string
		refused string
	}{
		"name":        {map[string]string{"a": valid, "healthz": valid}, "healthz"},
		"route":       {map[string]string{"status": routes(`"GET /status", "GET /healthz"`)}, "status"},
		"any method":  {map[string]string{"status": routes(`"/healthz"`)}, "status"},
		"HEAD":        {map[string]string{"status": routes(`"HEAD /healthz"`)}, "status"},
		"POST":        {map[string]string{"status": routes(`"POST /healthz"`)}, ""},
		"below":       {map[string]string{"status": routes(`"GET /healthz/{part}"`)}, ""},
		"other route": {map[string]string{"healthz": routes(`"GET /status"`)}, ""},
		"group":       {map[string]string{"api/src/functions/checks/healthz/healthz.go": "package healthz" + valid}, ""},
	} {
		p := open(t, newDir(t, test.files), ProjectOptions(Container, runtime.GOARCH, nil))
		var notes []string
		b, err := newBuilder(p, newOptions(Container, &notes))
		require.NoError(t, err, name)
		_, err = b.containerFiles()
		if test.refused == "" {
			require.NoError(t, err, name)
			continue
		}
		require.EqualError(t, err, test.refused+" would get no requests: the server of a container responds to /healthz itself, "+
			"as its health check", name)
		assert.Equal(t, "rename the function, or give it another route", hint.Of(err))
	}
}

func TestContainerBase(t *testing.T) {
	base := "example.com/base:1@sha256:" + strings.Repeat("ab", 32)
	for _, test := range []struct{ config, want string }{
		{"", "gcr.io/distroless/static-debian12:nonroot@sha256:"},
		{"[container]\nbase = \"" + base + "\"\n", base + "\n"},
	} {
		p := open(t, newDir(t, map[string]string{"a": valid, "fngen.toml": test.config}), ProjectOptions(Container, "", nil))
		var notes []string
		b, err := newBuilder(p, newOptions(Container, &notes))
		require.NoError(t, err)
		files, err := b.containerFiles()
		require.NoError(t, err)
		assert.Contains(t, string(files["Dockerfile"]), "\nFROM "+test.want)
	}
}

// A note names functions that may take longer than the API waits.
func TestBuildTimeouts(t *testing.T) {
	const config = "[functions.a]\ntimeout = 31\n[functions.b]\ntimeout = 30\n[functions.c]\ntimeout = 29\n"
	for _, test := range []struct {
		rest bool
		want string
	}{
		{false, "an HTTP API waits 30 s for a response, less than the timeout of a (31 s)"},
		{true, "a REST API waits 29 s for a response, less than the timeout of a (31 s), b (30 s)"},
	} {
		p := open(t, newDir(t, map[string]string{"a": valid, "b": valid, "c": valid, "fngen.toml": config}),
			ProjectOptions(Lambda, runtime.GOARCH, nil))
		var notes []string
		o := newOptions(Lambda, &notes)
		o.REST = test.rest
		_, err := Build(context.Background(), p, filepath.Join(p.Dir, "dist"), o)
		require.NoError(t, err)
		assert.Equal(t, []string{test.want}, notes)
	}
}

// Builds read the deploy directory through the project's root, which no symlink
// leaves.
func TestDeployLinks(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(outside, []byte("FROM secret\n"), 0o666))
	p := newProject(t, map[string]string{"a": valid, "deploy/other.txt": "", "deploy/chart/values.yaml": "{{"})
	require.NoError(t, os.Symlink(outside, filepath.Join(p.Dir, "deploy", "Dockerfile")))
	var notes []string
	b, err := newBuilder(p, newOptions(Container, &notes))
	require.NoError(t, err)
	_, err = b.containerFiles()
	require.ErrorContains(t, err, "deploy/Dockerfile: path escapes from parent")
}
