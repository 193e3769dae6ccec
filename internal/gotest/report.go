package gotest

import (
	"bytes"
	"fmt"
	"path"
	"strings"
	"time"
)

// A Function is a function to test. Its package's tests are its tests, and so are those of the packages
// in its folder, unless it is Flat: a file beside others in one package.
type Function struct {
	Name    string
	Package string // the import path
	File    string // its test, as people look for it: a file, or the folder
	Flat    bool
}

// A Report shows what came of the tests of some functions, and counts.
type Report struct {
	functions map[string][]Function // by package
	module    string
	colour    bool

	status map[string]Status // of each function that has been tested
	tests  tally
}

// tally counts by status.
type tally struct{ failed, skipped, passed int }

// NewReport is a report on functions of a module. Colour is for terminals.
func NewReport(module string, functions []Function, colour bool) *Report {
	r := &Report{functions: map[string][]Function{}, module: module, colour: colour, status: map[string]Status{}}
	for _, f := range functions {
		r.functions[f.Package] = append(r.functions[f.Package], f)
	}
	return r
}

// Owners are the names of the functions that a package's tests are of.
func (r *Report) Owners(pkg string) []string {
	var names []string
	for _, f := range r.owners(pkg) {
		names = append(names, f.Name)
	}
	return names
}

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

// Status is that of a function: Failed if any of its packages failed, Unfinished before
// anything is known.
func (r *Report) Status(function string) Status { return r.status[function] }

// Package counts a package and is what to show of it, "" for one that has no tests and
// that nobody asked for.
func (r *Report) Package(p *Package) string {
	owners := r.owners(p.Path)
	own := len(r.functions[p.Path]) > 0 || owners == nil
	if p.Status == Skipped && !own {
		return ""
	}
	names := []string{p.Path}
	label := strings.TrimPrefix(p.Path, r.module+"/")
	if len(owners) > 0 {
		names = names[:0]
		for _, f := range owners {
			names = append(names, f.Name)
		}
		if own && len(owners) == 1 {
			label = owners[0].File
		}
	}
	status := p.Status
	if status == Passed && len(p.Tests) == 0 {
		status = Skipped
	}
	for _, name := range names {
		r.status[name] = worse(r.status[name], status)
	}

	var b strings.Builder
	took := fmt.Sprintf("%.2f s", p.Elapsed.Seconds())
	if p.Cached {
		took = "cached"
	}
	switch status {
	case Failed:
		if p.Build != "" {
			took = "build failed"
		}
		fmt.Fprintf(&b, "%s  %s %s\n", r.paint(red, "FAIL"), label, r.paint(dim, "("+took+")"))
	case Skipped:
		why := "no tests"
		if p.Status == Passed {
			why = "no tests to run" // it may have some, which -run leaves out
		}
		fmt.Fprintf(&b, "%s  %s %s\n", r.paint(yellow, "NONE"), label, r.paint(dim, "("+why+")"))
	default:
		fmt.Fprintf(&b, "%s  %s %s\n", r.paint(green, "PASS"), label, r.paint(dim, "("+took+")"))
	}
	for line := range strings.Lines(p.Build) {
		if !strings.HasPrefix(line, "# ") { // the package's name, again
			fmt.Fprintf(&b, "    %s\n", strings.TrimRight(line, "\r\n"))
		}
	}
	printed(&b, p.Output, "  ")
	r.tree(&b, p.Tests, "  ")
	b.WriteByte('\n')
	return b.String()
}

// worse is what is to be said of two results together.
func worse(a, b Status) Status {
	for _, status := range []Status{Failed, Passed, Skipped} {
		if a == status || b == status {
			return status
		}
	}
	return Unfinished
}

// tree shows and counts tests. One that ran subtests is a heading, which counts where it failed by itself.
func (r *Report) tree(b *strings.Builder, tests []*Test, indent string) {
	for _, t := range tests {
		switch {
		case t.isBenchmark():
			fmt.Fprintf(b, "%s%s\n", indent, t.Title)
		case len(t.Tests) > 0 && (t.Status == Passed || failed(t.Tests)):
			fmt.Fprintf(b, "%s%s\n", indent, t.Title)
		case t.Status == Passed:
			r.tests.passed++
			fmt.Fprintf(b, "%s%s %s%s\n", indent, r.paint(green, "✓"), t.Title, r.paint(dim, took(t.Elapsed)))
		case t.Status == Skipped:
			r.tests.skipped++
			fmt.Fprintf(b, "%s%s %s%s\n", indent, r.paint(yellow, "○"), t.Title, r.paint(dim, " (skipped)"))
		default:
			r.tests.failed++
			after := took(t.Elapsed)
			if t.Status == Unfinished {
				after = " (did not finish)"
			}
			fmt.Fprintf(b, "%s%s %s%s\n", indent, r.paint(red, "✗"), t.Title, r.paint(dim, after))
		}
		if t.isBenchmark() {
			t.Output = bytes.TrimPrefix(t.Output, []byte(t.Name+"\n")) // it announces itself
		}
		printed(b, t.Output, indent+"    ")
		r.tree(b, t.Tests, indent+"  ")
	}
}

// failed tells whether any test of these, or below them, failed.
func failed(tests []*Test) bool {
	for _, t := range tests {
		if t.Status == Failed || t.Status == Unfinished || failed(t.Tests) {
			return true
		}
	}
	return false
}

// printed shows what a test printed, without the four spaces that go test puts before a log line.
func printed(b *strings.Builder, output []byte, indent string) {
	for line := range bytes.Lines(output) {
		text := strings.TrimPrefix(strings.TrimRight(string(line), "\r\n"), "    ")
		if text == "" {
			b.WriteByte('\n')
			continue
		}
		fmt.Fprintf(b, "%s%s\n", indent, text)
	}
}

// took is a test's time. go test says nothing below 10 ms.
func took(d time.Duration) string {
	switch {
	case d == 0:
		return ""
	case d < time.Second:
		return fmt.Sprintf(" (%d ms)", d.Milliseconds())
	}
	return fmt.Sprintf(" (%.2f s)", d.Seconds())
}

// Totals are the last lines.
func (r *Report) Totals(elapsed time.Duration) string {
	var functions tally
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
		r.counts(functions, "without tests"), r.counts(r.tests, "skipped"), elapsed.Seconds())
}

func (r *Report) counts(t tally, skipped string) string {
	var parts []string
	for _, part := range []struct {
		n      int
		what   string
		colour colour
	}{
		{t.failed, "failed", red}, {t.skipped, skipped, yellow}, {t.passed, "passed", green},
	} {
		if part.n > 0 {
			parts = append(parts, r.paint(part.colour, fmt.Sprintf("%d %s", part.n, part.what)))
		}
	}
	return strings.Join(append(parts, fmt.Sprintf("%d total", t.failed+t.skipped+t.passed)), ", ")
}

// A colour is a code of ECMA-48's Select Graphic Rendition.
type colour int

const (
	dim    colour = 2
	red    colour = 31
	green  colour = 32
	yellow colour = 33
)

func (r *Report) paint(c colour, text string) string {
	if !r.colour || text == "" {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", c, text)
}
