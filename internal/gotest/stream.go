// Package gotest parses the output of go test -json and formats it for people:
// each package as a tree of its tests, and the totals. It also determines which
// packages' tests a changed file affects.
//
// It starts no process and reads no file. The caller passes the output in.
package gotest

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"
)

// A Status is the result of a test or a package.
type Status int

const (
	// Unfinished is the status of a test that never ended: because of a
	// timeout, os.Exit, or a panic in another test.
	Unfinished Status = iota
	Passed
	Failed
	Skipped // for a package: it has no tests
)

// A Package is the result of one package.
type Package struct {
	Path    string // the import path
	Status  Status
	Cached  bool
	Elapsed time.Duration
	Tests   []*Test // in the order in which they started
	Output  []byte  // output outside of tests, such as that of TestMain and the coverage
	Build   string  // the errors of the compiler or go vet, if the package failed because of them

	byName map[string]*Test
}

// A Test is the result of a test and of its subtests.
type Test struct {
	Name    string // as in go test: TestDivide/requires_a_divisor
	Title   string // for people: requires a divisor
	Status  Status
	Elapsed time.Duration
	Output  []byte
	Tests   []*Test
}

func (t *Test) isBenchmark() bool { return strings.HasPrefix(t.Name, "Benchmark") }

// An event is a line of go test -json. See go doc test2json and go help
// buildjson.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of the package that was built
	Test        string
	Elapsed     float64 // seconds
	Output      string
	FailedBuild string // the ImportPath of the build that the package failed because of
}

// A Stream collects the events of go test -json into packages. It is an
// io.Writer for the output of the process. The zero value is ready to use.
type Stream struct {
	// Done is called with each package when its tests have ended.
	Done func(*Package)
	// Text is called with each line that must be shown at once or that belongs
	// to no package: the progress of fuzzing, a linker's warnings, and lines
	// that are not events, which include build errors before Go 1.24.
	Text func(line string)
	// KeepPassed keeps the output of tests that pass.
	KeepPassed bool

	partial  []byte // a line that is not complete yet
	packages map[string]*Package
	builds   map[string]*build
	order    []*build // the builds, in the order of their first output
}

// A build is the output of building one package.
type build struct {
	output   strings.Builder
	reported bool // in the Package that failed because of it
}

// Write parses a chunk of the output. It never returns an error.
func (s *Stream) Write(data []byte) (int, error) {
	size := len(data)
	for {
		line, after, ok := bytes.Cut(data, []byte("\n"))
		if !ok {
			s.partial = append(s.partial, data...)
			return size, nil
		}
		if len(s.partial) > 0 {
			line = append(s.partial, line...)
		}
		s.line(line)
		s.partial, data = s.partial[:0], after
	}
}

// Close ends the stream when go test has ended. It handles a last line without
// a newline, and passes to Text the output of builds that no package failed
// because of. It never returns an error.
func (s *Stream) Close() error {
	if len(s.partial) > 0 {
		s.line(s.partial)
		s.partial = nil
	}
	for _, b := range s.order {
		if !b.reported {
			for line := range strings.Lines(b.output.String()) {
				s.text(line)
			}
		}
	}
	s.order = nil
	return nil
}

// line handles a line of output.
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
		return // an action that a newer go command added
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
		s.testEvent(p.test(e.Test), e)
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
			p.Build, b.reported = b.output.String(), true
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

// build returns the build of a package.
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

// testEvent handles an event of a test.
func (s *Stream) testEvent(t *Test, e event) {
	switch e.Action {
	case "output":
		switch {
		case isFraming(e.Output):
		case strings.HasPrefix(e.Output, "fuzz: elapsed: "):
			s.text(e.Output)
		default:
			t.Output = append(t.Output, e.Output...)
		}
	case "pass", "fail", "skip":
		// With -count=2 a test ends twice. It fails if it failed once.
		t.Elapsed += seconds(e.Elapsed)
		if t.Status != Failed {
			t.Status = status(e.Action)
		}
		if t.Status == Passed && !s.KeepPassed {
			t.Output = nil
		}
	}
}

// test returns the test with a name. It adds a new test below the one that ran
// it. A slash does not always separate two tests: t.Run("GET /orders", ...) is
// one subtest.
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

// print handles output of a package outside of tests.
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

// pass marks the tests of a package that passed as passed: go test reports no
// end of benchmarks. Unless keep is set, it drops all output except the
// coverage.
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

// isFraming reports whether go test itself printed a line of a test's output.
func isFraming(output string) bool {
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

// title guesses the name of a subtest before go test replaced its spaces with
// underscores. An underscore stays if it is unlikely to have been a space: at
// either end, next to another underscore, or between two capitals as in
// DATABASE_URL. A wrong guess does little harm, because go test -run accepts a
// space for an underscore.
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
