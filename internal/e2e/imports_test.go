package e2e

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const modulePath = "github.com/fngen/fngen"

// TestImportTable compares the import table of ARCHITECTURE.md with the
// imports of every package. A row names a directory in its first column and in
// its last one the directories that it may import. A row whose directory ends
// in /... is about all packages below it.
func TestImportTable(t *testing.T) {
	rules := importTable(t)
	used := map[string]map[string]bool{}
	for dir := range rules {
		used[dir] = map[string]bool{}
	}
	for _, pkg := range goPackages(t) {
		dir, ok := rowOf(rules, pkg.dir())
		if !ok {
			t.Errorf("%s has no row in the import table of ARCHITECTURE.md", pkg.dir())
			continue
		}
		for _, imported := range pkg.Imports {
			target, isOurs := strings.CutPrefix(imported, modulePath+"/")
			if !isOurs {
				continue
			}
			row, _ := rowOf(rules, target)
			if row == dir && strings.HasSuffix(row, "/...") {
				continue // the packages of one row may import each other
			}
			if !slices.Contains(rules[dir], row) {
				t.Errorf("%s imports %s, which its row does not list", pkg.dir(), target)
			}
			used[dir][row] = true
		}
	}
	for dir, allowed := range rules {
		for _, target := range allowed {
			assert.True(t, used[dir][target], "%s does not import %s, which its row lists", dir, target)
		}
	}
}

// importTable returns the rows of the table whose last column is headed "may
// import", by directory.
func importTable(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "ARCHITECTURE.md"))
	require.NoError(t, err)
	_, table, ok := strings.Cut(string(text), "| may import |\n")
	require.True(t, ok, "ARCHITECTURE.md has no column headed \"may import\"")
	code := regexp.MustCompile("`([^`]+)`")
	rules := map[string][]string{}
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) < 2 {
			break
		}
		dirs := code.FindAllStringSubmatch(cells[0], -1)
		for _, dir := range dirs {
			rules[dir[1]] = []string{}
			for _, target := range code.FindAllStringSubmatch(cells[len(cells)-1], -1) {
				rules[dir[1]] = append(rules[dir[1]], target[1])
			}
		}
	}
	require.NotEmpty(t, rules)
	return rules
}

// rowOf returns the row that a package belongs to: its own, or that of the
// nearest directory above it whose row ends in /...
func rowOf(rules map[string][]string, dir string) (string, bool) {
	if _, ok := rules[dir]; ok {
		return dir, true
	}
	for parent := dir; parent != "."; parent = filepath.ToSlash(filepath.Dir(parent)) {
		if _, ok := rules[parent+"/..."]; ok {
			return parent + "/...", true
		}
	}
	return dir, false
}

// A goPackage is what go list prints of a package.
type goPackage struct {
	ImportPath string
	Imports    []string
	GoFiles    []string
}

// dir returns the package's directory, relative to the module's root.
func (p goPackage) dir() string { return strings.TrimPrefix(p.ImportPath, modulePath+"/") }

// goPackages returns the packages of this module, without those of tests only.
func goPackages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,GoFiles", "./...")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var packages []goPackage
	for decoder := json.NewDecoder(out); ; {
		var p goPackage
		err := decoder.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		if len(p.GoFiles) > 0 && !strings.Contains(p.ImportPath, "/testdata/") {
			packages = append(packages, p)
		}
	}
	require.NoError(t, cmd.Wait())
	return packages
}
