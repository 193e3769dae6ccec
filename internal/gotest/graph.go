package gotest

import (
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// GraphFields are what [ParseGraph] reads of go list -e -deps -test -json=....
const GraphFields = "ImportPath,Dir,Standard,DepOnly,Deps,Module,EmbedFiles,TestEmbedFiles,XTestEmbedFiles"

// A Graph knows which packages' tests a file can touch.
type Graph struct {
	tested []string            // the packages that were asked for
	dirs   map[string]string   // the package in a directory
	users  map[string][]string // of a package, the tested packages that depend on it, itself among them
	embeds map[string][]string // of an embedded file, the packages to test
	local  []string
}

// listed is a package as go list prints it.
type listed struct {
	ImportPath      string
	Dir             string
	Standard        bool
	DepOnly         bool
	Deps            []string
	EmbedFiles      []string
	TestEmbedFiles  []string
	XTestEmbedFiles []string
	Module          *struct {
		Version string
		Replace *struct{ Version string }
	}
}

// ParseGraph reads go list -e -deps -test, with -json of [GraphFields].
func ParseGraph(r io.Reader) (*Graph, error) {
	g := &Graph{dirs: map[string]string{}, users: map[string][]string{}, embeds: map[string][]string{}}
	var packages []listed
	deps := map[string][]string{} // of packages with their tests
	decoder := json.NewDecoder(r)
	for {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if p.Standard {
			continue
		}
		// A package's variant for a test is called p [q.test], and its test's main package p.test.
		path, _, variant := strings.Cut(p.ImportPath, " [")
		pkg, isTest := strings.CutSuffix(path, ".test")
		switch {
		case isTest && !p.DepOnly:
			deps[pkg] = append(deps[pkg], p.Deps...)
		case !variant:
			packages = append(packages, p)
			if !p.DepOnly {
				deps[path] = append(deps[path], p.Deps...)
				g.tested = append(g.tested, path)
			}
		}
	}
	slices.Sort(g.tested)
	for _, pkg := range g.tested {
		users := []string{pkg}
		for _, dep := range deps[pkg] {
			dep, _, _ = strings.Cut(dep, " [")
			users = append(users, dep)
		}
		slices.Sort(users)
		for _, dep := range slices.Compact(users) {
			g.users[dep] = append(g.users[dep], pkg)
		}
	}
	for _, p := range packages {
		if p.Dir == "" {
			continue
		}
		g.dirs[p.Dir] = p.ImportPath
		if m := p.Module; m == nil || m.Version == "" || m.Replace != nil && m.Replace.Version == "" {
			g.local = append(g.local, p.Dir)
		}
		for _, file := range p.EmbedFiles {
			g.embeds[filepath.Join(p.Dir, file)] = g.users[p.ImportPath]
		}
		for _, file := range slices.Concat(p.TestEmbedFiles, p.XTestEmbedFiles) {
			file = filepath.Join(p.Dir, file)
			g.embeds[file] = append(slices.Clip(g.embeds[file]), g.own(p.ImportPath)...)
		}
	}
	slices.Sort(g.local)
	return g, nil
}

// Dirs are the directories of packages that somebody may be at work on: those of the main module,
// of a workspace, and of modules that are replaced by directories.
func (g *Graph) Dirs() []string { return g.local }

// Knows tells whether a file is of a package. One that is not may be of a new one.
func (g *Graph) Knows(file string) bool {
	_, isEmbedded := g.embeds[file]
	return isEmbedded || g.dirs[filepath.Dir(file)] != ""
}

// Touched are the tested packages whose tests may end differently after a file has changed, sorted. A
// package's files are all those in its folder, since a test may read what is no Go, and
// those in its testdata. Its tests and testdata concern its own tests alone.
func (g *Graph) Affected(file string) []string {
	touched := slices.Clone(g.embeds[file])
	dir := filepath.Dir(file)
	if pkg := g.dirs[dir]; pkg != "" {
		if strings.HasSuffix(file, "_test.go") {
			touched = append(touched, g.own(pkg)...)
		} else {
			touched = append(touched, g.users[pkg]...)
		}
	}
	for name := file; filepath.Dir(name) != name; name = filepath.Dir(name) {
		if filepath.Base(name) == "testdata" {
			touched = append(touched, g.own(g.dirs[filepath.Dir(name)])...)
		}
	}
	slices.Sort(touched)
	return slices.Compact(touched)
}

// own is a package, where it is one that is tested.
func (g *Graph) own(pkg string) []string {
	if _, ok := slices.BinarySearch(g.tested, pkg); ok {
		return []string{pkg}
	}
	return nil
}
