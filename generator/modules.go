package generator

import (
	_ "embed"
	"strings"

	"golang.org/x/mod/module"
)

// minGo is the oldest go directive with which the generated code compiles.
const minGo = "1.22"

const lambdaModule = "github.com/aws/aws-lambda-go"

// modulesText has the modules that generated code imports, at the versions that
// the tests of fngen use, and modules that those require, at each version that
// they require. TestModules compares it with the go command's answers.
//
//go:embed modules.txt
var modulesText string

// A goModule describes what requiring a module brings, so that go.mod and go.sum
// can be edited without running the go command.
type goModule struct {
	module.Version
	goMin    string           // go directive that it requires, if above minGo
	lists    []module.Version // indirect requirements for the packages that are imported
	requires []module.Version // least versions of modules in its module graph
	sums     []string         // lines of go.sum, as go mod tidy leaves them
	reads    []string         // those of the sums that are for go.mod files below modules without graph pruning
}

// parseModules parses modules.txt. Every fngen function does so: it cuts lines
// into parts of text, and allocates nothing for them.
func parseModules(text string) []*goModule {
	var list []*goModule
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		entry, isEntry := strings.CutPrefix(line, "\t")
		key, value, _ := strings.Cut(entry, " ")
		if !isEntry {
			list = append(list, &goModule{Version: module.Version{Path: key, Version: value}})
			continue
		}
		m := list[len(list)-1]
		switch key {
		case "go":
			m.goMin = value
		case "lists":
			m.lists = append(m.lists, parseVersion(value))
		case "requires":
			m.requires = append(m.requires, parseVersion(value))
		case "sum":
			m.sums = append(m.sums, value)
		case "reads":
			m.sums = append(m.sums, value)
			m.reads = append(m.reads, value)
		}
	}
	return list
}

// parseVersion parses a module's path and version, separated by a space.
func parseVersion(text string) module.Version {
	path, version, _ := strings.Cut(text, " ")
	return module.Version{Path: path, Version: version}
}
