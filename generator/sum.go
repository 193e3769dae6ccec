package generator

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io/fs"
	"maps"
	"slices"
	"sort"
	"strings"

	"golang.org/x/mod/semver"
)

// SumFile is the file next to go.mod that records what fngen wrote. Each line has
// the path of a file, the version of fngen that wrote it and a hash of its
// contents. The lines are sorted. After a merge of two branches, a file can have a
// line of each, and either is right until the file is written again.
const SumFile = "fngen.sum"

// attributesFile is where git finds how to merge fngen.sum.
const attributesFile = ".gitattributes"

// mergeAttribute has git keep the lines of both branches.
const mergeAttribute = SumFile + " merge=union"

// addMergeAttribute returns the contents of .gitattributes with a line for
// fngen.sum, unless there is one.
func addMergeAttribute(text []byte) []byte {
	newline := "\n"
	if bytes.Contains(text, []byte("\r\n")) {
		newline = "\r\n"
	}
	for line := range bytes.Lines(text) {
		fields := bytes.Fields(line)
		if len(fields) > 0 && string(bytes.TrimPrefix(fields[0], []byte("/"))) == SumFile {
			return text
		}
	}
	text = slices.Clone(text)
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, newline...)
	}
	return append(text, mergeAttribute+newline...)
}

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
	normal := true // sorted, and each line once
	var before []byte
	for number, rest := 1, text; len(rest) > 0; number++ {
		var line []byte
		line, rest, _ = bytes.Cut(rest, []byte("\n"))
		if bytes.Count(line, []byte(" ")) != 2 {
			return nil, &SumError{Line: number, Text: string(line)}
		}
		normal = normal && (number == 1 || bytes.Compare(before, line) < 0)
		before = line
	}
	if !normal { // git merged it
		lines := strings.SplitAfter(string(text), "\n")
		slices.Sort(lines)
		lines = slices.Compact(lines)
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

// find returns the start and the end of the lines of a path. They are equal, and
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
	for bytes.HasPrefix(s.text[end:], prefix) {
		end += bytes.IndexByte(s.text[end:], '\n') + 1
	}
	return start, end
}

func (s *sums) lineStart(i int) int { return bytes.LastIndexByte(s.text[:i], '\n') + 1 }

// A record is a line of fngen.sum.
type record struct{ version, hash string }

// records returns the records of a path: several, if branches were merged.
func (s *sums) records(path string) []record {
	lines, edited := s.edits[path]
	if !edited {
		start, end := s.find(path)
		lines = string(s.text[start:end])
	}
	var list []record
	for line := range strings.Lines(lines) {
		if fields := strings.Fields(line); len(fields) == 3 {
			list = append(list, record{fields[1], fields[2]})
		}
	}
	return list
}

func (s *sums) set(path, version string, data []byte) {
	s.edits[path] = path + " " + version + " " + hash(data) + "\n"
}

// complete adds the record of a file that has its contents but no record, since a
// run was killed before it wrote fngen.sum. Of several records, it keeps the one
// that matches.
func (s *sums) complete(f File, version string, existing []byte) {
	records := s.records(f.Path)
	i := slices.IndexFunc(records, func(r record) bool { return r.hash == hash(existing) })
	switch {
	case i >= 0 && len(records) > 1:
		s.set(f.Path, records[i].version, existing)
	case i < 0 && hash(existing) == hash(f.Data):
		s.set(f.Path, version, existing)
	}
}

func (s *sums) remove(path string) { s.edits[path] = "" }

// version returns the newest version that wrote a file, or "" if it has no record.
func (s *sums) version(path string) string {
	newest := ""
	for _, r := range s.records(path) {
		if newest == "" || semver.Compare(r.version, newest) > 0 {
			newest = r.version
		}
	}
	return newest
}

// matches reports whether data is what fngen wrote to path.
func (s *sums) matches(path string, data []byte) bool {
	records := s.records(path)
	return slices.ContainsFunc(records, func(r record) bool { return r.hash == hash(data) })
}

// recordedIn returns the paths of the files in a directory that fngen.sum lists.
// It leaves out those in directories below.
func recordedIn(text []byte, dir string) []string {
	var paths []string
	prefix := []byte(dir + "/")
	for {
		start := bytes.Index(text, prefix)
		if start < 0 {
			return paths
		}
		isLineStart := start == 0 || text[start-1] == '\n'
		text = text[start:]
		file, _, _ := bytes.Cut(text, []byte(" "))
		base := string(file[min(len(prefix), len(file)):])
		if isLineStart && fs.ValidPath(base) && base != "." && !strings.Contains(base, "/") &&
			!slices.Contains(paths, string(file)) {
			paths = append(paths, string(file))
		}
		text = text[len(prefix):]
	}
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
