package build

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/project"
)

func TestEmitOptions(t *testing.T) {
	p := newProject(t, map[string]string{"a": valid, "tools/go.mod": "module example.com/tools\n"})
	for _, test := range []struct {
		dir       string // relative to the project
		functions string // the functions directory, if it is not the default
		want      string // the error, or ""
	}{
		{dir: "cmd"},
		{dir: "api/src/cmd/lambda"},
		{dir: "api/src/functions/cmd"},
		{dir: ".", want: "want a directory in the project"},
		{dir: "..", want: "want a directory in the project"},
		{dir: "../cmd", want: "want a directory in the project"},
		{dir: "cmd dir", want: "cmd dir cannot be part of an import path"},
		{dir: "a/testdata/cmd", want: "the go command ignores testdata"},
		{dir: "_cmd", want: "the go command ignores _cmd"},
		{dir: "vendor/cmd", want: "the go command ignores vendor"},
		{dir: "tools", want: "tools is a module of its own"},
		{dir: "tools/a/cmd", want: "tools is a module of its own"},
		{dir: "api/src/functions", want: "this is the functions directory"},
		{dir: "cmd", functions: "api/internal/functions", want: "only packages below api can import the functions"},
		{dir: "apis/cmd", functions: "api/internal/functions", want: "only packages below api can import the functions"},
		{dir: "api/cmd", functions: "api/internal/functions"},
		{dir: "cmd", functions: "internal/functions"},
	} {
		t.Run(test.dir, func(t *testing.T) {
			project := *p
			if test.functions != "" {
				project.Functions = test.functions
			}
			b := &builder{project: &project, module: "example.com/golden"}
			options, err := b.emitOptions(filepath.Join(p.Dir, filepath.FromSlash(test.dir)))
			if test.want == "" {
				require.NoError(t, err)
				want := generator.MainOptions{Module: "example.com/golden", Lib: p.Lib, Dir: test.dir}
				assert.Equal(t, want, options)
				return
			}
			var invalid *DirError
			require.ErrorAs(t, err, &invalid)
			assert.EqualError(t, err, test.want)
		})
	}
}

// The main packages that Emit writes compile, and it overwrites nothing.
func TestEmit(t *testing.T) {
	dir := newDir(t, map[string]string{"a": valid, "b": valid})
	emit := func(target Target) ([]generator.File, error) {
		p := open(t, dir, project.Options{})
		var notes []string
		return Emit(context.Background(), p, filepath.Join(dir, "cmd"), newOptions(target, &notes))
	}
	actions := func(files []generator.File) map[string]generator.Action {
		all := map[string]generator.Action{}
		for _, f := range files {
			all[f.Path] = f.Action
			assert.FileExists(t, filepath.Join(dir, filepath.FromSlash(f.Path)))
		}
		return all
	}

	files, err := emit(Lambda)
	require.NoError(t, err)
	first := actions(files)
	assert.Equal(t, generator.Create, first["cmd/a/main.go"])
	assert.Equal(t, generator.Create, first["cmd/b/main.go"])
	cmd := exec.Command("go", "vet", "./cmd/...")
	cmd.Dir, cmd.Env = dir, environ()
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)

	files, err = emit(Lambda)
	require.NoError(t, err)
	for name, action := range actions(files) {
		assert.Equal(t, generator.Unchanged, action, name)
	}

	write(t, dir, "cmd/b/main.go", "package main // mine\n")
	require.NoError(t, os.Remove(filepath.Join(dir, "cmd", "a", "main.go")))
	_, err = emit(Lambda)
	require.EqualError(t, err, "cannot overwrite shown/main.go")
	assert.Equal(t, "remove the existing files, or choose another directory", hint.Of(err))
	data, err := os.ReadFile(filepath.Join(dir, "cmd", "b", "main.go"))
	require.NoError(t, err)
	assert.Equal(t, "package main // mine\n", string(data))
	assert.NoFileExists(t, filepath.Join(dir, "cmd", "a", "main.go"), "Emit wrote some of the files")

	files, err = emit(Server)
	require.NoError(t, err)
	assert.Equal(t, generator.Create, actions(files)["cmd/server/main.go"])

	write(t, dir, functions+"/b/b.go", "package b"+unparsable)
	_, err = emit(Server)
	var failed *FailedError
	require.ErrorAs(t, err, &failed)
	assert.EqualError(t, err, "b does not build")
}
