package generator

import (
	"errors"
	"fmt"
	"go/version"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// The errors of this package have a method Hint, which returns what to do next:
// an imperative, or a command to paste. Those about a name or a value that the
// user chose also have a method ExitCode.

// exitUsage is the exit code of a usage error.
const exitUsage = 2

// A ValueError reports that the value of an option is invalid.
type ValueError struct {
	Reason     string
	Suggestion string // a valid value that resembles it, or ""
}

func (e *ValueError) Error() string { return e.Reason }

// Hint suggests a valid value. It is empty if there is no suggestion.
func (e *ValueError) Hint() string {
	if e.Suggestion == "" {
		return ""
	}
	return "use " + e.Suggestion
}

// ExitCode returns 2, for a usage error.
func (e *ValueError) ExitCode() int { return exitUsage }

// A NameError reports that a function cannot have a name.
type NameError struct {
	Name       string
	Reason     string
	Suggestion string // a valid name that resembles it, or ""
}

func (e *NameError) Error() string { return fmt.Sprintf("invalid name %q: %s", e.Name, e.Reason) }

// Hint suggests a valid name, or says what names consist of.
func (e *NameError) Hint() string {
	if e.Suggestion != "" {
		return "call it " + e.Suggestion
	}
	return "use letters and digits, as in updateOrderStatus"
}

// ExitCode returns 2, for a usage error.
func (e *NameError) ExitCode() int { return exitUsage }

// A PackageError reports that there is no support package with a name.
type PackageError struct {
	Name       string
	Suggestion string // the name of a package that resembles it, or ""
}

func (e *PackageError) Error() string { return fmt.Sprintf("unknown package %q", e.Name) }

// Hint suggests a support package, or the command that lists them.
func (e *PackageError) Hint() string {
	if e.Suggestion != "" {
		return "fngen add " + e.Suggestion
	}
	return "fngen add --list"
}

// ExitCode returns 2, for a usage error.
func (e *PackageError) ExitCode() int { return exitUsage }

// A PartError reports that a support package has no part with a name.
type PartError struct {
	Name       string // of the package and the part
	Suggestion string // the name of a part that resembles it, or ""
}

func (e *PartError) Error() string {
	pkg, name, _ := strings.Cut(e.Name, "/")
	return fmt.Sprintf("package %s has no part %q", pkg, name)
}

// Hint suggests a part, or the command that lists them.
func (e *PartError) Hint() string {
	if e.Suggestion != "" {
		return "fngen add " + e.Suggestion
	}
	return "fngen add --list"
}

// A ConflictError reports existing files that a function would overwrite.
type ConflictError struct{ Paths []string }

func (e *ConflictError) Error() string { return "files exist: " + strings.Join(e.Paths, ", ") }

// Hint names the flag that replaces the files.
func (e *ConflictError) Hint() string { return "use --force to replace them" }

// A LeftoverError reports files of an earlier version of a function that the
// new version does not have, and that were edited.
type LeftoverError struct{ Paths []string }

func (e *LeftoverError) Error() string {
	return "files of the previous version were edited: " + strings.Join(e.Paths, ", ")
}

// Hint says how to resolve the conflict.
func (e *LeftoverError) Hint() string { return "delete or rename them, and run the command again" }

// A TwinError reports an existing function that a new one cannot exist next to:
// its name differs only in letter case, or its file has the same route.
type TwinError struct {
	Name, Twin string
	SameRoute  bool // Twin is a file with the route of Name
}

func (e *TwinError) Error() string {
	if e.SameRoute {
		return fmt.Sprintf("%s exists and has the route of %s", e.Twin, e.Name)
	}
	return fmt.Sprintf("%s exists, and its name differs from %s only in letter case", e.Twin, e.Name)
}

// Hint says how to resolve the conflict.
func (e *TwinError) Hint() string { return "choose another name, or remove " + e.Twin + " first" }

// A CollisionError reports an existing function whose environment variables,
// zip file or resources have the names that those of a new one would have.
type CollisionError struct{ Name, Existing string }

func (e *CollisionError) Error() string {
	return fmt.Sprintf("%s collides with the function %s: both have environment variables that start with %s_",
		e.Name, e.Existing, envPrefix(e.Name))
}

// Hint says how to resolve the conflict.
func (e *CollisionError) Hint() string { return "choose another name" }

// ExitCode returns 2, for a usage error.
func (e *CollisionError) ExitCode() int { return exitUsage }

// A GroupError reports that a name cannot be that of a group and that of a
// function at the same time.
type GroupError struct {
	Group  string
	Member string // a function of the group, if Group is the name of a new function
	File   string // a Go file in the directory of Group, if a new function is in Group
}

func (e *GroupError) Error() string {
	if e.Member != "" {
		return fmt.Sprintf("%s is a group: %s is in it", e.Group, e.Member)
	}
	return fmt.Sprintf("%s is not a group: its directory has %s", e.Group, e.File)
}

// Hint says how to resolve the conflict.
func (e *GroupError) Hint() string {
	if e.Member != "" {
		return "choose another name, or put the function in the group, as in " + e.Group + "/NAME"
	}
	return "choose another group, or a name without one"
}

// ExitCode returns 2, for a usage error.
func (e *GroupError) ExitCode() int { return exitUsage }

// A GoVersionError reports that the go directive in go.mod is missing or too
// old.
type GoVersionError struct{ Have, Want string }

func (e *GoVersionError) Error() string {
	if e.Have == "" {
		return "go.mod has no go directive: the generated code needs go " + e.Want
	}
	return fmt.Sprintf("go.mod has go %s: the generated code needs go %s", e.Have, e.Want)
}

// Hint returns the command that sets the go directive. From go 1.17 on, go.mod
// lists indirect requirements too: go mod tidy adds them.
func (e *GoVersionError) Hint() string {
	if e.Have == "" || version.Compare("go"+e.Have, "go1.17") < 0 {
		return "go mod tidy -go=" + e.Want
	}
	return "go mod edit -go=" + e.Want
}

// A RequireError reports requirements in go.mod that are too old, and that cannot
// be raised without the go command.
type RequireError struct {
	Modules []module.Version // packages or modules to get, some at any version
	have    map[string]string
}

func (e *RequireError) Error() string {
	var list []string
	for _, m := range e.Modules {
		switch have := e.have[m.Path]; {
		case have != "" && have != m.Version:
			list = append(list, fmt.Sprintf("%s %s, want %s", m.Path, have, m.Version))
		case m.Version == "" && !slices.Contains(list, m.Path+" is missing"):
			list = append(list, m.Path+" is missing")
		case have == "" && strings.HasPrefix(m.Path, bunModule+"/dialect/"):
			list = append(list, m.Path+" has to be of bun's version "+m.Version)
		case have == "" && m.Version != "":
			list = append(list, m.Path+" "+m.Version+" is missing")
		}
	}
	return "go.mod does not have the requirements of the generated code: " + strings.Join(list, "; ")
}

// Hint returns the command that adds or raises the requirements.
func (e *RequireError) Hint() string {
	hint := "go get"
	seen := map[module.Version]bool{}
	for _, m := range e.Modules {
		if seen[m] {
			continue
		}
		seen[m] = true
		hint += " " + m.Path
		if m.Version != "" {
			hint += "@" + m.Version
		}
	}
	return hint
}

// A ModError reports a go.mod file that the go command cannot use either.
type ModError struct{ Err error }

func (e *ModError) Error() string { return "cannot read " + e.Err.Error() }
func (e *ModError) Unwrap() error { return e.Err }

// Hint returns a command that explains or fixes the error.
func (e *ModError) Hint() string {
	if errors.As(e.Err, new(modfile.ErrorList)) {
		return "run go mod edit -fmt to see what is wrong"
	}
	return "go mod edit -module=example.com/NAME"
}

// A NewerError reports files that a newer version of fngen wrote, and that this one
// would replace or remove.
type NewerError struct {
	Have, Version string // of this fngen, and of the newer one
	Paths         []string
}

func (e *NewerError) Error() string {
	return fmt.Sprintf("fngen %s wrote %s, and this is %s", e.Version, firstOf(e.Paths), e.Have)
}

// firstOf returns the first path, and how many more there are.
func firstOf(paths []string) string {
	if more := len(paths) - 1; more > 0 {
		return fmt.Sprintf("%s and %d more", paths[0], more)
	}
	return paths[0]
}

// Hint returns the command that installs the newer version.
func (e *NewerError) Hint() string {
	return "go install github.com/fngen/fngen/cmd/fngen@" + e.Version
}

// An OutdatedError reports copies of support packages that another version of
// fngen wrote, and whose contents are not those that new code needs.
type OutdatedError struct {
	Have     string   // the version of this fngen
	Versions []string // of the fngen that wrote the copies
	Dirs     []string // of the copies
	Packages []string // their names
}

func (e *OutdatedError) Error() string {
	wrote := "was written by "
	if len(e.Dirs) > 1 {
		wrote = "were written by "
	}
	if slices.Equal(e.Versions, []string{e.Have}) {
		wrote += "another build of "
	}
	return fmt.Sprintf("%s %sfngen %s: the generated code needs what fngen %s writes",
		strings.Join(e.Dirs, ", "), wrote, strings.Join(e.Versions, ", "), e.Have)
}

// Hint returns the command that updates the packages.
func (e *OutdatedError) Hint() string { return "fngen add --update " + strings.Join(e.Packages, " ") }

// An IncompleteError reports files that copies of support packages lack.
type IncompleteError struct {
	Have  string // the version of this fngen
	Paths []string
	names []string // of the packages that were to be checked, or empty for all
}

func (e *IncompleteError) Error() string {
	return "support packages lack files of fngen " + e.Have + ": " + firstOf(e.Paths)
}

// Hint returns the command that copies the files.
func (e *IncompleteError) Hint() string {
	return strings.Join(append([]string{"fngen add --update"}, e.names...), " ")
}

// An OwnPackageError reports a package that fngen did not write and that has the
// name of a support package.
type OwnPackageError struct {
	Dir      string
	Package  string // the support package
	NeededBy string // what imports it, or ""
}

func (e *OwnPackageError) Error() string {
	if e.NeededBy == "" {
		return fmt.Sprintf("%s is not a copy of fngen's package %s", e.Dir, e.Package)
	}
	return fmt.Sprintf("%s is not a copy of fngen's package %s, which %s imports", e.Dir, e.Package, e.NeededBy)
}

// Hint says how both packages can exist.
func (e *OwnPackageError) Hint() string {
	return "rename your package, or set [paths] lib in fngen.toml to another directory"
}

// An EditedError reports generated files that were edited, or that fngen.sum
// does not list.
type EditedError struct{ Paths []string }

func (e *EditedError) Error() string {
	return "files were edited since they were generated: " + strings.Join(e.Paths, ", ")
}

// Hint names the flag that removes the files.
func (e *EditedError) Hint() string { return "use --force to remove them anyway" }

// A MissingError reports that there is no function with a name, or that none of
// its files was generated.
type MissingError struct {
	Name    string
	Nearest string // the function with the most similar name, or ""
}

func (e *MissingError) Error() string {
	if e.Nearest == e.Name { // its files have other names, such as index.go
		return "no file of the function " + e.Name + " was generated"
	}
	return "no function " + e.Name
}

// Hint returns a command for the function that was probably meant.
func (e *MissingError) Hint() string {
	switch e.Nearest {
	case "":
		return "fngen list"
	case e.Name:
		return "remove its files by hand"
	}
	return "fngen destroy function " + e.Nearest
}

// A SumError reports a line of fngen.sum that is malformed.
type SumError struct {
	Line int
	Text string
}

func (e *SumError) Error() string {
	return fmt.Sprintf("%s:%d: malformed line %q, want a path, a version and a hash", SumFile, e.Line, e.Text)
}

// Hint says what to do with the line.
func (e *SumError) Hint() string {
	return "fix or delete the line: a file that is not listed counts as edited"
}
