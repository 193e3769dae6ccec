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

// SumFile records the files that fngen wrote, beside go.mod: for each its
// path, the version of fngen that wrote it and a hash of its contents, one on
// a line, sorted.
const SumFile = "fngen.sum"

// sums are the records of fngen.sum, and the edits to them. The text stays
// one piece and is searched in place, so that the thousandth function costs
// what the first did.
type sums struct {
	text  []byte            // sorted lines
	edits map[string]string // by path: the new line, "" for none
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
	if !sorted { // as a merge leaves it
		lines := strings.SplitAfter(string(text), "\n")
		slices.Sort(lines)
		s.text = []byte(strings.Join(lines, ""))
	}
	return s, nil
}

// format is the text with the edits made.
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

// find is where the line of a path starts and ends, or would.
func (s *sums) find(path string) (start, end int) {
	prefix := []byte(path + " ")
	// The search is for a line, by the offset of any of its bytes.
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

// record are the version and the hash of a path, "" where there is no record.
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

func (s *sums) remove(path string) { s.edits[path] = "" }

// version is the version that wrote a file, "" where there is no record of it.
func (s *sums) version(path string) string {
	version, _ := s.record(path)
	return version
}

// matches tells whether a file is as it was written.
func (s *sums) matches(path string, data []byte) bool {
	_, recorded := s.record(path)
	return recorded == hash(data)
}

// hash is of the contents with line ends as Go files have them: git may
// check files out with others, and that is no edit.
func hash(data []byte) string {
	sum := sha256.Sum256(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
