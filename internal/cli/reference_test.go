package cli_test

import (
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/cli"
)

// commands returns fngen and all its commands, without the aliases of commands
// and those that are hidden.
func commands() []*cobra.Command {
	root := cli.NewRoot(cli.World{Version: "v0.0.0", Env: func(string) string { return "" }}, io.Discard)
	var list []*cobra.Command
	var add func(*cobra.Command)
	add = func(cmd *cobra.Command) {
		cmd.InitDefaultHelpFlag()
		cmd.DisableAutoGenTag = true
		list = append(list, cmd)
		if cmd.CommandPath() == "fngen db migrate" { // whose subcommands are those of db
			cmd.RemoveCommand(cmd.Commands()...)
		}
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				add(sub)
			}
		}
	}
	add(root)
	return list
}

// TestHelp checks that the help of each command has examples, whose flags exist,
// and fits on a terminal.
func TestHelp(t *testing.T) {
	for _, cmd := range commands() {
		name := cmd.CommandPath()
		assert.NotRegexp(t, `\.$`, cmd.Short, name)
		assert.NotContains(t, cmd.Long+cmd.Use, "<", name) // NAME, not <name>, which Markdown takes for HTML
		for line := range strings.Lines(cmd.Long) {
			assert.LessOrEqual(t, len(line), 81, "%s: %s", name, line)
		}
		if !assert.NotEmpty(t, cmd.Example, name) {
			continue
		}
		for line := range strings.SplitSeq(cmd.Example, "\n") {
			assert.True(t, strings.HasPrefix(line, "  "), "%s: %q", name, line)
			assert.LessOrEqual(t, len(line), 100, "%s: %s", name, line)
			command, _, _ := strings.Cut(line, " | ")
			_, arguments, isFngen := strings.Cut(command, "fngen ")
			if !isFngen {
				assert.Contains(t, line, "curl ", name)
				continue
			}
			for _, end := range []string{" -- ", " | "} { // flags of another command follow
				arguments, _, _ = strings.Cut(arguments, end)
			}
			flags := regexp.MustCompile(` --?[a-z][-a-z]*`).FindAllString(arguments, -1)
			called, _, err := cmd.Root().Find(strings.Fields(strings.NewReplacer(`"`, "", "'", "").Replace(arguments)))
			require.NoError(t, err, line)
			for _, flag := range flags {
				flag = strings.TrimSpace(flag)
				if name, isLong := strings.CutPrefix(flag, "--"); isLong {
					assert.NotNil(t, called.Flag(name), "%s: %s", line, flag)
				} else {
					assert.NotNil(t, called.Flags().ShorthandLookup(flag[1:]), "%s: %s", line, flag)
				}
			}
		}
	}
}

// markdown returns the page of a command in docs/reference.
func markdown(t *testing.T, cmd *cobra.Command) string {
	t.Helper()
	var page strings.Builder
	require.NoError(t, doc.GenMarkdownCustom(cmd, &page, func(name string) string { return name }))
	return strings.ReplaceAll(page.String(), ")\t - ", ") – ")
}

// manPage returns the man page of a command. It has no date, because it changes
// only with the command.
func manPage(t *testing.T, cmd *cobra.Command) string {
	t.Helper()
	var b strings.Builder
	header := doc.GenManHeader{Section: "1", Source: "fngen", Manual: "fngen", Date: &time.Time{}}
	require.NoError(t, doc.GenMan(cmd, &header, &b))
	page := strings.Replace(b.String(), `"Jan 0001"`, `""`, 1)
	describe := func(flag *pflag.Flag) { // as in the help; cobra prints the default value
		value, _ := pflag.UnquoteUsage(flag)
		if value != "" {
			value = " " + value
		} else if flag.NoOptDefVal != "true" {
			value = "[=" + flag.NoOptDefVal + "]"
		}
		line := regexp.MustCompile(`(?m)^(.*\\fB--` + flag.Name + `\\fP).*$`)
		page = line.ReplaceAllString(page, "${1}"+value)
	}
	cmd.NonInheritedFlags().VisitAll(describe)
	cmd.InheritedFlags().VisitAll(describe)
	return page
}

// TestReference compares docs/reference and docs/man with the commands. With
// the flag -update, it writes both.
func TestReference(t *testing.T) {
	want := map[string]string{}
	for _, cmd := range commands() {
		cmd.Long = strings.ReplaceAll(cmd.Long, "\n  ", "\n") // lists become paragraphs
		name := strings.ReplaceAll(cmd.CommandPath(), " ", "_")
		want["docs/reference/"+name+".md"] = markdown(t, cmd)
		want["docs/man/"+strings.ReplaceAll(name, "_", "-")+".1"] = manPage(t, cmd)
	}
	const root = "../.."
	if *update {
		require.NoError(t, os.RemoveAll(filepath.Join(root, "docs/reference")))
		require.NoError(t, os.RemoveAll(filepath.Join(root, "docs/man")))
		for name, page := range want {
			require.NoError(t, os.MkdirAll(filepath.Join(root, path.Dir(name)), 0o777))
			require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(page), 0o666))
		}
	}
	for name, page := range want {
		have, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err, "run make docs")
		assert.Equal(t, page, string(have), "%s: run make docs", name)
	}
	for _, pattern := range []string{"docs/reference/*.md", "docs/man/*.1"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, file := range files {
			name, err := filepath.Rel(root, file)
			require.NoError(t, err)
			assert.Contains(t, want, filepath.ToSlash(name), "of no command: run make docs")
		}
	}
}
