package cli_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTemplatesPage follows docs/templates.md word by word in an empty project:
// it creates the files, applies the diffs, and compares what the commands print.
// Then functions with other flags, which the page does not generate, must have the
// team's conventions too, and pass their tests.
func TestTemplatesPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/templates.md")
	require.NoError(t, err)
	tutorial, _, ok := strings.Cut(string(page), "\n## The data of templates\n")
	require.True(t, ok)

	project := pageProject{t: t, dir: t.TempDir()}
	project.write("go.mod", "module example.com/shop\n\ngo 1.22\n")
	blocks := regexp.MustCompile("(?s)(?:\n`([^`\n]+)`:\n)?\n```(\\w+)\n(.*?)```\n").FindAllStringSubmatch(tutorial, -1)
	require.NotEmpty(t, blocks)
	file := ""
	for _, block := range blocks {
		if block[1] != "" {
			file = block[1]
		}
		switch {
		case block[2] == "console":
			project.console(block[3])
			file = ""
		case block[2] == "diff":
			project.patch(file, block[3])
		case file != "":
			project.write(file, block[3])
		}
	}

	for _, arguments := range []string{
		"orders --webhook=stripe --auth=admin --fixtures", "users --route='GET /users/{id}' --cors --rate-limit=10/s",
		"slack/events --webhook=slack --allow-ip=10.0.0.0/8", "signUp --input=name:string", "image --binary=image/webp",
	} {
		project.run("fngen function " + arguments)
	}
	output := project.run("go vet ./... && go test ./...")
	assert.Equal(t, 6, strings.Count(output, "ok  \t"), output)
	sources, err := filepath.Glob(filepath.Join(project.dir, "api/src/functions/*/*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, sources)
	for _, source := range sources {
		text, err := os.ReadFile(source)
		require.NoError(t, err)
		assert.Regexp(t, `^// Copyright Acme Corp\. All rights reserved\.\n\n`, string(text), source)
		if !strings.HasSuffix(source, "_test.go") {
			assert.Contains(t, string(text), "acmelog.Request(ctx, ", source)
		}
	}
	output = project.run("fngen destroy function divide --json")
	assert.Contains(t, output, `{"path":"api/src/functions/divide/divide.http","action":"remove"}`)
	assert.NoDirExists(t, filepath.Join(project.dir, "api/src/functions/divide"))
}

// A pageProject is a project that follows a page.
type pageProject struct {
	t   *testing.T
	dir string
}

func (p pageProject) write(file, text string) {
	p.t.Helper()
	name := filepath.Join(p.dir, filepath.FromSlash(file))
	require.NoError(p.t, os.MkdirAll(filepath.Dir(name), 0o777))
	require.NoError(p.t, os.WriteFile(name, []byte(text), 0o666))
}

// patch applies a diff without line numbers, whose old lines must occur once.
func (p pageProject) patch(file, diff string) {
	p.t.Helper()
	var before, after strings.Builder
	for line := range strings.Lines(diff) {
		if line[0] != '+' {
			before.WriteString(line[1:])
		}
		if line[0] != '-' {
			after.WriteString(line[1:])
		}
	}
	text, err := os.ReadFile(filepath.Join(p.dir, filepath.FromSlash(file)))
	require.NoError(p.t, err)
	require.Equal(p.t, 1, strings.Count(string(text), before.String()), "%s contains once:\n%s", file, before.String())
	p.write(file, strings.Replace(string(text), before.String(), after.String(), 1))
}

// console runs the commands of a console block and compares what they print. A
// line of three dots stands for any lines.
func (p pageProject) console(block string) {
	p.t.Helper()
	for _, command := range strings.Split("\n"+block, "\n$ ")[1:] {
		line, want, _ := strings.Cut(command, "\n")
		pattern := regexp.QuoteMeta(strings.TrimSpace(want))
		pattern = strings.ReplaceAll(pattern, `\.\.\.`, `[\s\S]*?`)
		pattern = regexp.MustCompile(`\d+\\\.\d+s`).ReplaceAllLiteralString(pattern, `\S+`)
		assert.Regexp(p.t, "^"+pattern+"$", strings.TrimSpace(p.run(line)), line)
	}
}

// run runs a command line and returns what it prints.
func (p pageProject) run(line string) string {
	p.t.Helper()
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "PATH="+programs+string(os.PathListSeparator)+os.Getenv("PATH"))
	for name, value := range goEnvironment(p.t) {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	output, err := cmd.CombinedOutput()
	if !strings.Contains(line, "--check") {
		require.NoError(p.t, err, "%s\n%s", line, output)
	}
	return string(output)
}
