// Package gotest understands what go test -json prints, and shows it to people:
// each package as a tree of its tests, and the totals. It also knows which tests a changed file touches.
//
// It starts nothing and reads no file: the command that does hands over what came in.
package gotest

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// A Status is how a test or a package ended.
type Status int

// A test that never said how it ended is Unfinished: a timeout, an os.Exit, or a panic beside it.
const (
	Unfinished Status = iota
	Passed
	Failed
	Skipped // of a package: it has no tests
)

// A Package is what go test said of one package.
type Package struct {
	Path    string // its import path
	Status  Status
	Cached  bool
	Elapsed time.Duration
	Tests   []*Test // in the order in which they began
	Output  []byte  // what no test printed: TestMain, the coverage
	Build   string  // what the compiler or go vet said, where they refused the package

	byName map[string]*Test
}

// A Test is a test, with the subtests that it ran.
type Test struct {
	Name    string // as go test knows it, TestDivide/requires_a_divisor
	Title   string // as people read it, requires a divisor
	Status  Status
	Elapsed time.Duration
	Output  []byte
	Tests   []*Test
}

func (t *Test) isBenchmark() bool { return strings.HasPrefix(t.Name, "Benchmark") }

// An event is a line of go test -json; go doc test2json and go help buildjson have the fields.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of what was built
	Test        string
	Elapsed     float64 // seconds
	Output      string
	FailedBuild string // the ImportPath whose build made the package fail
}

// A Stream puts the events of go test -json together. The zero value is ready.
// It is an io.Writer, so that it can stand where a process's output goes.
type Stream struct {
	// Done is called with each package when go test is done with it.
	Done func(*Package)
	// Text is called with each line that cannot wait or belongs to no package: how far fuzzing is, what
	// a linker warns of, and what is no event, as go commands older than 1.24 print failures of builds.
	Text func(line string)
	// KeepPassed is set to keep what passes prints.
	KeepPassed bool

	rest     []byte // of a line whose end has not come
	packages map[string]*Package
	builds   map[string]*build
	order    []*build
}

// A build is what was said when something was built.
type build struct {
	output strings.Builder
	told   bool // of a package that failed by it
}

// Write takes a part of the stream. It returns no error.
func (s *Stream) Write(data []byte) (int, error) {
	size := len(data)
	for {
		line, after, ok := bytes.Cut(data, []byte("\n"))
		if !ok {
			s.rest = append(s.rest, data...)
			return size, nil
		}
		if len(s.rest) > 0 {
			line = append(s.rest, line...)
		}
		s.line(line)
		s.rest, data = s.rest[:0], after
	}
}

// Close takes what is left when go test has ended: a last line, and what builds said that
// no package failed by. It returns no error.
func (s *Stream) Close() error {
	if len(s.rest) > 0 {
		s.line(s.rest)
		s.rest = nil
	}
	for _, b := range s.order {
		if !b.told {
			for line := range strings.Lines(b.output.String()) {
				s.text(line)
			}
		}
	}
	s.order = nil
	return nil
}

func (s *Stream) line(line []byte) {
	var e event
	if !bytes.HasPrefix(line, []byte("{")) || json.Unmarshal(line, &e) != nil || e.Action == "" {
		s.text(string(line))
		return
	}
	switch e.Action {
	case "build-output":
		s.build(e.ImportPath).output.WriteString(e.Output)
		return
	case "build-fail":
		return
	}
	if e.Package == "" {
		return // of a kind that is not known yet
	}
	p := s.packages[e.Package]
	if p == nil {
		p = &Package{Path: e.Package, byName: map[string]*Test{}}
		if s.packages == nil {
			s.packages = map[string]*Package{}
		}
		s.packages[e.Package] = p
	}
	if e.Test != "" {
		s.test(p.test(e.Test), e)
		return
	}
	switch e.Action {
	case "output":
		p.print(e.Output)
	case "pass", "fail", "skip":
		p.Status, p.Elapsed = status(e.Action), seconds(e.Elapsed)
		if p.Status == Passed {
			p.pass(s.KeepPassed)
		}
		if e.FailedBuild != "" {
			b := s.build(e.FailedBuild)
			p.Build, b.told = b.output.String(), true
		}
		delete(s.packages, e.Package)
		if s.Done != nil {
			s.Done(p)
		}
	}
}

func (s *Stream) text(line string) {
	if s.Text != nil {
		s.Text(strings.TrimRight(line, "\r\n"))
	}
}

func (s *Stream) build(path string) *build {
	b := s.builds[path]
	if b == nil {
		b = &build{}
		if s.builds == nil {
			s.builds = map[string]*build{}
		}
		s.builds[path] = b
		s.order = append(s.order, b)
	}
	return b
}

// test takes an event of a test.
func (s *Stream) test(t *Test, e event) {
	switch e.Action {
	case "output":
		switch {
		case framing(e.Output):
		case strings.HasPrefix(e.Output, "fuzz: elapsed: "):
			s.text(e.Output)
		default:
			t.Output = append(t.Output, e.Output...)
		}
	case "pass", "fail", "skip":
		// With -count=2 a test runs again: one failure is enough, and the times add up.
		t.Elapsed += seconds(e.Elapsed)
		if t.Status != Failed {
			t.Status = status(e.Action)
		}
		if t.Status == Passed && !s.KeepPassed {
			t.Output = nil
		}
	}
}

// test finds a test of a package by its name, and puts a new one where it belongs: below
// the test that ran it. A slash is not always a subtest's: t.Run("GET /orders", ...) has one of its own.
func (p *Package) test(name string) *Test {
	if t := p.byName[name]; t != nil {
		return t
	}
	t := &Test{Name: name, Title: name}
	p.byName[name] = t
	for i := len(name) - 1; i > 0; i-- {
		if name[i] != '/' {
			continue
		}
		if parent := p.byName[name[:i]]; parent != nil {
			t.Title = title(name[i+1:])
			parent.Tests = append(parent.Tests, t)
			return t
		}
	}
	p.Tests = append(p.Tests, t)
	return t
}

// print takes what is printed in a package's name.
func (p *Package) print(output string) {
	line := strings.TrimRight(output, "\r\n")
	switch {
	case line == "PASS", line == "FAIL",
		strings.HasPrefix(line, "FAIL\t"),
		strings.HasPrefix(line, "?   \t"),
		line == "testing: warning: no tests to run":
	case strings.HasPrefix(line, "ok  \t"):
		p.Cached = strings.Contains(line, "\t(cached)")
	default:
		p.Output = append(p.Output, output...)
	}
}

// pass ends a package that passes, and with it the benchmarks, whose end is no event.
// Of what it printed the coverage is wanted, if not all.
func (p *Package) pass(keep bool) {
	for _, t := range p.byName {
		if t.Status == Unfinished {
			t.Status = Passed
		}
	}
	if keep {
		return
	}
	var coverage []byte
	for line := range bytes.Lines(p.Output) {
		if bytes.HasPrefix(line, []byte("coverage: ")) {
			coverage = append(coverage, line...)
		}
	}
	p.Output = coverage
}

// framing tells whether go test prints something around a test's own output.
func framing(output string) bool {
	output = strings.TrimLeft(output, " ")
	for _, prefix := range []string{
		"=== RUN ", "=== PAUSE ", "=== CONT ", "=== NAME ", "=== ATTR ", "=== ARTIFACTS ",
		"--- PASS: ", "--- FAIL: ", "--- SKIP: ", "--- BENCH: ",
	} {
		if strings.HasPrefix(output, prefix) {
			return true
		}
	}
	return false
}

func status(action string) Status {
	switch action {
	case "fail":
		return Failed
	case "skip":
		return Skipped
	}
	return Passed
}

func seconds(s float64) time.Duration {
	return time.Duration(s * float64(time.Second)).Round(time.Millisecond)
}

// title is a subtest's name as it was before go test put underscores in the place of spaces, as far as
// that can be told: an underscore of the test's own looks the same. What surely was none stays, which is one at
// an end, beside another one, or between two capitals, as in DATABASE_URL. Nothing is lost where
// this is wrong, since go test -run takes a space for an underscore too.
func title(name string) string {
	b := []byte(name)
	for i := 1; i < len(name)-1; i++ {
		if name[i] != '_' {
			continue
		}
		before, after := name[i-1], name[i+1]
		if before == '_' || after == '_' || capital(before) && capital(after) {
			continue
		}
		b[i] = ' '
	}
	return string(b)
}

func capital(c byte) bool { return 'A' <= c && c <= 'Z' }
