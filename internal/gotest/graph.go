package gotest

import (
	"encoding/json"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// GraphFields lists the fields that [ParseGraph] needs, for the flag -json of
// go list.
const GraphFields = "ImportPath,Dir,Standard,DepOnly,Deps,Module,EmbedFiles,TestEmbedFiles,XTestEmbedFiles"

// A Graph describes which packages' tests depend on which files.
type Graph struct {
	tested     []string            // the packages that were listed, sorted
	dirs       map[string]string   // directory to package
	dependents map[string][]string // package to the tested packages that depend on it, including itself
	embeds     map[string][]string // embedded file to the tested packages that depend on it
	local      []string            // see Dirs
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

// ParseGraph parses the output of go list -e -deps -test with
// -json=[GraphFields].
func ParseGraph(r io.Reader) (*Graph, error) {
	g := &Graph{dirs: map[string]string{}, dependents: map[string][]string{}, embeds: map[string][]string{}}
	var packages []listed
	deps := map[string][]string{} // of each tested package and its tests
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
		// A package that is recompiled for a test is listed as p [q.test], and
		// the main package of its test as p.test.
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
		all := []string{pkg}
		for _, dep := range deps[pkg] {
			dep, _, _ = strings.Cut(dep, " [")
			all = append(all, dep)
		}
		slices.Sort(all)
		for _, dep := range slices.Compact(all) {
			g.dependents[dep] = append(g.dependents[dep], pkg)
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
			g.embeds[filepath.Join(p.Dir, file)] = g.dependents[p.ImportPath]
		}
		for _, file := range slices.Concat(p.TestEmbedFiles, p.XTestEmbedFiles) {
			file = filepath.Join(p.Dir, file)
			g.embeds[file] = append(slices.Clip(g.embeds[file]), g.ifTested(p.ImportPath)...)
		}
	}
	slices.Sort(g.local)
	return g, nil
}

// Dirs returns the directories of packages that the user may be editing: those
// of the main module, of a workspace, and of modules that are replaced by
// directories. They are sorted.
func (g *Graph) Dirs() []string { return g.local }

// Knows reports whether a file belongs to a package of the graph. A Go file
// that does not may be part of a new package.
func (g *Graph) Knows(file string) bool {
	_, isEmbedded := g.embeds[file]
	return isEmbedded || g.dirs[filepath.Dir(file)] != ""
}

// Affected returns the tested packages whose results a change of file can
// affect, sorted. All files in a package's directory count, because a test can
// read files that are not Go. A package's tests and testdata affect only its
// own tests.
func (g *Graph) Affected(file string) []string {
	affected := slices.Clone(g.embeds[file])
	dir := filepath.Dir(file)
	if pkg := g.dirs[dir]; pkg != "" {
		if strings.HasSuffix(file, "_test.go") {
			affected = append(affected, g.ifTested(pkg)...)
		} else {
			affected = append(affected, g.dependents[pkg]...)
		}
	}
	for name := file; filepath.Dir(name) != name; name = filepath.Dir(name) {
		if filepath.Base(name) == "testdata" {
			affected = append(affected, g.ifTested(g.dirs[filepath.Dir(name)])...)
		}
	}
	slices.Sort(affected)
	return slices.Compact(affected)
}

// ifTested returns pkg if it is a tested package, and nil otherwise.
func (g *Graph) ifTested(pkg string) []string {
	if _, ok := slices.BinarySearch(g.tested, pkg); ok {
		return []string{pkg}
	}
	return nil
}
