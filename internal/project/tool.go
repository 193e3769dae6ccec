package project

import (
	"os"
	"path/filepath"
	"regexp"

	"golang.org/x/mod/modfile"
)

// ToolPath is the import path of fngen, by which go.mod names it as a tool.
const ToolPath = "github.com/fngen/fngen/cmd/fngen"

// IsTool reports whether a go.mod file has fngen as a tool, as "go get -tool"
// adds it.
func IsTool(goMod []byte) bool {
	file, err := modfile.Parse("go.mod", goMod, nil) // ParseLax ignores tools
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

// ranByGo matches the paths at which the go command runs programs: in a
// directory of the build, or later in the build cache.
var ranByGo = regexp.MustCompile(`/go-build\d+/b\d+/exe/[^/]+$|/[0-9a-f]{2}/[0-9a-f]{64}-d/[^/]+$`)

// Command returns the command by which a user runs the executable at a path:
// "fngen" or, for a tool of the module that contains the directory dir, "go tool
// fngen". The tools of a module may be in a file tools.mod of their own.
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
