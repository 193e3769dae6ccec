package overlay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Sources describes the source files of some packages and of their
// dependencies, as far as the user may edit them. These are the files below the
// overlay's root, in a workspace's modules, and in modules that go.mod replaces
// by directories.
type Sources struct {
	Dirs    []string // directories of packages and of their modules' go.mod files, sorted
	Targets []string // files that symlinks among the sources point to

	files    map[string]bool
	patterns map[string][]string // of go:embed directives, by the package's directory
}

// goListPackage holds fields of a package that go list prints.
type goListPackage struct {
	Dir, ImportPath string
	Standard        bool
	Imports         []string
	Module          *struct {
		Main           bool
		Version, GoMod string
		Replace        *struct{ Version string }
	}
	GoFiles, CgoFiles, CFiles, HFiles, SFiles []string
	EmbedPatterns, EmbedFiles                 []string
}

const goListFields = "Dir,ImportPath,Standard,Module,GoFiles,CgoFiles,CFiles,HFiles,SFiles,EmbedPatterns,EmbedFiles"

// Sources asks the go command for the sources of packages, which are named as
// in [Overlay.Build]. The error is a *BuildError if the go command fails.
func (o Overlay) Sources(ctx context.Context, packages ...string) (*Sources, error) {
	var out bytes.Buffer
	args := slices.Concat([]string{"list", "-e", "-deps", "-json=" + goListFields}, o.listFlags())
	if err := o.run(ctx, args, packages, &out); err != nil {
		return nil, err
	}
	listed, err := decodePackages(&out)
	if err != nil {
		return nil, err
	}
	s := &Sources{files: map[string]bool{}, patterns: map[string][]string{}}
	for _, p := range listed {
		if p.Dir != "" && !p.Standard && o.editable(p) {
			s.add(p)
		}
	}
	slices.Sort(s.Dirs)
	s.Dirs = slices.Compact(s.Dirs)
	return s, nil
}

// decodePackages decodes the packages that go list -json prints.
func decodePackages(r io.Reader) ([]goListPackage, error) {
	var packages []goListPackage
	decoder := json.NewDecoder(r)
	for {
		var p goListPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
}

// editable reports whether the user may edit a package: it is not in the module
// cache and does not come from the overlay.
func (o Overlay) editable(p goListPackage) bool {
	if o.hasDir(p.Dir) {
		return false
	}
	m := p.Module
	return m == nil || m.Version == "" || m.Replace != nil && m.Replace.Version == "" ||
		strings.HasPrefix(p.Dir, o.Root+string(filepath.Separator)) // such as vendor
}

func (s *Sources) add(p goListPackage) {
	s.Dirs = append(s.Dirs, p.Dir)
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.CFiles, p.HFiles, p.SFiles, p.EmbedFiles) {
		file := filepath.Join(p.Dir, filepath.FromSlash(name))
		s.files[file] = true
		if info, err := os.Lstat(file); err == nil && info.Mode()&os.ModeSymlink != 0 {
			if target, err := filepath.EvalSymlinks(file); err == nil {
				s.files[target] = true
				s.Targets = append(s.Targets, target)
			}
		}
	}
	if len(p.EmbedPatterns) > 0 {
		s.patterns[p.Dir] = p.EmbedPatterns
	}
	if p.Module != nil && p.Module.GoMod != "" {
		s.files[p.Module.GoMod] = true
		s.Dirs = append(s.Dirs, filepath.Dir(p.Module.GoMod))
	}
}

// Files returns the absolute paths of the files, sorted.
func (s *Sources) Files() []string { return slices.Sorted(maps.Keys(s.files)) }

// Has reports whether a file is one of the sources or would be if it existed:
// a Go file in a package's directory, or a file that matches a go:embed
// pattern.
func (s *Sources) Has(file string) bool {
	if s.files[file] {
		return true
	}
	_, isPackage := slices.BinarySearch(s.Dirs, filepath.Dir(file))
	if isPackage && strings.HasSuffix(file, ".go") && !strings.HasSuffix(file, "_test.go") {
		return true
	}
	for dir, patterns := range s.patterns {
		rel, err := filepath.Rel(dir, file)
		if err == nil && filepath.IsLocal(rel) && embeds(patterns, filepath.ToSlash(rel)) {
			return true
		}
	}
	return false
}

// embeds reports whether a go:embed pattern matches a file or one of its parent
// directories.
func embeds(patterns []string, file string) bool {
	for _, pattern := range patterns {
		pattern = strings.TrimPrefix(pattern, "all:")
		for name := file; name != "."; name = path.Dir(name) {
			if ok, _ := path.Match(pattern, name); ok {
				return true
			}
		}
	}
	return false
}
