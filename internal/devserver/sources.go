package devserver

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fngen/fngen/internal/dotenv"
	"github.com/fngen/fngen/internal/overlay"
	"github.com/fngen/fngen/internal/watch"
)

// A listing lists the source files of a program.
type listing struct {
	program Program
	sources *overlay.Sources
	began   time.Time // when the build of the program began
}

// startListing asks the go command for the source files of b, and sends them to
// l.listings. The function it returns stops that and waits for its end.
func (l *loop) startListing(ctx context.Context, b build) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if l.sources.Load() != nil { // the first listing is urgent, later ones rarely differ from the last
			select {
			case <-ctx.Done():
				return
			case <-time.After(listDelay):
			}
		}
		sources, err := b.program.Overlay.Sources(ctx, b.program.Package)
		if err != nil {
			return // the last listing remains in use
		}
		select {
		case <-ctx.Done():
		case l.listings <- listing{b.program, sources, b.began}:
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// setSources sets the source files of the program, and watches the directories
// that are not watched yet, such as those of modules outside the project. It
// reports whether a file changed after the build had begun, and was not known
// to be a source file then.
func (s *server) setSources(list listing) (changed bool, err error) {
	before := s.sources.Swap(list.sources)
	for _, dir := range list.sources.Dirs {
		if err := s.watcher.Add(dir); err != nil {
			return false, err
		}
	}
	for _, file := range list.sources.Targets {
		if err := s.watcher.AddFile(file); err != nil {
			return false, err
		}
	}
	files := list.sources.Files()
	s.watcher.Hash(files)
	return slices.ContainsFunc(files, func(file string) bool {
		isInside := strings.HasPrefix(file, s.Project+string(filepath.Separator))
		if isInside && strings.HasSuffix(file, ".go") || before != nil && before.Has(file) {
			return false // its change events were not ignored
		}
		info, err := os.Stat(file)
		return err == nil && info.ModTime().After(list.began)
	}), nil
}

// ignore reports whether changes of a file do not affect the program.
func (s *server) ignore(path string, isDir bool) bool {
	if watch.Ignored(path, isDir) {
		return true
	}
	if isDir {
		return false
	}
	name := filepath.Base(path)
	switch {
	case slices.Contains([]string{"go.mod", "go.sum", "go.work", "go.work.sum"}, name):
		return false
	case slices.Contains(append(dotenv.For("development"), "fngen.toml", "redwood.toml"), name):
		return filepath.Dir(path) != s.Project
	}
	sources := s.sources.Load()
	if strings.HasSuffix(name, ".go") && (!s.isFresh.Load() || s.isFunctionFile(path)) {
		return strings.HasSuffix(name, "_test.go") // any other Go file may be a source file by now
	}
	return sources == nil || !sources.Has(path)
}

// isFunctionFile reports whether path is below the functions directory, where
// each new file may be a new function.
func (s *server) isFunctionFile(path string) bool {
	rel, err := filepath.Rel(s.Functions, path)
	return err == nil && filepath.IsLocal(rel)
}
