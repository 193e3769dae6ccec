package gotest

import (
	"bytes"
	"fmt"
	"path"
	"strings"
	"time"
)

// A Function is a function to test. Its tests are those of its package and of
// the packages below it.
type Function struct {
	Name    string
	Package string // the import path
	File    string // the file of its test, or its directory, as shown to the user
	Flat    bool   // it is a file that shares its package with other functions
}

// A Report formats and counts the results of functions.
type Report struct {
	functions map[string][]Function // by package
	module    string
	color     bool

	status map[string]Status // of each function that has been tested
	tests  counts
}

// counts holds numbers of results.
type counts struct{ failed, skipped, passed int }

// NewReport returns a report of functions of a module. color enables colors,
// for terminals.
func NewReport(module string, functions []Function, color bool) *Report {
	r := &Report{functions: map[string][]Function{}, module: module, color: color, status: map[string]Status{}}
	for _, f := range functions {
		r.functions[f.Package] = append(r.functions[f.Package], f)
	}
	return r
}

// Owners returns the names of the functions that a package's tests belong to.
func (r *Report) Owners(pkg string) []string {
	var names []string
	for _, f := range r.owners(pkg) {
		names = append(names, f.Name)
	}
	return names
}

// owners returns the functions of a package, or else the function whose
// directory contains it.
func (r *Report) owners(pkg string) []Function {
	if owners := r.functions[pkg]; owners != nil {
		return owners
	}
	for above := path.Dir(pkg); len(above) > len(r.module); above = path.Dir(above) {
		for _, f := range r.functions[above] {
			if !f.Flat {
				return []Function{f}
			}
		}
	}
	return nil
}

// Status returns the status of a function: Failed if any of its packages
// failed, and Unfinished if none has ended yet.
func (r *Report) Status(function string) Status { return r.status[function] }

// Package counts a package and returns its text. The text is empty for a
// package without tests that is only below a function's.
func (r *Report) Package(p *Package) string {
	owners := r.owners(p.Path)
	isBelow := owners != nil && len(r.functions[p.Path]) == 0
	if p.Status == Skipped && isBelow {
		return ""
	}
	names := []string{p.Path}
	label := strings.TrimPrefix(p.Path, r.module+"/")
	if len(owners) > 0 {
		names = r.Owners(p.Path)
		if !isBelow && len(owners) == 1 {
			label = owners[0].File
		}
	}
	status := p.Status
	if status == Passed && len(p.Tests) == 0 {
		status = Skipped
	}
	for _, name := range names {
		r.status[name] = merge(r.status[name], status)
	}

	var b strings.Builder
	b.WriteString(r.heading(p, status, label))
	for line := range strings.Lines(p.Build) {
		if !strings.HasPrefix(line, "# ") { // the package's name, which the heading has
			fmt.Fprintf(&b, "    %s\n", strings.TrimRight(line, "\r\n"))
		}
	}
	writeOutput(&b, p.Output, "  ")
	r.tree(&b, p.Tests, "  ")
	b.WriteByte('\n')
	return b.String()
}

// heading returns the first line of a package's text.
func (r *Report) heading(p *Package, status Status, label string) string {
	word := r.paint(green, "PASS")
	detail := fmt.Sprintf("%.2f s", p.Elapsed.Seconds())
	if p.Cached {
		detail = "cached"
	}
	switch status {
	case Failed:
		word = r.paint(red, "FAIL")
		if p.Build != "" {
			detail = "build failed"
		}
	case Skipped:
		word, detail = r.paint(yellow, "NONE"), "no tests"
		if p.Status == Passed {
			detail = "no tests to run" // -run may exclude them
		}
	}
	return fmt.Sprintf("%s  %s %s\n", word, label, r.paint(dim, "("+detail+")"))
}

// merge returns the status of a function with two packages.
func merge(a, b Status) Status {
	for _, status := range []Status{Failed, Passed, Skipped} {
		if a == status || b == status {
			return status
		}
	}
	return Unfinished
}

// tree writes and counts tests. A test with subtests is a heading: it is
// counted only if it failed and none of its subtests did.
func (r *Report) tree(b *strings.Builder, tests []*Test, indent string) {
	for _, t := range tests {
		switch {
		case t.isBenchmark():
			fmt.Fprintf(b, "%s%s\n", indent, t.Title)
		case len(t.Tests) > 0 && (t.Status == Passed || anyFailed(t.Tests)):
			fmt.Fprintf(b, "%s%s\n", indent, t.Title)
		case t.Status == Passed:
			r.tests.passed++
			fmt.Fprintf(b, "%s%s %s%s\n", indent, r.paint(green, "✓"), t.Title, r.paint(dim, duration(t.Elapsed)))
		case t.Status == Skipped:
			r.tests.skipped++
			fmt.Fprintf(b, "%s%s %s%s\n", indent, r.paint(yellow, "○"), t.Title, r.paint(dim, " (skipped)"))
		default:
			r.tests.failed++
			after := duration(t.Elapsed)
			if t.Status == Unfinished {
				after = " (did not finish)"
			}
			fmt.Fprintf(b, "%s%s %s%s\n", indent, r.paint(red, "✗"), t.Title, r.paint(dim, after))
		}
		if t.isBenchmark() {
			t.Output = bytes.TrimPrefix(t.Output, []byte(t.Name+"\n")) // go test prints its name first
		}
		writeOutput(b, t.Output, indent+"    ")
		r.tree(b, t.Tests, indent+"  ")
	}
}

// anyFailed reports whether any of tests or their subtests failed.
func anyFailed(tests []*Test) bool {
	for _, t := range tests {
		if t.Status == Failed || t.Status == Unfinished || anyFailed(t.Tests) {
			return true
		}
	}
	return false
}

// writeOutput writes the output of a test, without the four spaces that go test
// puts before each line of its log.
func writeOutput(b *strings.Builder, output []byte, indent string) {
	for line := range bytes.Lines(output) {
		text := strings.TrimPrefix(strings.TrimRight(string(line), "\r\n"), "    ")
		if text == "" {
			b.WriteByte('\n')
			continue
		}
		fmt.Fprintf(b, "%s%s\n", indent, text)
	}
}

// duration formats the time that a test took. go test rounds it to 10 ms, so it
// can be zero.
func duration(d time.Duration) string {
	switch {
	case d == 0:
		return ""
	case d < time.Second:
		return fmt.Sprintf(" (%d ms)", d.Milliseconds())
	}
	return fmt.Sprintf(" (%.2f s)", d.Seconds())
}

// Totals returns the lines that sum up the report.
func (r *Report) Totals(elapsed time.Duration) string {
	var functions counts
	for _, status := range r.status {
		switch status {
		case Failed:
			functions.failed++
		case Skipped:
			functions.skipped++
		default:
			functions.passed++
		}
	}
	return fmt.Sprintf("Functions:  %s\nTests:      %s\nTime:       %.2f s\n",
		r.total(functions, "without tests"), r.total(r.tests, "skipped"), elapsed.Seconds())
}

// total formats counts, such as "1 failed, 2 passed, 3 total". skipped is the
// word for what was skipped.
func (r *Report) total(c counts, skipped string) string {
	var list []string
	add := func(n int, word string, color color) {
		if n > 0 {
			list = append(list, r.paint(color, fmt.Sprintf("%d %s", n, word)))
		}
	}
	add(c.failed, "failed", red)
	add(c.skipped, skipped, yellow)
	add(c.passed, "passed", green)
	return strings.Join(append(list, fmt.Sprintf("%d total", c.failed+c.skipped+c.passed)), ", ")
}

// A color is a parameter of the terminal's control sequence Select Graphic
// Rendition (ECMA-48).
type color int

const (
	dim    color = 2
	red    color = 31
	green  color = 32
	yellow color = 33
)

// paint returns text in a color, if colors are enabled.
func (r *Report) paint(c color, text string) string {
	if !r.color || text == "" {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", c, text)
}
