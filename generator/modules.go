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

// parseModules parses modules.txt.
func parseModules(text string) []*goModule {
	var list []*goModule
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if strings.HasPrefix(line, "#") {
			continue
		}
		if !strings.HasPrefix(line, "\t") {
			list = append(list, &goModule{Version: module.Version{Path: fields[0], Version: fields[1]}})
			continue
		}
		m := list[len(list)-1]
		switch fields[0] {
		case "go":
			m.goMin = fields[1]
		case "lists":
			m.lists = append(m.lists, module.Version{Path: fields[1], Version: fields[2]})
		case "requires":
			m.requires = append(m.requires, module.Version{Path: fields[1], Version: fields[2]})
		case "sum", "reads":
			line := strings.Join(fields[1:], " ")
			m.sums = append(m.sums, line)
			if fields[0] == "reads" {
				m.reads = append(m.reads, line)
			}
		}
	}
	return list
}
