package e2e

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var packages = flag.String("packages", "", "test the packages of make snapshot in this directory")

// TestPackages installs the deb from make snapshot into a directory, runs
// fngen, and checks that removing the package leaves no files. It also checks
// that the other packages and manifests exist.
func TestPackages(t *testing.T) {
	if *packages == "" {
		t.Skip("run it with make snapshot")
	}
	root := t.TempDir()
	for _, name := range []string{"status", "available"} {
		writeFile(t, root, "var/lib/dpkg/"+name, "")
	}
	for _, name := range []string{"info", "updates", "triggers"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, "var/lib/dpkg", name), 0o777))
	}
	run := func(name string, args ...string) string {
		t.Helper()
		out, err := exec.Command(name, args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	dpkg := func(args ...string) {
		t.Helper()
		run("dpkg", append([]string{"--root=" + root, "--force-not-root", "--force-bad-path", "--log=/dev/null"}, args...)...)
	}
	dpkg("--install", one(t, "*_linux_"+runtime.GOARCH+".deb"))
	assert.Regexp(t, `^fngen (v\S+|devel) go1\.\S+ linux/`, run(filepath.Join(root, "usr/bin/fngen"), "--version"))
	page, err := os.Open(filepath.Join(root, "usr/share/man/man1/fngen-function.1.gz"))
	require.NoError(t, err)
	defer page.Close()
	text, err := gzip.NewReader(page)
	require.NoError(t, err)
	manual, err := io.ReadAll(text)
	require.NoError(t, err)
	assert.Contains(t, string(manual), "--webhook")
	for _, name := range []string{
		"bash-completion/completions/fngen", "zsh/vendor-completions/_fngen", "fish/vendor_completions.d/fngen.fish",
		"doc/fngen/copyright",
	} {
		assert.FileExists(t, filepath.Join(root, "usr/share", name))
	}
	dpkg("--purge", "fngen")
	assert.NoDirExists(t, filepath.Join(root, "usr"))

	for _, extension := range []string{"rpm", "apk"} {
		one(t, "*_linux_amd64."+extension)
		one(t, "*_linux_arm64."+extension)
	}
	for _, name := range []string{"homebrew/Casks/fngen.rb", "scoop/fngen.json", "checksums.txt"} {
		assert.FileExists(t, filepath.Join(*packages, name))
	}
	one(t, "winget/manifests/f/fngen/fngen/*/fngen.fngen.installer.yaml")
	names := archived(t, one(t, "*_darwin_arm64.tar.gz"))
	for _, name := range []string{"fngen", "LICENSE", "completions/fngen.zsh", "man/fngen.1.gz"} {
		assert.Contains(t, names, name)
	}
}

// one returns the path of the package whose name matches a pattern.
func one(t *testing.T, pattern string) string {
	t.Helper()
	matches, err := filepath.Glob(filepath.Join(*packages, pattern))
	require.NoError(t, err)
	require.Len(t, matches, 1, pattern)
	return matches[0]
}

// archived returns the names of the files in an archive.
func archived(t *testing.T, name string) (names []string) {
	t.Helper()
	file, err := os.Open(name)
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	for archive := tar.NewReader(unzipped); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		require.NoError(t, err)
		names = append(names, header.Name)
	}
}

// TestWorkflows lints the workflows of this repository, and checks that they
// pin each action to one commit, the same one as in the workflow that fngen
// setup ci writes.
func TestWorkflows(t *testing.T) {
	files, err := filepath.Glob("../../.github/workflows/*.yml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	require.NoError(t, err)
	pins := map[string]string{}
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		found, err := linter.Lint(name, text, nil)
		require.NoError(t, err)
		assert.Empty(t, found)
		for line := range strings.Lines(string(text)) {
			at := strings.Index(line, "uses: ")
			if at < 0 {
				continue
			}
			action, pin, _ := strings.Cut(strings.TrimSpace(line[at+len("uses: "):]), "@")
			assert.Regexp(t, `^[0-9a-f]{40} # v\d`, pin, "%s: %s", name, action)
			if other := pins[action]; other != "" {
				assert.Equal(t, other, pin, action)
			}
			pins[action] = pin
		}
	}
	pipeline, err := os.ReadFile("../../internal/artifact/pipeline.go")
	require.NoError(t, err)
	var stale []string
	for action, pin := range pins {
		if strings.Contains(string(pipeline), `"`+action+`"`) && !strings.Contains(string(pipeline), `"`+pin+`"`) {
			stale = append(stale, action)
		}
	}
	slices.Sort(stale)
	assert.Empty(t, stale, "fngen setup ci has other versions")
}
