package gotest

import (
	"slices"
	"strings"
)

// A flag is a flag of go test, as it is written on the command line.
type flag struct {
	name  string
	value string   // after =, or else the next argument, which may be a flag of its own
	args  []string // the arguments that make up the flag if it takes a value
	bare  bool     // it was written without =
}

// parseFlags returns the flags among the arguments of go test, up to -args,
// after which the arguments are for the test's program.
func parseFlags(args []string) []flag {
	var flags []flag
	for i, arg := range args {
		name, isFlag := strings.CutPrefix(arg, "-")
		if !isFlag {
			continue
		}
		name, value, hasValue := strings.Cut(strings.TrimPrefix(name, "-"), "=")
		if name == "args" {
			break
		}
		f := flag{strings.TrimPrefix(name, "test."), value, args[i : i+1], !hasValue}
		if !hasValue && i+1 < len(args) {
			f.value, f.args = args[i+1], args[i:i+2]
		}
		flags = append(flags, f)
	}
	return flags
}

// Verbose reports whether the arguments make go test print the output of tests
// that pass.
func Verbose(args []string) bool {
	return slices.ContainsFunc(parseFlags(args), func(f flag) bool {
		return f.name == "v" && (f.bare || f.value != "false") || f.name == "bench" || f.name == "list"
	})
}

// ListFlags returns the arguments that go list needs in order to find the same
// packages as go test.
func ListFlags(args []string) []string {
	var list []string
	for _, f := range parseFlags(args) {
		switch f.name {
		case "tags", "mod", "modfile", "overlay":
			list = append(list, f.args...)
		}
	}
	return list
}

// Tags returns the value of the flag -tags, or "" if there is none.
func Tags(args []string) string {
	tags := ""
	for _, f := range parseFlags(args) {
		if f.name == "tags" {
			tags = f.value // the last one counts
		}
	}
	return tags
}

// AddFlags adds flags to the arguments of go test. They override equal flags.
func AddFlags(args, flags []string) []string {
	end := slices.IndexFunc(args, func(arg string) bool { return arg == "-args" || arg == "--args" })
	if end < 0 {
		end = len(args)
	}
	return slices.Concat(args[:end], flags, args[end:])
}
