package fastbuild

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

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
	if runtime.GOOS != "linux" {
		t.Skip("go build builds")
	}
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

// loaded returns a function that returns its arguments.
func loaded(o overlay.Overlay, pkg string) func() (overlay.Overlay, string, error) {
	return func() (overlay.Overlay, string, error) { return o, pkg, nil }
}

func (p *project) write(t *testing.T, name, data string) {
	file := filepath.Join(p.dir, filepath.FromSlash(name))
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(data), 0o644))
}

// build builds with the builder and with go build, compares the results, and
// reports whether the builder did without the go command. It then prepares the
// next build.
func (p *project) build(t *testing.T) (fast bool) {
	t.Helper()
	const pkg = "one/.hidden"
	require.NoError(t, p.builder.Build(t.Context(), loaded(p.overlay, pkg)))
	fast = p.builder.fast
	got, err := os.ReadFile(p.builder.Out)
	require.NoError(t, err)
	reference := filepath.Join(t.TempDir(), "program.exe")
	require.NoError(t, p.overlay.Build(t.Context(), reference, pkg))
	want, err := os.ReadFile(reference)
	require.NoError(t, err)
	require.True(t, string(want) == string(got), "the result differs from that of go build")
	require.NoError(t, p.builder.Record(t.Context(), p.overlay, pkg))
	return fast
}

// TestEdits makes one change after the other.
func TestEdits(t *testing.T) {
	const (
		none = iota // go build builds
		fast
	)
	p := newProject(t, "-ldflags=-s -w")
	p.write(t, "lib/other_plan9.go", "package lib\n\nfunc Other() {}\n")
	p.build(t)
	body := func(n int) string { return function("one", fmt.Sprintf("return s + \"%d\"", n)) }
	edits := []struct {
		name, file, data string
		want             int
	}{
		{"first edit", "one/one.go", body(0), fast},
		{"body", "one/one.go", body(2), fast},
		{"back", "one/one.go", body(0), fast},
		{"another body", "one/one.go", body(1), fast},
		{"comment", "one/one.go", body(1) + "\n// A comment.\n", fast},
		{"nothing", "one/one.go", body(1) + "\n// A comment.\n", none},
		{"inlined by main", "one/one.go", strings.Replace(body(1), `text(lib.Upper("x"))`, `lib.Upper("y")`, 1), fast},
		{"inlined by main again", "one/one.go", strings.Replace(body(1), `text(lib.Upper("x"))`, `lib.Upper("z")`, 1), fast},
		{"imported by two", "lib/lib.go", strings.Replace(lib, "ToUpper", "ToLower", 1), fast},
		{"another package", "two/two.go", function("two", "return s"), fast},
		{"the first package", "one/one.go", body(3), fast},
		{"imported by two, again", "lib/lib.go", lib, fast},
		{"new function", "lib/lib.go", lib + "func New() {}\n", fast},
		{"new import", "lib/lib.go", strings.Replace(lib, "\nfunc", "\nimport _ \"sort\"\n\nfunc", 1), none},
		{"import removed", "lib/lib.go", lib, none},
		{"new file", "lib/new.go", "package lib\n\nvar X = 1\n", none},
		{"body after a new file", "lib/new.go", "package lib\n\nvar X = 2\n", fast},
		{"build constraint", "lib/new.go", "//go:build plan9\n\npackage lib\n\nvar X = 3\n", none},
		{"file that is not built", "lib/new.go", "//go:build plan9\n\npackage lib\n\nvar X = 4\n", none},
		{"file that is built again", "lib/new.go", "package lib\n\nvar X = 5\n", none},
		{"file for another system", "lib/other_plan9.go", "package lib\n\nfunc Other() int { return 1 }\n", none},
		{"test file", "lib/lib_test.go", "package lib\n", none},
		{"directive", "two/two.go", "//go:generate true\n" + function("two", "return s"), none},
		{"no directive", "two/two.go", function("two", "return s+s"), fast},
		{"embedding", "two/two.go", strings.Replace(function("two", "return s+data"), "\n// H",
			"\nimport _ \"embed\"\n\n//go:embed *.txt\nvar data string\n\n// H", 1), -1},
		{"embedded", "two/a.txt", "a", none},
		{"embedded edit", "two/a.txt", "b", none},
		{"not embedded", "one/one.go", body(4), fast},
		{"not embedded again", "one/one.go", body(5), fast},
		{"go.mod", "go.mod", goMod + "\n// comment\n", none},
		{"language", "go.mod", strings.Replace(goMod, "1.25", "1.24", 1), none},
		{"error", "one/one.go", body(5) + "x", -1},
		{"type error", "one/one.go", strings.Replace(body(5), "s + ", "1 + ", 1), -1},
		{"repaired", "one/one.go", body(6), fast},
		{"imported by a package that embeds files", "lib/lib.go", strings.Replace(lib, "ToUpper", "ToTitle", 1), none},
	}
	for _, edit := range edits {
		p.write(t, edit.file, edit.data)
		if edit.want == -1 {
			fastErr := p.builder.Build(t.Context(), loaded(p.overlay, "one/.hidden"))
			err := p.overlay.Build(t.Context(), filepath.Join(t.TempDir(), "x.exe"), "one/.hidden")
			require.Error(t, err, edit.name)
			assert.Equal(t, err, fastErr, edit.name)
			continue
		}
		isFast := p.build(t)
		t.Log(edit.name, isFast)
		assert.Equal(t, edit.want == fast, isFast, edit.name)
	}
	// Several files at once, and a program that somebody else has replaced.
	p.write(t, "lib/lib.go", lib)
	p.write(t, "one/one.go", body(7))
	p.build(t)
	require.NoError(t, os.Remove(p.builder.Out))
	p.write(t, "one/one.go", body(8))
	assert.False(t, p.build(t))
	p.overlay.Files = map[string][]byte{"one/.hidden/main.go": []byte(strings.Replace(main, "two.H", "one.H", 1) + "\nvar _ = two.Handler\n")}
	assert.False(t, p.build(t))
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
			assert.Equal(t, 8, fast)
		})
	}
}

// TestRecord checks that Record does not take files for built that have changed
// since the build, and that the go command builds what is not recorded.
func TestRecord(t *testing.T) {
	const pkg = "one/.hidden"
	p := newProject(t)
	require.NoError(t, p.builder.Build(t.Context(), loaded(p.overlay, pkg)))
	p.write(t, "one/one.go", function("one", "return s"))
	require.NoError(t, p.builder.Record(t.Context(), p.overlay, pkg))
	assert.False(t, p.build(t), "edited before Record")
	p.write(t, "go.mod", strings.Replace(goMod, "1.25", "1.24", 1))
	require.NoError(t, p.builder.Build(t.Context(), loaded(p.overlay, pkg)))
	p.write(t, "go.mod", goMod)
	require.NoError(t, p.builder.Record(t.Context(), p.overlay, pkg))
	p.write(t, "one/one.go", function("one", "return s")+"\n// A comment, after which nothing is linked.\n")
	assert.False(t, p.build(t), "go.mod edited before Record")

	ctx, cancel := context.WithCancel(t.Context())
	p.write(t, "one/one.go", function("one", "return s + s")+"//go:generate true\n")
	require.NoError(t, p.builder.Build(ctx, loaded(p.overlay, pkg)))
	cancel()
	require.ErrorIs(t, p.builder.Record(ctx, p.overlay, pkg), context.Canceled)
	p.write(t, "one/one.go", function("one", "return s"))
	assert.False(t, p.build(t), "cancelled Record")
	p.write(t, "one/one.go", function("one", "return s + s"))
	assert.True(t, p.build(t))
}

// TestLoad checks builds whose arguments cannot be loaded, or turn out to differ
// from the last ones when the last program has been built again.
func TestLoad(t *testing.T) {
	p := newProject(t, "-ldflags=-s -w")
	p.build(t)
	failure := errors.New("does not load")
	edit := func(i int) { p.write(t, "one/one.go", function("one", fmt.Sprintf("return s + \"%d\"", i))) }
	for i, wait := range []bool{false, true} {
		edit(i)
		before, err := os.Stat(p.builder.Out)
		require.NoError(t, err)
		err = p.builder.Build(t.Context(), func() (overlay.Overlay, string, error) {
			if wait {
				require.Eventually(t, func() bool {
					now, err := os.Stat(p.builder.Out)
					return err == nil && !os.SameFile(before, now)
				}, time.Minute, time.Millisecond)
			}
			return overlay.Overlay{}, "", failure
		})
		require.ErrorIs(t, err, failure)
		p.build(t)
		edit(i + 10)
		assert.True(t, p.build(t), "the next build")

		edit(i + 20)
		p.overlay.Files = map[string][]byte{"one/.hidden/main.go": fmt.Appendf(nil, "%s\nfunc init() { fmt.Println(%d) }\n", main, i)}
		assert.False(t, p.build(t), "another main package")
	}
}
