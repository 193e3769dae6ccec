package generator

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
)

// SumFile records the files that fngen wrote, beside go.mod: for each its
// path, the version of fngen that wrote it and a hash of its contents, one on a line, sorted.
const SumFile = "fngen.sum"

// sums are the lines of fngen.sum, sorted. Lookups are binary searches, so that
// the thousandth function costs what the first did.
type sums struct{ lines []string }

func parseSums(data []byte) (*sums, error) {
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	s := &sums{lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n")}
	if text == "" {
		s.lines = nil
	}
	for i, line := range s.lines {
		if strings.Count(line, " ") != 2 {
			return nil, &SumError{Line: i + 1, Text: line}
		}
	}
	if !slices.IsSorted(s.lines) {
		slices.Sort(s.lines)
	}
	return s, nil
}

func (s *sums) format() []byte {
	if len(s.lines) == 0 {
		return nil
	}
	return []byte(strings.Join(s.lines, "\n") + "\n")
}

// find is where the record of a path is or would be, and whether it is there.
func (s *sums) find(path string) (int, bool) {
	i, _ := slices.BinarySearch(s.lines, path+" ")
	return i, i < len(s.lines) && strings.HasPrefix(s.lines[i], path+" ")
}

func (s *sums) set(path, version string, data []byte) {
	line := path + " " + version + " " + hash(data)
	i, ok := s.find(path)
	if ok {
		s.lines[i] = line
		return
	}
	s.lines = slices.Insert(s.lines, i, line)
}

func (s *sums) remove(path string) {
	if i, ok := s.find(path); ok {
		s.lines = slices.Delete(s.lines, i, i+1)
	}
}

// version is the version that wrote a file, "" where there is no record of it.
func (s *sums) version(path string) string {
	if i, ok := s.find(path); ok {
		return strings.Fields(s.lines[i])[1]
	}
	return ""
}

// matches tells whether a file is as it was written.
func (s *sums) matches(path string, data []byte) bool {
	i, ok := s.find(path)
	return ok && strings.HasSuffix(s.lines[i], " "+hash(data))
}

// hash is of the contents with line ends as Go files have them: git may
// check files out with others, and that is no edit.
func hash(data []byte) string {
	sum := sha256.Sum256(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
