package overlay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Sources are what packages are made of, as far as somebody may be at work on it: what is below the overlay's root, in
// a workspace's modules, and in modules that are replaced by directories.
type Sources struct {
	Dirs []string // of packages and of their modules' go.mod files, sorted

	files    map[string]bool
	patterns map[string][]string // of embedded files, by the package's directory
}

// listed is a package as go list prints it.
type listed struct {
	Dir, ImportPath string
	Standard        bool
	Module          *struct {
		Version, GoMod string
		Replace        *struct{ Version string }
	}
	GoFiles, CgoFiles, CFiles, HFiles, SFiles []string
	EmbedPatterns, EmbedFiles                 []string
}

const listFields = "Dir,ImportPath,Standard,Module,GoFiles,CgoFiles,CFiles,HFiles,SFiles,EmbedPatterns,EmbedFiles"

// Sources asks the go command what packages are made of. Errors: *BuildError, and those of starting it.
func (o Overlay) Sources(ctx context.Context, packages ...string) (*Sources, error) {
	var out bytes.Buffer
	args := slices.Concat([]string{"list", "-e", "-deps", "-json=" + listFields}, o.listFlags())
	if err := o.run(ctx, args, packages, &out); err != nil {
		return nil, err
	}
	s := &Sources{files: map[string]bool{}, patterns: map[string][]string{}}
	decoder := json.NewDecoder(&out)
	for {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if p.Dir != "" && !p.Standard && o.local(p) {
			s.add(p)
		}
	}
	slices.Sort(s.Dirs)
	s.Dirs = slices.Compact(s.Dirs)
	return s, nil
}

// local tells whether a package is one that somebody may be at work on.
func (o Overlay) local(p listed) bool {
	for name := range o.Files {
		if filepath.Join(o.Root, filepath.FromSlash(path.Dir(name))) == p.Dir {
			return false
		}
	}
	m := p.Module
	return m == nil || m.Version == "" || m.Replace != nil && m.Replace.Version == "" ||
		strings.HasPrefix(p.Dir, o.Root+string(filepath.Separator))
}

func (s *Sources) add(p listed) {
	s.Dirs = append(s.Dirs, p.Dir)
	for _, file := range slices.Concat(p.GoFiles, p.CgoFiles, p.CFiles, p.HFiles, p.SFiles, p.EmbedFiles) {
		s.files[filepath.Join(p.Dir, filepath.FromSlash(file))] = true
	}
	if len(p.EmbedPatterns) > 0 {
		s.patterns[p.Dir] = p.EmbedPatterns
	}
	if p.Module != nil && p.Module.GoMod != "" {
		s.files[p.Module.GoMod] = true
		s.Dirs = append(s.Dirs, filepath.Dir(p.Module.GoMod))
	}
}

// Files are the files, sorted.
func (s *Sources) Files() []string {
	files := make([]string, 0, len(s.files))
	for file := range s.files {
		files = append(files, file)
	}
	slices.Sort(files)
	return files
}

// Has tells whether a file is among the sources, or would be if it were there: a Go file in
// a package's directory, and what a package's patterns embed.
func (s *Sources) Has(file string) bool {
	if s.files[file] {
		return true
	}
	dir := filepath.Dir(file)
	if _, ok := slices.BinarySearch(s.Dirs, dir); ok && strings.HasSuffix(file, ".go") && !strings.HasSuffix(file, "_test.go") {
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

// embeds tells whether one of the patterns embeds a file, itself or with a directory that it is in.
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
