package generator

import (
	"fmt"
	"strings"
)

// A ConflictError names the files that stand where a function's are to go.
type ConflictError struct{ Paths []string }

func (e *ConflictError) Error() string {
	return "these files are in the way: " + strings.Join(e.Paths, ", ")
}

// A TwinError names a function that another cannot stand beside: one whose name
// differs by letter case alone, or a file that has the same route.
type TwinError struct {
	Name, Twin string
	Flat       bool // it is a file
}

func (e *TwinError) Error() string {
	if e.Flat {
		return fmt.Sprintf("%s is in the way: it has the route of %s", e.Twin, e.Name)
	}
	return fmt.Sprintf("%s is in the way: its name differs from %s by letter case alone", e.Twin, e.Name)
}

// A GoVersionError says that go.mod declares a Go that is too old.
type GoVersionError struct{ Have, Want string }

func (e *GoVersionError) Error() string {
	if e.Have == "" {
		return "go.mod has no go directive, and the code needs go " + e.Want
	}
	return fmt.Sprintf("go.mod says go %s, and the code needs go %s", e.Have, e.Want)
}

// An EditedError names generated files that were edited since, or that fngen.sum does not know.
type EditedError struct{ Paths []string }

func (e *EditedError) Error() string {
	return "edited since they were generated: " + strings.Join(e.Paths, ", ")
}

// A MissingError says that there is no function of a name.
type MissingError struct {
	Name    string
	Nearest string // the function that has the nearest name, or ""
}

func (e *MissingError) Error() string { return "no function " + e.Name }

// A SumError is a line of fngen.sum that cannot be read.
type SumError struct {
	Line int
	Text string
}

func (e *SumError) Error() string {
	return fmt.Sprintf("%s:%d: want a path, a version and a hash: %q", SumFile, e.Line, e.Text)
}

// ExitCode returns 2, the exit code of a usage error.
func (*ValueError) ExitCode() int { return 2 }

// ExitCode returns 2, the exit code of a usage error.
func (*NameError) ExitCode() int { return 2 }
