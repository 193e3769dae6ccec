package fastbuild

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/overlay"
)

const (
	goMod = "module example.com/app\n\ngo 1.25\n"
	lib   = "package lib\n\nimport \"strings\"\n\nfunc Upper(s string) string { return strings.ToUpper(s) }\n"
	main  = `package main

import (
	"fmt"

	"example.com/app/one"
	"example.com/app/two"
)

func main() { fmt.Println(one.Handler(), two.Handler()) }
`
)

// function returns the source of a function with the given body.
func function(name, body string) string {
	const source = `package %s

import "example.com/app/lib"

// Handler returns a text.
func Handler() string { return text(lib.Upper("x")) }

func text(s string) string {
	for range 3 {
		defer func() {}()
	}
	%s
}
`
	return fmt.Sprintf(source, name, body)
}

// A project is a module with a main package in an overlay.
type project struct {
	dir     string
	overlay overlay.Overlay
	builder *Builder
}

func newProject(t *testing.T, flags ...string) *project {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	out := t.TempDir()
	p := &project{dir: dir, builder: &Builder{Out: filepath.Join(out, "program.exe"), Dir: filepath.Join(out, "objects")}}
	p.overlay = overlay.Overlay{
		Root: dir, Files: map[string][]byte{"one/.hidden/main.go": []byte(main)}, Flags: flags,
		Environ: append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off"),
	}
	p.write(t, "go.mod", goMod)
	p.write(t, "lib/lib.go", lib)
	p.write(t, "one/one.go", function("one", `return s + "1"`))
	p.write(t, "two/two.go", function("two", `return s + "2"`))
	return p
}

func (p *project) write(t *testing.T, name, data string) {
	file := filepath.Join(p.dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(data), 0o644))
}

// build builds with the builder and with go build, compares the results, and
// reports whether the builder did without the go command.
func (p *project) build(t *testing.T) (fast bool) {
	t.Helper()
	const pkg = "one/.hidden"
	require.NoError(t, p.builder.Build(t.Context(), p.overlay, pkg))
	fast = p.builder.fast
	got, err := os.ReadFile(p.builder.Out)
	require.NoError(t, err)
	reference := filepath.Join(t.TempDir(), "program.exe")
	require.NoError(t, p.overlay.Build(t.Context(), reference, pkg))
	want, err := os.ReadFile(reference)
	require.NoError(t, err)
	require.True(t, string(want) == string(got), "the result differs from that of go build")
	return fast
}

func TestBuild(t *testing.T) {
	for name, flags := range map[string][]string{
		"stripped": {"-ldflags=-s -w"}, "debug": {"-gcflags=example.com/app/...=-N -l"}, "default": nil,
	} {
		t.Run(name, func(t *testing.T) {
			p := newProject(t, flags...)
			p.build(t)
			fast := 0
			for i := range 8 {
				name := []string{"one", "two"}[i/2%2]
				p.write(t, name+"/"+name+".go", function(name, fmt.Sprintf("return s + \"text %d\"", i)))
				if p.build(t) {
					fast++
				}
			}
			assert.Equal(t, 7, fast) // all but the first: only then is it known what go build reads
		})
	}
}
