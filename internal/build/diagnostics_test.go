package build

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/project"
)

func TestSplitMessages(t *testing.T) {
	assert.Empty(t, splitMessages(""))
	assert.Equal(t, []string{
		"a/a.go:1:2: cannot use x\n\thave int\n\twant string",
		"lib/l.go:3:4: undefined: y",
		"go: no such module",
	}, splitMessages(strings.Join([]string{
		"# example.com/app/a",
		"./a/a.go:1:2: cannot use x", "\thave int", "\twant string",
		"lib/l.go:3:4: undefined: y",
		"",
		"# example.com/app/b",
		"./lib/l.go:3:4: undefined: y",
		"go: no such module",
	}, "\n")))
}

func TestAttribute(t *testing.T) {
	all := []project.Function{
		{Name: "a", Files: []string{"f/a/a.go", "f/a/more.go"}},
		{Name: "ab", Files: []string{"f/ab/ab.go"}},
		{Name: "c", Files: []string{"f/c/c.go"}},
	}
	byFunction, others := attribute("f/a/more.go:1: x\nf/ab/ab.go:2: y\n\tdetail\nlib/l.go:3: z\nf/a/a.go:4: x\n", all)
	assert.Equal(t, map[string][]string{
		"a":  {"f/a/more.go:1: x", "f/a/a.go:4: x"},
		"ab": {"f/ab/ab.go:2: y\n\tdetail"},
	}, byFunction)
	assert.Equal(t, []string{"lib/l.go:3: z"}, others)
}

func TestExplain(t *testing.T) {
	mains := []generator.MainPackage{
		{Package: "f/.fngen/lambda/a", Lines: map[int]string{9: "a"}},
		{Package: "f/.fngen/lambda/b", Lines: map[int]string{9: "b"}},
	}
	all := []project.Function{
		{Name: "a", Handler: project.Declaration{Name: "Handler", File: "f/a/a.go", Line: 5}},
		{Name: "b", Handler: project.Declaration{Name: "Handler", File: "f/b/b.go", Line: 7}},
	}
	message := func(main, line string) string {
		return "f/.fngen/lambda/" + main + "/main.go:" + line + ":3: undefined: " + main + ".Handler"
	}
	got := explain(message("b", "9")+"\n"+message("a", "8"), mains, all)
	lines := strings.Split(got, "\n")
	require.Len(t, lines, 2)
	assert.Contains(t, lines[0], "f/b/b.go:7: undefined: b.Handler, want Handler of type ")
	assert.Equal(t, message("a", "8"), lines[1], "no function uses this line")
}
