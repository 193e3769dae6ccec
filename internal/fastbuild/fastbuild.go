// Package fastbuild builds a main package again and again, and faster than the
// go command if only the contents of Go files have changed, and not what they
// import. It then calls the compiler for the changed packages, and for those
// that import them if their export data has changed, and the linker. Anything
// else is left to go build.
//
// The result is the one of go build, byte for byte. The commands are those of
// go build. Build IDs are hashes, the input of which go build has printed, with
// the changed lines replaced. Nothing is written to the build cache.
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

	last     *state // the program as last recorded or built, or nil
	fast     bool   // the last build was done without the go command
	recorded bool   // Record has been called since the last build
}

// Build builds the main package pkg of the overlay that load returns, as
// [overlay.Overlay.Build] does. load runs while Build builds the last one again,
// which is most often the same. If load fails, Build returns its error, and Out
// may be of the last overlay.
func (b *Builder) Build(ctx context.Context, load func() (o overlay.Overlay, pkg string, err error)) error {
	b.recorded = false
	stop := b.rebuild(ctx)
	o, pkg, err := load()
	isSame := err == nil && b.last != nil && b.last.pkg == pkg && sameOverlay(b.last.overlay, o)
	b.fast = stop(isSame)
	if err != nil || isSame && b.fast {
		return err
	}
	b.fast = false
	return o.Build(ctx, b.Out, pkg) // which also reports what the compiler has found
}

// rebuild starts to build the last overlay without the go command. The function
// that it returns waits until that is done, or stops it, and reports whether the
// program was built.
func (b *Builder) rebuild(ctx context.Context) (stop func(wait bool) bool) {
	last := b.last
	if last == nil {
		return func(bool) bool { return false }
	}
	ctx, cancel := context.WithCancel(ctx)
	var next *state
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		next, err = last.rebuild(ctx, last.snapshot(), b.Dir, b.Out)
	}()
	return func(wait bool) bool {
		if !wait {
			cancel()
		}
		<-done
		cancel()
		if err != nil {
			return false
		}
		b.last = next
		return true
	}
}

// Record prepares the next build: it asks the go command how it has done the
// last one, which must have succeeded and have had the same arguments. That
// takes about as long as a build, and may be cancelled at any time. Without it,
// the go command does the next build, too.
func (b *Builder) Record(ctx context.Context, o overlay.Overlay, pkg string) error {
	if runtime.GOOS != "linux" || b.recorded { // macOS requires a signature after the build ID; Windows is not tested
		return nil
	}
	if !b.fast {
		next, err := b.record(ctx, o, pkg)
		if err != nil {
			return err
		}
		b.last = next
	}
	b.recorded = true
	return b.last.removeOld(b.Dir)
}

// record returns the state of the program that the go command has built.
func (b *Builder) record(ctx context.Context, o overlay.Overlay, pkg string) (*state, error) {
	if err := os.MkdirAll(b.Dir, 0o700); err != nil {
		return nil, err
	}
	binary, err := os.Stat(b.Out)
	if err != nil {
		return nil, err
	}
	env, err := o.Env(ctx, "GOMODCACHE", "GOWORK", "GOFLAGS")
	if err != nil {
		return nil, err
	}
	trace := func(flags ...string) (*state, error) {
		output, err := o.Trace(ctx, pkg, flags...)
		if err != nil {
			return nil, err
		}
		s := parseTrace(output, env["GOMODCACHE"])
		s.overlay, s.pkg, s.workspace = o, pkg, env["GOWORK"]
		return s, nil
	}
	all, err := trace("-a") // has the commands for all packages
	if err != nil {
		return nil, err
	}
	// The files that have been built are those of the snapshot if the go command
	// computes the program's build ID from them. So it must read them later.
	files := all.snapshot()
	next, err := trace()
	if err != nil {
		return nil, err
	}
	for _, flag := range []string{"-modfile", "-overlay", "-pgo"} { // files that snapshot does not read
		next.broken = next.broken || strings.Contains(env["GOFLAGS"]+strings.Join(o.Flags, " "), flag)
	}
	next.addCommands(all)
	next.broken = next.broken || !hasContentID(b.Out, next.linkHash.id()+"/"+next.mainID+"/")
	next.setFiles(files)
	next.binary = binary
	return next, nil
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
