package generator

import (
	"bytes"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
)

// checkImporter imports packages from source that was checked before, and all
// others from the go command's export data.
type checkImporter struct {
	checked map[string]*types.Package
	other   types.Importer
}

func (i checkImporter) Import(path string) (*types.Package, error) {
	if pkg := i.checked[path]; pkg != nil {
		return pkg, nil
	}
	return i.other.Import(path)
}

// exportData returns an importer of the packages that support packages import.
func exportData(t *testing.T, fset *token.FileSet) types.Importer {
	t.Helper()
	args := []string{"list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", "../templates/lib/..."}
	files := map[string]string{}
	for line := range strings.Lines(goCommand(t, ".", args...)) {
		if pkg, file, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			files[pkg] = file
		}
	}
	return importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(files[path]) })
}

// TestPartsCompile checks that each part compiles with what it requires and
// nothing else, and so does the core of each package.
func TestPartsCompile(t *testing.T) {
	names, err := packageNames()
	require.NoError(t, err)
	for _, pkg := range names {
		names = append(names, parts().names(pkg)...)
	}
	fset := token.NewFileSet()
	others := exportData(t, fset)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			p := emptyProject()
			selection := p.newSelection("example.com/shop", false)
			require.NoError(t, selection.add(name, ""))
			imports := checkImporter{checked: map[string]*types.Package{}, other: others}
			for _, pkg := range selection.list() {
				var files []*ast.File
				for _, f := range pkg.files {
					if f.selected {
						file, err := parser.ParseFile(fset, f.Path, f.Data, parser.SkipObjectResolution)
						require.NoError(t, err)
						files = append(files, file)
					}
				}
				importPath := path.Join("example.com/shop", PackageDir(p.Lib, pkg.name))
				config := types.Config{Importer: imports, GoVersion: "go1.25", Error: func(err error) { t.Error(err) }}
				imports.checked[importPath], _ = config.Check(importPath, fset, files, nil)
			}
		})
	}
}

// TestPartsTable checks what the table of parts says about files and names.
func TestPartsTable(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range parts() {
		pkg, _, isPart := strings.Cut(p.name, "/")
		loaded, err := parts().load(pkg, func(name string) string { return name })
		require.NoError(t, err, p.name)
		assert.False(t, seen[p.name], "%s is listed twice", p.name)
		seen[p.name] = true
		assert.Equal(t, isPart, len(p.files) > 0, "%s: a part has files, a core does not list them", p.name)
		assert.Equal(t, isPart, p.provides != "", p.name)
		for _, file := range p.files {
			assert.False(t, seen[pkg+" "+file], "%s is in two parts", file)
			seen[pkg+" "+file] = true
			assert.True(t, slices.ContainsFunc(loaded.files, func(f supportFile) bool { return f.Path == file }), file)
		}
		for _, required := range p.requires {
			_, ok := parts().find(required)
			assert.True(t, ok, "%s requires %s", p.name, required)
		}
		for _, name := range p.with {
			assert.NoError(t, CheckPackage(name), p.name)
		}
	}
}

// lines returns the number of lines of the support packages that a new project
// gets with a function.
func lines(t *testing.T, spec Spec) map[string]int {
	t.Helper()
	var err error
	spec.Name, err = ParseName("orders")
	require.NoError(t, err)
	plan, err := Function(spec, emptyProject(), false)
	require.NoError(t, err)
	count := map[string]int{}
	for _, f := range plan.Files {
		if name, ok := strings.CutPrefix(path.Dir(f.Path), "api/src/lib/"); ok {
			count[name] += bytes.Count(f.Data, []byte("\n"))
		}
	}
	return count
}

// TestModulesOfWebhooks checks that a function without a special scheme needs no
// module but AWS's.
func TestModulesOfWebhooks(t *testing.T) {
	spec := specs(t)[0]
	for name, want := range map[string][]string{
		DefaultScheme: {lambdaModule}, "stripe": {lambdaModule},
		"jwtVerifier": {lambdaModule, "github.com/golang-jwt/jwt/v5"},
	} {
		scheme, err := ParseScheme(name)
		require.NoError(t, err)
		spec.Webhook = &scheme
		plan, err := Function(spec, emptyProject(), false)
		require.NoError(t, err)
		file, err := modfile.Parse("go.mod", emptyProject().apply(plan).GoMod, nil)
		require.NoError(t, err)
		var required []string
		for _, r := range file.Require {
			required = append(required, r.Mod.Path)
		}
		assert.Equal(t, want, required, name)
	}
}

// TestSizeOfFunctions bounds the code that a function brings. Users read it.
func TestSizeOfFunctions(t *testing.T) {
	total := 0
	plain := lines(t, Spec{})
	for _, count := range plain {
		total += count
	}
	assert.LessOrEqual(t, total, 450, "a plain function: %v", plain)
	assert.LessOrEqual(t, lines(t, Spec{Auth: &Auth{}})["auth"], 450, "--auth")
	for name, most := range map[string]int{DefaultScheme: 650, "stripe": 700} {
		scheme, err := ParseScheme(name)
		require.NoError(t, err)
		assert.LessOrEqual(t, lines(t, Spec{Webhook: &scheme})["webhooks"], most, "--webhook=%s", name)
	}
	assert.Equal(t, []string{"fn", "fntest", "scenario"}, slices.Sorted(maps.Keys(plain)))
}
