package build

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/overlay"
	"github.com/fngen/fngen/internal/project"
)

func TestNewServer(t *testing.T) {
	dir := newDir(t, map[string]string{
		"a": valid, "b": valid, ".env": "FROM_ENV=1\n", ".env.production": "FROM_PRODUCTION=1\n",
	})
	p := open(t, dir, project.Options{Tags: []string{"own", "more"}})
	for _, test := range []struct {
		name      string
		options   ServerOptions
		flags     []string
		functions []string
		variable  string // that the .env files set
	}{
		{
			"development", ServerOptions{Command: "dev", Mode: "development"},
			[]string{"-ldflags=-s -w", "-tags=own,more"}, []string{"a", "b"}, "FROM_ENV=1",
		},
		{
			"production", ServerOptions{Command: "serve", Mode: "production", Trimpath: true},
			[]string{"-ldflags=-s -w", "-trimpath", "-tags=own,more"}, []string{"a", "b"}, "FROM_PRODUCTION=1",
		},
		{
			"debugger", ServerOptions{Command: "dev", Mode: "development", Debug: true},
			[]string{"-gcflags=example.com/golden/...=-N -l", "-tags=own,more"}, []string{"a", "b"}, "FROM_ENV=1",
		},
		{
			"linker flags of GOFLAGS", ServerOptions{
				Command: "dev", Mode: "development", Environ: []string{"GOFLAGS=-ldflags=-X=main.x=1"},
			},
			[]string{"-tags=own,more"}, []string{"a", "b"}, "FROM_ENV=1",
		},
		{
			"garbage collection of the environment", ServerOptions{
				Command: "dev", Mode: "development", Environ: []string{"GOGC=50"},
			},
			[]string{"-ldflags=-s -w", "-tags=own,more"}, []string{"a", "b"}, "FROM_ENV=1",
		},
		{
			"one function", ServerOptions{Command: "invoke", Mode: "development", Function: "b"},
			[]string{"-ldflags=-s -w", "-tags=own,more"}, []string{"b"}, "FROM_ENV=1",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			e, err := NewServer(p, test.options)
			require.NoError(t, err)
			assert.Equal(t, "api/src/functions/.fngen/"+test.options.Command, e.Package)
			assert.Equal(t, test.flags, e.Overlay.Flags)
			environ := test.options.Environ // without variables of .env files
			if !slices.Contains(environ, "GOGC=50") {
				environ = append(environ, "GOGC=400")
			}
			assert.Equal(t, environ, e.Overlay.Environ)
			assert.Contains(t, e.Environ, test.variable)
			var names []string
			for _, f := range e.Functions {
				names = append(names, f.Name)
			}
			assert.Equal(t, test.functions, names)
		})
	}

	write(t, dir, functions+"/b/b.go", "package b"+unparsable)
	_, err := NewServer(p, ServerOptions{Command: "dev", Mode: "development"})
	var broken *overlay.BuildError
	require.ErrorAs(t, err, &broken)
	assert.Contains(t, broken.Output, "b.go:3:6: ")
}

func TestBuildTemp(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	dir := newDir(t, map[string]string{"a": valid})
	p := open(t, dir, project.Options{})
	o := ServerOptions{Command: "dev", Mode: "development", Environ: environ()}

	server, err := NewServer(p, o)
	require.NoError(t, err)
	file, remove, err := server.BuildTemp(context.Background())
	require.NoError(t, err)
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.NotZero(t, info.Mode()&0o100, "not executable")
	require.NoError(t, remove())
	assert.NoDirExists(t, filepath.Dir(file))

	write(t, dir, functions+"/a/a.go", "package a"+wrongType)
	server, err = NewServer(p, o)
	require.NoError(t, err)
	_, _, err = server.BuildTemp(context.Background())
	var broken *overlay.BuildError
	require.ErrorAs(t, err, &broken)
	assert.Contains(t, broken.Output, functions+"/a/a.go:3: Handler has type func(), want ")

	entries, err := os.ReadDir(temp)
	require.NoError(t, err)
	assert.Empty(t, entries, "temporary files are left")
}
