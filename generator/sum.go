package generator

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"slices"
	"sort"
	"strings"
)

// SumFile is the file next to go.mod that records what fngen wrote. Each line has
// the path of a file, the version of fngen that wrote it and a hash of its
// contents. The lines are sorted.
const SumFile = "fngen.sum"

// sums holds the records of fngen.sum and the edits to them. The text is searched
// in place, not parsed, so that the thousandth function takes as long as the
// first.
type sums struct {
	text  []byte            // sorted lines
	edits map[string]string // new lines by path, "" for removed ones
}

func parseSums(data []byte) (*sums, error) {
	text := bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, '\n')
	}
	s := &sums{text: text, edits: map[string]string{}}
	sorted := true
	var before []byte
	for number, rest := 1, text; len(rest) > 0; number++ {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		if bytes.Count(line, []byte(" ")) != 2 {
			return nil, &SumError{Line: number, Text: string(line)}
		}
		sorted = sorted && bytes.Compare(before, line) <= 0
		before = line
	}
	if !sorted { // git merged it
		lines := strings.SplitAfter(string(text), "\n")
		slices.Sort(lines)
		s.text = []byte(strings.Join(lines, ""))
	}
	return s, nil
}

// format returns the text with the edits.
func (s *sums) format() []byte {
	var out []byte
	done := 0
	for _, path := range slices.Sorted(maps.Keys(s.edits)) {
		start, end := s.find(path)
		if out == nil {
			out = make([]byte, 0, len(s.text)+len(s.edits)*160)
		}
		out = append(out, s.text[done:start]...)
		out = append(out, s.edits[path]...)
		done = end
	}
	if out == nil {
		return s.text
	}
	if out = append(out, s.text[done:]...); len(out) == 0 {
		return nil
	}
	return out
}

// find returns the start and the end of the line of a path. They are equal, and
// where the line belongs, if there is none.
func (s *sums) find(path string) (start, end int) {
	prefix := []byte(path + " ")
	// Each offset stands for the line that contains it.
	at := sort.Search(len(s.text), func(i int) bool {
		return bytes.Compare(s.text[s.lineStart(i):], prefix) >= 0
	})
	start = at
	if at < len(s.text) {
		start = s.lineStart(at)
	}
	end = start
	if bytes.HasPrefix(s.text[start:], prefix) {
		end = start + bytes.IndexByte(s.text[start:], '\n') + 1
	}
	return start, end
}

func (s *sums) lineStart(i int) int { return bytes.LastIndexByte(s.text[:i], '\n') + 1 }

// record returns the version and the hash of a path, or "" if it has no record.
func (s *sums) record(path string) (version, hash string) {
	line, edited := s.edits[path]
	if !edited {
		start, end := s.find(path)
		line = string(s.text[start:end])
	}
	fields := strings.Fields(line)
	if len(fields) != 3 {
		return "", ""
	}
	return fields[1], fields[2]
}

func (s *sums) set(path, version string, data []byte) {
	s.edits[path] = path + " " + version + " " + hash(data) + "\n"
}

// complete adds the record of a file that has its contents but no record, since a
// run was killed before it wrote fngen.sum.
func (s *sums) complete(f File, version string, existing []byte) {
	if bytes.Equal(existing, f.Data) && !s.matches(f.Path, existing) {
		s.set(f.Path, version, existing)
	}
}

func (s *sums) remove(path string) { s.edits[path] = "" }

// version returns the version that wrote a file, or "" if it has no record.
func (s *sums) version(path string) string {
	version, _ := s.record(path)
	return version
}

// matches reports whether data is what fngen wrote to path.
func (s *sums) matches(path string, data []byte) bool {
	_, recorded := s.record(path)
	return recorded == hash(data)
}

// hash returns the hash of a file. Line endings do not matter, since git may
// convert them.
func hash(data []byte) string {
	if bytes.Contains(data, []byte("\r\n")) {
		data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	}
	sum := sha256.Sum256(data)
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
