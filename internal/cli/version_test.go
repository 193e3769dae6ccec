package cli_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/fngen/fngen/internal/cli"
)

func TestVersionOfCommit(t *testing.T) {
	run := func(commit, date string, args ...string) string {
		var out bytes.Buffer
		code := cli.Main(t.Context(), args, cli.World{
			Env:    func(string) string { return "" },
			Stdout: &out, Stderr: &out,
			Version: "v1.2.3", Commit: commit, Date: date,
		})
		assert.Equal(t, 0, code)
		return out.String()
	}
	const commit, date = "d4389ef30a6f2c91de5de3e4792d02d78306a18a", "2026-11-26T03:26:56Z"
	for _, command := range []string{"version", "--version"} {
		assert.Regexp(t, `^fngen v1\.2\.3 go\S+ \w+/\w+ d4389ef30a6f 2026-11-26T03:26:56Z\n$`, run(commit, date, command))
		assert.Regexp(t, `^fngen v1\.2\.3 go\S+ \w+/\w+\n$`, run("", "", command))
	}
	assert.Contains(t, run(commit, date, "version", "--json"), `"commit":"`+commit+`","date":"`+date+`"`)
	assert.NotContains(t, run("", "", "version", "--json"), "commit")
}
