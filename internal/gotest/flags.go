package gotest

import "strings"

// Verbose tells whether flags of go test are such that it prints what passes.
func Verbose(flags []string) bool {
	for _, flag := range flags {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(flag, "-"), "-"), "=")
		switch {
		case !strings.HasPrefix(flag, "-"):
		case name == "args":
			return false // the rest is for the test's own program
		case strings.TrimPrefix(name, "test.") == "v" && value != "false",
			strings.TrimPrefix(name, "test.") == "bench",
			strings.TrimPrefix(name, "test.") == "list":
			return true
		}
	}
	return false
}

// ListFlags are those flags of go test that go list needs to find the same packages.
func ListFlags(flags []string) []string {
	var list []string
	for i, flag := range flags {
		name, _, hasValue := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(flag, "-"), "-"), "=")
		switch {
		case !strings.HasPrefix(flag, "-"):
		case name == "args":
			return list
		case name == "tags", name == "mod", name == "modfile", name == "overlay":
			list = append(list, flag)
			if !hasValue && i+1 < len(flags) {
				list = append(list, flags[i+1])
			}
		}
	}
	return list
}
