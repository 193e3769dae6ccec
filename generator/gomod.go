package generator

import (
	"errors"
	"fmt"
	"go/version"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// minimum returns the oldest version of a module that generated code compiles
// with, which is that of the table if no older one is known to work.
func minimum(m *goModule) string {
	switch m.Path {
	case lambdaModule:
		return "v1.52.0" // lambdacontext.ReplaceAttr
	case "github.com/golang-jwt/jwt/v5":
		return "v5.2.0"
	case "github.com/pressly/goose/v3":
		return "v3.23.1" // goose.WithLogger
	case "github.com/jackc/pgx/v5":
		return "v5.7.6"
	case "github.com/redis/go-redis/v9":
		return "v9.5.1"
	case "github.com/robfig/cron/v3":
		return "v3.0.0"
	case bunModule, bunModule + "/dialect/pgdialect", bunModule + "/dialect/sqlitedialect":
		return "v1.2.1"
	}
	return m.Version.Version
}

// bunModule panics when the program starts if one of its dialects has another
// version.
const bunModule = "github.com/uptrace/bun"

// A goMod is a go.mod file and the edits to it.
type goMod struct {
	file     *modfile.File
	source   []byte
	direct   []string          // modules that generated code imports
	old      map[string]string // versions by path, as the file has them
	versions map[string]string // of the modules to require, those of the file included
	brought  []*goModule       // modules that are added or raised
	table    []*goModule       // what requiring modules brings; set by require
}

func parseGoMod(data []byte) (*goMod, error) {
	file, err := modfile.Parse("go.mod", data, nil)
	if err != nil {
		return nil, &ModError{err}
	}
	if file.Module == nil {
		return nil, &ModError{errors.New("go.mod: no module directive")}
	}
	have := ""
	if file.Go != nil {
		have = file.Go.Version
	}
	if have == "" || version.Compare("go"+have, "go"+minGo) < 0 {
		return nil, &GoVersionError{Have: have, Want: minGo}
	}
	m := &goMod{file: file, source: data, versions: map[string]string{}}
	for _, r := range file.Require {
		if semver.Compare(r.Mod.Version, m.versions[r.Mod.Path]) > 0 {
			m.versions[r.Mod.Path] = r.Mod.Version
		}
	}
	m.old = maps.Clone(m.versions)
	return m, nil
}

func (m *goMod) path() string { return m.file.Module.Mod.Path }

// require adds requirements for the modules of packages, and what those require.
// Existing requirements become direct. They keep their version, unless it is too
// old for the generated code or for an added module: then they are raised, as go
// get does by minimal version selection. If the table does not say what that
// brings, the error is a *[RequireError]. So it is if one of the required modules,
// whose go.mod files are given, needs a newer version of a module that is added.
func (m *goMod) require(packages []string, required ...[]byte) error {
	table := parseModules(modulesText)
	m.table = table
	var missing []module.Version // modules to go get
	for _, path := range importedModules(table, packages) {
		if path == m.path() {
			continue
		}
		mod := newestModule(table, path)
		m.direct = append(m.direct, path)
		have := m.versions[path]
		var unlisted []module.Version
		for _, r := range mod.lists {
			if m.old[r.Path] == "" {
				unlisted = append(unlisted, module.Version{Path: r.Path})
			}
		}
		switch {
		case have == "" || semver.Compare(have, minimum(mod)) < 0:
			m.versions[path] = mod.Version.Version
		case len(unlisted) == 0:
		case semver.Compare(have, mod.Version.Version) > 0:
			for _, pkg := range packages {
				if slices.Equal(importedModules(table, []string{pkg}), []string{path}) {
					missing = append(missing, module.Version{Path: pkg, Version: have})
				}
			}
			missing = append(missing, unlisted...)
		default:
			m.versions[path] = mod.Version.Version
		}
	}
	if len(missing) == 0 {
		missing = m.raise(table)
	}
	missing = append(missing, m.bunDialects()...)
	missing = append(missing, m.newerInGraph(required)...)
	want := m.file.Go.Version
	for _, mod := range m.brought {
		if mod.goMin != "" && version.Compare("go"+want, "go"+mod.goMin) < 0 {
			want = mod.goMin
		}
	}
	if want != m.file.Go.Version {
		return &GoVersionError{Have: m.file.Go.Version, Want: want}
	}
	if len(missing) > 0 {
		return &RequireError{Modules: missing, have: m.old}
	}
	return nil
}

// raise raises m.versions until each required module has what the others require,
// and sets m.brought. It returns the modules that the table does not describe.
// Versions that are still those of the file have what they require already.
func (m *goMod) raise(table []*goModule) (missing []module.Version) {
	for changed := true; changed; {
		changed = false
		m.brought, missing = nil, nil
		listed := map[module.Version]bool{} // described with the module that lists it
		for _, path := range slices.Sorted(maps.Keys(m.versions)) {
			mod := module.Version{Path: path, Version: m.versions[path]}
			if m.old[path] == mod.Version {
				continue
			}
			i := slices.IndexFunc(table, func(t *goModule) bool { return t.Version == mod })
			if i < 0 {
				missing = append(missing, mod)
				continue
			}
			m.brought = append(m.brought, table[i])
			for _, r := range table[i].lists {
				listed[r] = true
				if r.Path != m.path() && semver.Compare(r.Version, m.versions[r.Path]) > 0 {
					m.versions[r.Path], changed = r.Version, true
				}
			}
			for _, r := range table[i].requires {
				if have := m.versions[r.Path]; have != "" && semver.Compare(r.Version, have) > 0 {
					m.versions[r.Path], changed = r.Version, true
				}
			}
		}
		missing = slices.DeleteFunc(missing, func(mod module.Version) bool { return listed[mod] })
	}
	return missing
}

// bunDialects returns the dialects that have another version than bun, at the
// version of bun.
func (m *goMod) bunDialects() []module.Version {
	if !slices.Contains(m.direct, bunModule) {
		return nil
	}
	var missing []module.Version
	for _, path := range slices.Sorted(maps.Keys(m.versions)) {
		if strings.HasPrefix(path, bunModule+"/dialect/") && m.versions[path] != m.versions[bunModule] {
			missing = append(missing, module.Version{Path: path, Version: m.versions[bunModule]})
		}
	}
	return missing
}

// newerInGraph returns the modules that are added, and that a required module needs
// in a newer version. Minimal version selection would choose that one.
func (m *goMod) newerInGraph(required [][]byte) []module.Version {
	newest := map[string]string{}
	for _, data := range required {
		file, err := modfile.ParseLax("go.mod", data, nil)
		if err != nil {
			continue // the go command will say so
		}
		for _, r := range file.Require {
			added := m.old[r.Mod.Path] == "" && m.versions[r.Mod.Path] != ""
			if added && semver.Compare(r.Mod.Version, m.versions[r.Mod.Path]) > 0 &&
				semver.Compare(r.Mod.Version, newest[r.Mod.Path]) > 0 {
				newest[r.Mod.Path] = r.Mod.Version
			}
		}
	}
	var missing []module.Version
	for _, path := range slices.Sorted(maps.Keys(newest)) {
		missing = append(missing, module.Version{Path: path, Version: newest[path]})
	}
	return missing
}

// importedModules returns the paths of the table's modules that packages are of.
func importedModules(table []*goModule, packages []string) []string {
	var paths []string
	for _, pkg := range packages {
		path := ""
		for _, mod := range table {
			inModule := pkg == mod.Path || strings.HasPrefix(pkg, mod.Path+"/")
			if inModule && len(mod.Path) > len(path) {
				path = mod.Path
			}
		}
		if path != "" && !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	slices.Sort(paths)
	return paths
}

// newestModule returns the entry of the table with the newest version of a module.
func newestModule(table []*goModule, path string) *goModule {
	var newest *goModule
	for _, mod := range table {
		if mod.Path == path && (newest == nil || semver.Compare(mod.Version.Version, newest.Version.Version) > 0) {
			newest = mod
		}
	}
	return newest
}

// raised returns what happened to existing requirements, as go get reports it.
func (m *goMod) raised() []string {
	var lines []string
	for _, path := range slices.Sorted(maps.Keys(m.old)) {
		if have, now := m.old[path], m.versions[path]; have != now {
			lines = append(lines, fmt.Sprintf("%s %s => %s", path, have, now))
		}
	}
	return lines
}

// format returns the file in the format of go get, or unchanged if there are no
// edits.
func (m *goMod) format() ([]byte, error) {
	changed := false
	var all []*modfile.Require
	required := map[string]bool{}
	for _, have := range m.file.Require {
		r := &modfile.Require{
			Mod:      module.Version{Path: have.Mod.Path, Version: m.versions[have.Mod.Path]},
			Indirect: have.Indirect && !slices.Contains(m.direct, have.Mod.Path),
		}
		changed = changed || r.Mod != have.Mod || r.Indirect != have.Indirect
		required[r.Mod.Path] = true
		all = append(all, r)
	}
	for _, path := range slices.Sorted(maps.Keys(m.versions)) {
		if !required[path] {
			changed = true
			mod := module.Version{Path: path, Version: m.versions[path]}
			all = append(all, &modfile.Require{Mod: mod, Indirect: !slices.Contains(m.direct, path)})
		}
	}
	if !changed {
		return m.source, nil
	}
	m.file.SetRequireSeparateIndirect(all)
	m.file.Cleanup()
	return m.file.Format()
}

// ignores returns the ignore directive that excludes dir from patterns such as
// ./..., or "" if there is none.
func (m *goMod) ignores(dir string) string {
	for _, ignore := range m.file.Ignore {
		name, rooted := strings.CutPrefix(ignore.Path, "./")
		name = path.Clean(name)
		if dir == name || strings.HasPrefix(dir, name+"/") {
			return ignore.Path
		}
		if !rooted && strings.Contains("/"+dir+"/", "/"+name+"/") {
			return ignore.Path
		}
	}
	return ""
}

// goSum returns the lines of go.sum with those that the edits need, in the order
// of the go command, and without those that they make obsolete. It returns data
// unchanged if no line changes.
func (m *goMod) goSum(data []byte) []byte {
	text := strings.TrimSuffix(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	var before []string
	if text != "" {
		before = strings.Split(text, "\n")
	}
	lines := slices.Clone(before)
	sources := map[string]bool{} // modules with a line for their code
	for _, line := range before {
		if mod := sumModule(line); !strings.HasSuffix(mod.Version, "/go.mod") {
			sources[mod.Path] = true
		}
	}
	newest := map[string]string{} // versions by module, of lines for the code itself
	note := func(line string) {
		mod := sumModule(line)
		if !strings.HasSuffix(mod.Version, "/go.mod") && semver.Compare(mod.Version, newest[mod.Path]) > 0 {
			newest[mod.Path] = mod.Version
		}
	}
	for _, line := range before {
		note(line)
	}
	var added []string
	read := map[string]bool{}
	for _, mod := range m.brought {
		for _, line := range mod.reads {
			read[line] = true
		}
		direct := slices.Contains(m.direct, mod.Path)
		for _, line := range mod.sums {
			// The project may not import the packages of a raised module whose
			// tests need this module.
			path := sumModule(line).Path
			listed := path == mod.Path || slices.ContainsFunc(mod.lists, func(r module.Version) bool { return r.Path == path })
			if direct || listed || sources[path] {
				added = append(added, line)
				note(line)
			}
		}
	}
	for _, line := range added {
		// go mod tidy leaves out the code of older versions.
		mod := sumModule(line)
		version := strings.TrimSuffix(mod.Version, "/go.mod")
		older := version != newest[mod.Path] && !read[line] && slices.ContainsFunc(added, func(line string) bool {
			return strings.HasPrefix(line, mod.Path+" "+version+" ")
		})
		if !older && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if len(m.brought) > 0 {
		obsolete := m.obsolete(m.table, lines, newest)
		lines = slices.DeleteFunc(lines, func(line string) bool { return obsolete[line] })
	}
	if slices.Equal(lines, before) {
		return data
	}
	slices.SortStableFunc(lines, func(a, b string) int {
		mods := []module.Version{sumModule(a), sumModule(b)}
		if mods[0] == mods[1] {
			return strings.Compare(a, b)
		}
		module.Sort(mods)
		if mods[0] == sumModule(a) {
			return -1
		}
		return 1
	})
	return []byte(strings.Join(slices.Compact(lines), "\n") + "\n")
}

// obsolete returns the lines of older versions than newest that nothing needs.
// The code of an older version is never built. Its go.mod file may be read, for
// a module without graph pruning: its line goes only if the table describes all
// required modules and none needs it.
func (m *goMod) obsolete(table []*goModule, lines []string, newest map[string]string) map[string]bool {
	described := map[module.Version]bool{}
	var all []*goModule
	for _, mod := range table {
		if m.versions[mod.Path] != mod.Version.Version {
			continue
		}
		all = append(all, mod)
		described[mod.Version] = true
		for _, r := range mod.lists {
			described[r] = true
		}
	}
	complete := true
	for path, version := range m.versions {
		complete = complete && described[module.Version{Path: path, Version: version}]
	}

	known := map[string]bool{}  // lines of the table
	needed := map[string]bool{} // for go.mod files that are read
	for _, mod := range table {
		for _, line := range mod.sums {
			known[line] = true
		}
	}
	for _, mod := range all {
		for _, line := range mod.reads {
			needed[line] = true
		}
	}
	obsolete := map[string]bool{}
	for _, line := range lines {
		sum := sumModule(line)
		version, isMod := strings.CutSuffix(sum.Version, "/go.mod")
		if semver.Compare(version, newest[sum.Path]) >= 0 || needed[line] {
			continue
		}
		raised := m.old[sum.Path] == version && m.versions[sum.Path] != version
		obsolete[line] = complete || !isMod && (known[line] || raised)
	}
	return obsolete
}

// sumModule returns the module of a line of go.sum. Its version ends in /go.mod if
// the line is for the go.mod file only.
func sumModule(line string) module.Version {
	fields := append(strings.Fields(line), "", "")
	return module.Version{Path: fields[0], Version: fields[1]}
}
