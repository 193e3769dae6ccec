package generator

import (
	"bytes"
	"flag"
	"fmt"
	goversion "go/version"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

var (
	update = flag.Bool("update", false, "rewrite modules.txt")
	fetch  = flag.Bool("fetch", false, "let the go command download modules, as make modules does")
)

// upgradable has the modules that fngen raises in a project that requires an older
// version, with packages that stand for all others: they need the same modules in
// each version. For other modules, the user runs go get.
var upgradable = map[string][]string{
	"github.com/cespare/xxhash/v2":       {""},
	"github.com/davecgh/go-spew":         {"spew"},
	"github.com/dustin/go-humanize":      {""},
	"github.com/google/uuid":             {""},
	"github.com/joho/godotenv":           {""},
	"github.com/klauspost/compress":      {"flate", "gzip", "zstd"},
	"github.com/klauspost/cpuid/v2":      {""},
	"github.com/mattn/go-isatty":         {""},
	"github.com/pmezard/go-difflib":      {"difflib"},
	"github.com/shopspring/decimal":      {""},
	"github.com/stretchr/objx":           {""},
	"github.com/stretchr/testify":        {"assert", "require"},
	"go.uber.org/atomic":                 {""},
	"go.uber.org/multierr":               {""},
	"go.yaml.in/yaml/v3":                 {""},
	"golang.org/x/crypto":                {"bcrypt", "pbkdf2", "hkdf"},
	"golang.org/x/exp":                   {"constraints", "maps", "slices"},
	"golang.org/x/mod":                   {"modfile", "module", "semver"},
	"golang.org/x/net":                   {"context", "html", "netutil"},
	"golang.org/x/sync":                  {"errgroup", "semaphore", "singleflight"},
	"golang.org/x/sys":                   {"unix"},
	"golang.org/x/text":                  {"cases", "encoding", "language", "transform", "unicode/norm"},
	"golang.org/x/time":                  {"rate"},
	"google.golang.org/protobuf":         {"proto", "encoding/protojson"},
	"gopkg.in/yaml.v3":                   {""},
	"github.com/go-sql-driver/mysql":     {""},
	"github.com/golang-jwt/jwt/v4":       {""},
	"filippo.io/edwards25519":            {""},
	"github.com/andybalholm/brotli":      {""},
	"github.com/go-logr/logr":            {""},
	"github.com/mattn/go-colorable":      {""},
	"github.com/jackc/puddle/v2":         {""},
	"github.com/jinzhu/inflection":       {""},
	"github.com/ncruces/go-strftime":     {""},
	"github.com/pierrec/lz4/v4":          {""},
	"github.com/hashicorp/golang-lru/v2": {"", "simplelru"},
}

// TestModules compares modules.txt with what the go command says about each
// module. The flag -update rewrites it.
func TestModules(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the go command for each module")
	}
	data, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	own, err := modfile.Parse("go.mod", data, nil)
	require.NoError(t, err)

	var direct []module.Version
	packages := map[string][]string{}
	for _, pkg := range importedPackages(t) {
		var mod module.Version // the one with the longest path, as the go command chooses
		for _, r := range own.Require {
			inModule := pkg == r.Mod.Path || strings.HasPrefix(pkg, r.Mod.Path+"/")
			if inModule && len(r.Mod.Path) > len(mod.Path) {
				mod = r.Mod
			}
		}
		require.NotEmpty(t, mod.Path, pkg)
		if packages[mod.Path] == nil {
			direct = append(direct, mod)
		}
		packages[mod.Path] = append(packages[mod.Path], pkg)
	}
	// Package db imports all of these, or none.
	var together []module.Version
	for _, pkg := range importsOfPackages(t, "db", "dbtest", Migrations) {
		packages["db"] = append(packages["db"], pkg)
		for _, mod := range direct {
			if slices.Contains(packages[mod.Path], pkg) && !slices.Contains(together, mod) {
				together = append(together, mod)
			}
		}
	}
	for name, list := range upgradable {
		for _, pkg := range list {
			packages[name] = append(packages[name], path.Join(name, pkg))
		}
	}

	described := map[module.Version]*goModule{}
	add := func(mod module.Version) *goModule {
		if described[mod] == nil {
			m := describe(t, mod, packages[mod.Path])
			if m == nil {
				return &goModule{}
			}
			described[mod] = m
			if slices.Contains(together, mod) {
				// Sums and versions are those of the modules together.
				all := describe(t, mod, packages["db"], together...)
				all.lists = slices.DeleteFunc(all.lists, func(r module.Version) bool {
					sameAs := func(l module.Version) bool { return l.Path == r.Path }
					return !slices.ContainsFunc(described[mod].lists, sameAs) || slices.Contains(together, r)
				})
				described[mod] = all
			}
		}
		return described[mod]
	}
	for _, mod := range direct {
		queue := slices.Clone(add(mod).requires)
		least := map[string]string{}
		for _, r := range queue {
			least[r.Path] = r.Version
		}
		seen := map[module.Version]bool{}
		for ; len(queue) > 0; queue = queue[1:] {
			mod := queue[0]
			if packages[mod.Path] == nil || seen[mod] {
				continue
			}
			seen[mod] = true
			for _, r := range add(mod).requires {
				if semver.Compare(r.Version, least[r.Path]) > 0 {
					queue = append(queue, r)
				}
			}
		}
	}
	list := slices.Collect(maps.Keys(described))
	module.Sort(list)
	var want strings.Builder
	want.WriteString("# What requiring a module brings, as the go command says. Made by make table.\n")
	for _, mod := range list {
		want.WriteString(formatModule(described[mod]))
	}
	if *update {
		require.NoError(t, os.WriteFile("modules.txt", []byte(want.String()), 0o666))
		return
	}
	assert.Equal(t, want.String(), modulesText, "make table rewrites modules.txt")
}

// importedPackages returns the packages of other modules that projects import.
func importedPackages(t *testing.T) []string {
	names, err := packageNames()
	require.NoError(t, err)
	all := importsOfPackages(t, append(names, Migrations)...)
	// Functions and main packages import these.
	all = append(all, lambdaModule+"/events", lambdaModule+"/lambda", lambdaModule+"/lambdacontext")
	slices.Sort(all)
	return slices.Compact(all)
}

func importsOfPackages(t *testing.T, names ...string) []string {
	var all []string
	for _, name := range names {
		pkg, err := parts().load(name, func(name string) string { return libPrefix + name })
		require.NoError(t, err)
		for _, f := range pkg.files {
			all = append(all, f.imports...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// describe asks the go command about a module that requires mod, and others, and
// imports only packages of those. It returns nil if the answer would depend on
// the time.
func describe(t *testing.T, mod module.Version, packages []string, others ...module.Version) *goModule {
	t.Helper()
	dir := t.TempDir()
	source := "package m\n\nimport (\n"
	for _, pkg := range packages {
		source += fmt.Sprintf("\t_ %q\n", pkg)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "m.go"), []byte(source+")\n"), 0o666))
	text := fmt.Sprintf("module m\n\ngo %s\n\nrequire %s %s\n", minGo, mod.Path, mod.Version)
	for _, other := range others {
		if other != mod {
			text += fmt.Sprintf("require %s %s\n", other.Path, other.Version)
		}
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o666))
	cmd := goTool(dir, "mod", "tidy")
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "finding module for package") {
		return nil // its tests need a module that it does not require: any version would do
	}
	require.NoError(t, err, "go mod tidy: %s", out)

	m := &goModule{Version: mod}
	data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	require.NoError(t, err)
	file, err := modfile.Parse("go.mod", data, nil)
	require.NoError(t, err)
	if file.Go.Version != minGo {
		m.goMin = file.Go.Version
	}
	for _, r := range file.Require {
		if r.Mod.Path != mod.Path {
			m.lists = append(m.lists, r.Mod)
		}
	}
	newest := map[string]string{mod.Path: mod.Version} // a module may require a newer one of itself
	read := map[string]bool{}
	for line := range strings.Lines(goCommand(t, dir, "mod", "graph")) {
		from, to, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, version, _ := strings.Cut(to, "@")
		skip := from == "m" || name == "go" || name == "toolchain"
		if !skip && unpruned(t, from) {
			read[to] = true
		}
		if !skip && semver.Compare(version, newest[name]) > 0 {
			newest[name] = version
		}
	}
	for _, name := range slices.Sorted(maps.Keys(newest)) {
		if name != mod.Path || newest[name] != mod.Version {
			m.requires = append(m.requires, module.Version{Path: name, Version: newest[name]})
		}
	}
	sum, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	require.NoError(t, err)
	m.sums = strings.Split(strings.TrimSpace(string(sum)), "\n")
	for _, line := range m.sums {
		sum := sumModule(line)
		if version, isMod := strings.CutSuffix(sum.Version, "/go.mod"); isMod && read[sum.Path+"@"+version] {
			m.reads = append(m.reads, line)
		}
	}
	return m
}

// unpruned reports whether the go command reads the go.mod files of all modules
// below a module, since its go directive is below 1.17.
func unpruned(t *testing.T, mod string) bool {
	name, version, _ := strings.Cut(mod, "@")
	escaped, err := module.EscapePath(name)
	require.NoError(t, err)
	cache := strings.TrimSpace(goCommand(t, ".", "env", "GOMODCACHE"))
	data, err := os.ReadFile(filepath.Join(cache, "cache/download", filepath.FromSlash(escaped), "@v", version+".mod"))
	require.NoError(t, err)
	file, err := modfile.ParseLax("go.mod", data, nil)
	require.NoError(t, err)
	return file.Go == nil || goversion.Compare("go"+file.Go.Version, "go1.17") < 0
}

// formatModule returns the lines of modules.txt for a module.
func formatModule(m *goModule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", m.Path, m.Version.Version)
	if m.goMin != "" {
		fmt.Fprintf(&b, "\tgo %s\n", m.goMin)
	}
	for _, mod := range m.lists {
		fmt.Fprintf(&b, "\tlists %s %s\n", mod.Path, mod.Version)
	}
	for _, mod := range m.requires {
		fmt.Fprintf(&b, "\trequires %s %s\n", mod.Path, mod.Version)
	}
	for _, line := range m.sums {
		kind := "sum"
		if slices.Contains(m.reads, line) {
			kind = "reads"
		}
		fmt.Fprintf(&b, "\t%s %s\n", kind, line)
	}
	return b.String()
}

// goCommand runs the go command, offline unless -fetch is set.
func goCommand(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := goTool(dir, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoError(t, cmd.Run(), "go %s: %s", strings.Join(args, " "), &stderr)
	return stdout.String()
}

func goTool(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod -trimpath", "GOWORK=off", "GOTOOLCHAIN=local")
	if !*fetch {
		cmd.Env = append(cmd.Env, "GOPROXY=off")
	}
	return cmd
}
