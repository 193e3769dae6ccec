package project

import (
	"os"
	"path/filepath"
	"regexp"

	"golang.org/x/mod/modfile"
)

// ToolPath is the import path in a tool directive that adds fngen to go.mod.
const ToolPath = "github.com/fngen/fngen/cmd/fngen"

// IsTool reports whether the content of a go.mod file has a tool directive for
// fngen, as "go get -tool" adds it. It returns false for a malformed file.
func IsTool(goMod []byte) bool {
	file, err := modfile.Parse("go.mod", goMod, nil) // ParseLax ignores tool directives
	if err != nil {
		return false
	}
	for _, tool := range file.Tool {
		if tool.Path == ToolPath {
			return true
		}
	}
	return false
}

// ranByGo matches the paths of programs that the go command runs: in a
// temporary directory after a build, and in the build cache from then on.
var ranByGo = regexp.MustCompile(`/go-build\d+/b\d+/exe/[^/]+$|/[0-9a-f]{2}/[0-9a-f]{64}-d/[^/]+$`)

// Command returns the command with which a user runs fngen, whose executable is
// at the given path: "fngen" or, if the module that contains dir has it as a
// tool, "go tool fngen". The tool directive can also be in a file tools.mod
// next to go.mod.
func Command(executable, dir string) string {
	if !ranByGo.MatchString(filepath.ToSlash(executable)) {
		return "fngen"
	}
	for {
		goMod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil {
			tools, err := os.ReadFile(filepath.Join(dir, "tools.mod"))
			switch {
			case IsTool(goMod):
				return "go tool fngen"
			case err == nil && IsTool(tools):
				return "go tool -modfile=tools.mod fngen"
			}
			return "fngen"
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "fngen"
		}
		dir = parent
	}
}
