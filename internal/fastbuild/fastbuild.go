// Package fastbuild builds a main package again and again, and faster than the
// go command if only the contents of Go files have changed, and not what they
// import. It then calls the compiler for the changed packages, and for those
// that import them if their export data has changed, and the linker. Anything
// else is left to go build.
//
// The result is the one of go build, byte for byte. The commands are those of
// the last go build. Build IDs are hashes, the input of which go build has
// printed, with the changed lines replaced. Nothing is written to the build
// cache.
package fastbuild

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"

	"github.com/fngen/fngen/internal/overlay"
)

// A Builder builds one main package. It must not be used by several goroutines
// at the same time.
type Builder struct {
	Out string // the file to build
	Dir string // holds intermediate files between builds; must not be used otherwise

	last *state // the program as last built, or nil
	fast bool   // the last build was done without the go command
}

// Build builds the main package pkg, as [overlay.Overlay.Build] does.
func (b *Builder) Build(ctx context.Context, o overlay.Overlay, pkg string) error {
	if runtime.GOOS != "linux" { // macOS requires a signature after the build ID; Windows is not tested
		return o.Build(ctx, b.Out, pkg)
	}
	if b.last != nil && (b.last.pkg != pkg || !sameOverlay(b.last.overlay, o)) {
		b.last = nil
	}
	b.fast = false
	var files snapshot
	if b.last != nil {
		files = b.last.snapshot()
		if next, err := b.last.rebuild(ctx, files, b.Dir, b.Out); err == nil {
			b.last, b.fast = next, true
			_ = next.removeOld(b.Dir) // or after the next build
			return nil
		} else if !isFallback(err) { // the compiler may have found an error: go build reports it
			return o.Build(ctx, b.Out, pkg)
		}
	}
	return b.record(ctx, o, pkg, files)
}

// record builds with the go command and remembers how it did. files are the
// source files before the build, as far as they are known.
func (b *Builder) record(ctx context.Context, o overlay.Overlay, pkg string, files snapshot) error {
	trace, err := o.Trace(ctx, b.Out, pkg)
	if err != nil || trace == "" {
		return err
	}
	env, err := o.Env(ctx, "GOMODCACHE", "GOWORK", "GOFLAGS")
	if err != nil {
		return nil // there is a program; the next build is no faster
	}
	next := parseTrace(trace, env["GOMODCACHE"])
	if next.link == nil { // the program was up to date
		return nil
	}
	next.overlay, next.pkg, next.workspace = o, pkg, env["GOWORK"]
	for _, flag := range []string{"-modfile", "-overlay", "-pgo"} { // files that snapshot does not read
		next.broken = next.broken || strings.Contains(env["GOFLAGS"]+strings.Join(o.Flags, " "), flag)
	}
	if b.last != nil {
		next.addCommands(b.last)
	}
	next.broken = next.broken || !hasContentID(b.Out, next.linkHash.id()+"/"+next.mainID+"/")
	next.setFiles(files)
	if next.binary, err = os.Stat(b.Out); err != nil {
		return err
	}
	b.last = next
	return os.MkdirAll(b.Dir, 0o700)
}

func sameOverlay(a, b overlay.Overlay) bool {
	return a.Root == b.Root && reflect.DeepEqual(a.Files, b.Files) && reflect.DeepEqual(a.Flags, b.Flags) &&
		reflect.DeepEqual(a.Environ, b.Environ)
}

// isIn reports whether path is dir or below it.
func isIn(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel)
}
