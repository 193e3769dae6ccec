package fastbuild

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A snapshot has hashes of files, by absolute path. Files that cannot be read
// are missing.
type snapshot map[string]string

// snapshot reads everything that the program may depend on and that the user
// may edit.
func (s *state) snapshot() snapshot {
	files := snapshot{}
	parents := map[string]bool{}
	for _, dir := range s.dirs {
		entries, _ := os.ReadDir(dir) // that does not exist if its files are in the overlay
		for _, entry := range entries {
			if isSource(entry.Name()) && !entry.IsDir() {
				files.add(filepath.Join(dir, entry.Name()))
			}
		}
		for ; !parents[dir]; dir = filepath.Dir(dir) {
			parents[dir] = true
			for _, name := range []string{"go.mod", "go.sum", "go.work", "go.work.sum", "vendor/modules.txt"} {
				files.add(filepath.Join(dir, filepath.FromSlash(name)))
			}
		}
	}
	for _, dir := range s.trees {
		_ = filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && !entry.IsDir() {
				files.add(path)
			} else {
				files[path] = ""
			}
			return nil
		})
	}
	files.add(configFile(s.overlay.Environ))
	files.add(s.workspace)
	if s.link != nil { // there may be a new version of Go at the same path
		for _, tool := range []string{s.link.tool, s.link.compiler()} {
			if info, err := os.Stat(tool); err == nil {
				files[tool] = info.ModTime().String()
			}
		}
	}
	return files
}

// configFile returns the file that go env -w writes.
func configFile(environ []string) string {
	for _, variable := range slices.Backward(environ) {
		if file, ok := strings.CutPrefix(variable, "GOENV="); ok && file != "" {
			return file
		}
	}
	dir, _ := os.UserConfigDir()
	return filepath.Join(dir, "go", "env")
}

func (s snapshot) add(file string) {
	if data, err := os.ReadFile(file); err == nil {
		s[file] = shortHash(sha256.Sum256(data))
	}
}

// setFiles sets s.files to files, the snapshot before the build, if the go
// command has read exactly these.
func (s *state) setFiles(files snapshot) {
	if files == nil || s.broken {
		return
	}
	for _, p := range s.packages {
		if p.fixed {
			continue
		}
		for name, hash := range p.hash.files() {
			file := filepath.Join(p.dir, filepath.FromSlash(name))
			if s.overlaid(file) == nil && files[file] != hash {
				return
			}
		}
	}
	s.files = files
}

// overlaid returns the contents of a file of the overlay, or nil.
func (s *state) overlaid(file string) []byte {
	rel, err := filepath.Rel(s.overlay.Root, file)
	if err != nil {
		return nil
	}
	return s.overlay.Files[filepath.ToSlash(rel)]
}

// changed returns the files that are not as they were built, sorted. It returns
// false if that is not known, or files were added or removed.
func (s *state) changed(files snapshot) ([]string, bool) {
	if s.files == nil || s.broken || len(s.files) != len(files) {
		return nil, false
	}
	var changed []string
	for file, hash := range files {
		if old, ok := s.files[file]; !ok {
			return nil, false
		} else if old != hash {
			changed = append(changed, file)
		}
	}
	slices.Sort(changed)
	return changed, true
}

// isSource reports whether the go command compiles files of that name into a
// package.
func isSource(name string) bool {
	switch filepath.Ext(name) {
	case ".go":
		return !strings.HasSuffix(name, "_test.go")
	case ".c", ".cc", ".cpp", ".cxx", ".m", ".f", ".F", ".for", ".f90", ".h", ".hh", ".hpp", ".hxx",
		".s", ".S", ".sx", ".swig", ".swigcxx", ".syso", ".pgo":
		return true
	}
	return false
}
