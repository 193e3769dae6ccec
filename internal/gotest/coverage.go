package gotest

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/tools/cover"
)

// Coverage returns a table of how many statements of each function's files the
// tests ran, according to a coverage profile. Files that belong to no function
// are left out.
func (r *Report) Coverage(profiles []*cover.Profile) string {
	covered, total := map[string]int{}, map[string]int{}
	var names []string
	for _, p := range profiles {
		owner := r.ownerOf(p.FileName)
		if owner == "" {
			continue
		}
		if !slices.Contains(names, owner) {
			names = append(names, owner)
		}
		for _, block := range p.Blocks {
			total[owner] += block.NumStmt
			if block.Count > 0 {
				covered[owner] += block.NumStmt
			}
		}
	}
	slices.Sort(names)
	width := 0
	for _, name := range names {
		width = max(width, len(name))
	}
	var b strings.Builder
	b.WriteString("Coverage:\n")
	for _, name := range names {
		percent, color := 100.0, green
		if total[name] > 0 {
			percent = 100 * float64(covered[name]) / float64(total[name])
		}
		switch {
		case percent < 50:
			color = red
		case percent < 80:
			color = yellow
		}
		fmt.Fprintf(&b, "  %-*s  %s  %d of %d statements\n",
			width, name, r.paint(color, fmt.Sprintf("%5.1f%%", percent)), covered[name], total[name])
	}
	return b.String()
}

// ownerOf returns the name of the function that a source file belongs to, or
// "". The file is given as in a coverage profile: the import path of its
// package and its name.
func (r *Report) ownerOf(file string) string {
	owners := r.owners(path.Dir(file))
	for _, f := range owners {
		if !f.Flat || strings.TrimSuffix(path.Base(file), ".go") == f.Name {
			return f.Name
		}
	}
	return ""
}
