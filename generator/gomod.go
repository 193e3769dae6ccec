package generator

import (
	"errors"
	"go/version"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// minGo is the oldest go directive with which the generated code compiles.
const minGo = "1.22"

// A requirement describes a module that generated code or a support package
// imports. It has what go get and go mod tidy would write, so that neither has to
// run.
type requirement struct {
	module.Version
	needs []module.Version // indirect requirements
	sums  []string         // lines of go.sum, as go mod tidy leaves them
	goMin string           // go directive that it and its needs require, if above minGo
}

// requirements returns the modules at the versions that the tests of fngen use.
// Unless goMin is set, each is the newest version that works with minGo.
func requirements() []requirement {
	return append(database(), []requirement{
		{
			Version: module.Version{Path: "github.com/MicahParks/jwkset", Version: "v0.11.4"},
			needs:   []module.Version{{Path: "golang.org/x/time", Version: "v0.10.0"}},
			sums: []string{
				"github.com/MicahParks/jwkset v0.11.4 h1:sm6pqlEpa1YDu82Hoxho/O+Y291lPcksNImVIsV74gg=",
				"github.com/MicahParks/jwkset v0.11.4/go.mod h1:U2oRhRaLgDCLjtpGL2GseNKGmZtLs/3O7p+OZaL5vo0=",
				"golang.org/x/time v0.10.0 h1:3usCWA8tQn0L8+hFJQNgzpWbd89begxN66o1Ojdn5L4=",
				"golang.org/x/time v0.10.0/go.mod h1:3BpzKBy/shNhVucY/MWOyx10tF3SFh9QdLuxbVysPQM=",
			},
		},
		{
			Version: module.Version{Path: "github.com/aws/aws-lambda-go", Version: "v1.54.0"},
			sums: []string{
				"github.com/aws/aws-lambda-go v1.54.0 h1:EGYpdyRGF88xszqlGcBewz811mJeRS+maNlLZXFheII=",
				"github.com/aws/aws-lambda-go v1.54.0/go.mod h1:dpMpZgvWx5vuQJfBt0zqBha60q7Dd7RfgJv23DymV8A=",
				"github.com/davecgh/go-spew v1.1.1 h1:vj9j/u1bqnvCEfJOwUhtlOARqs3+rkHYY13jYWTU97c=",
				"github.com/davecgh/go-spew v1.1.1/go.mod h1:J7Y8YcW2NihsgmVo/mv3lAwl/skON4iLHjSsI+c5H38=",
				"github.com/pmezard/go-difflib v1.0.0 h1:4DBwDE0NGyQoBHbLQYPwSUPoCMWR5BEzIk/f1lZbAQM=",
				"github.com/pmezard/go-difflib v1.0.0/go.mod h1:iKH77koFhYxTK1pcRnkKkqfTogsbg7gZNVY4sRDYZ/4=",
				"github.com/stretchr/testify v1.7.2 h1:4jaiDzPyXQvSd7D0EjG45355tLlV3VOECpq10pLC+8s=",
				"github.com/stretchr/testify v1.7.2/go.mod h1:R6va5+xMeoiuVRoj+gSkQ7d3FALtqAAGI1FQKckRals=",
				"gopkg.in/yaml.v3 v3.0.1 h1:fxVm/GzAzEWqLHuvctI91KS9hhNmmWOoWu0XTYJS7CA=",
				"gopkg.in/yaml.v3 v3.0.1/go.mod h1:K4uyk7z7BCEPqu6E+C64Yfv1cQ7kz7rIZviUmN+EgEM=",
			},
		},
		{
			Version: module.Version{Path: "github.com/golang-jwt/jwt/v5", Version: "v5.3.1"},
			sums: []string{
				"github.com/golang-jwt/jwt/v5 v5.3.1 h1:kYf81DTWFe7t+1VvL7eS+jKFVWaUnK9cB1qbwn63YCY=",
				"github.com/golang-jwt/jwt/v5 v5.3.1/go.mod h1:fxCRLWMO43lRc8nhHWY6LGqRcf+1gQWArsqaEUEa5bE=",
			},
		},
		{
			Version: module.Version{Path: "github.com/redis/go-redis/v9", Version: "v9.22.0"},
			goMin:   "1.25",
			needs: []module.Version{
				{Path: "github.com/cespare/xxhash/v2", Version: "v2.3.0"},
				{Path: "go.uber.org/atomic", Version: "v1.11.0"},
				{Path: "golang.org/x/sys", Version: "v0.30.0"},
			},
			sums: []string{
				"github.com/bsm/ginkgo/v2 v2.12.0 h1:Ny8MWAHyOepLGlLKYmXG4IEkioBysk6GpaRTLC8zwWs=",
				"github.com/bsm/ginkgo/v2 v2.12.0/go.mod h1:SwYbGRRDovPVboqFv0tPTcG1sN61LM1Z4ARdbAV9g4c=",
				"github.com/bsm/gomega v1.27.10 h1:yeMWxP2pV2fG3FgAODIY8EiRE3dy0aeFYt4l7wh6yKA=",
				"github.com/bsm/gomega v1.27.10/go.mod h1:JyEr/xRbxbtgWNi8tIEVPUYZ5Dzef52k01W3YH0H+O0=",
				"github.com/cespare/xxhash/v2 v2.3.0 h1:UL815xU9SqsFlibzuggzjXhog7bL6oX9BbNZnL2UFvs=",
				"github.com/cespare/xxhash/v2 v2.3.0/go.mod h1:VGX0DQ3Q6kWi7AoAeZDth3/j3BFtOZR5XLFGgcrjCOs=",
				"github.com/klauspost/cpuid/v2 v2.2.10 h1:tBs3QSyvjDyFTq3uoc/9xFpCuOsJQFNPiAhYdw2skhE=",
				"github.com/klauspost/cpuid/v2 v2.2.10/go.mod h1:hqwkgyIinND0mEev00jJYCxPNVRVXFQeu1XKlok6oO0=",
				"github.com/redis/go-redis/v9 v9.22.0 h1:laDvpYXTJtZLloinw1fA5Kqd6HAEH2XKxOkG/PDq2F0=",
				"github.com/redis/go-redis/v9 v9.22.0/go.mod h1:y2g0Wj8rQvuK0ELM+oxSudcLtC09JScs98I/X9gRWY4=",
				"github.com/zeebo/xxh3 v1.1.0 h1:s7DLGDK45Dyfg7++yxI0khrfwq9661w9EN78eP/UZVs=",
				"github.com/zeebo/xxh3 v1.1.0/go.mod h1:IisAie1LELR4xhVinxWS5+zf1lA4p0MW4T+w+W07F5s=",
				"go.uber.org/atomic v1.11.0 h1:ZvwS0R+56ePWxUNi+Atn9dWONBPp/AUETXlHW0DxSjE=",
				"go.uber.org/atomic v1.11.0/go.mod h1:LUxbIzbOniOlMKjJjyPfpl4v+PKK2cNJn91OQbhoJI0=",
				"golang.org/x/sys v0.30.0 h1:QjkSwP/36a20jFYWkSue1YwXzLmsV5Gfq7Eiy72C1uc=",
				"golang.org/x/sys v0.30.0/go.mod h1:/VUhepiaJMQUp4+oa/7Zr1D23ma6VTLIYjOOTFZPUcA=",
			},
		},
	}...)
}

// A goMod is a go.mod file and the edits to it.
type goMod struct {
	file   *modfile.File
	source []byte
	added  []requirement    // new requirements
	direct []string         // indirect requirements that become direct
	needed []module.Version // needs of added that are not required at that version yet
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
	return &goMod{file: file, source: data}, nil
}

func (m *goMod) path() string { return m.file.Module.Mod.Path }

// require adds requirements for the modules of packages, and indirect ones for
// what those modules need. An existing requirement of such a module keeps its
// version and becomes a direct one. One of a module that they need is raised if
// its version is older, as minimal version selection demands.
func (m *goMod) require(packages []string) error {
	for _, r := range requirements() {
		inModule := func(p string) bool { return p == r.Path || strings.HasPrefix(p, r.Path+"/") }
		if !slices.ContainsFunc(packages, inModule) {
			continue
		}
		i := slices.IndexFunc(m.file.Require, func(have *modfile.Require) bool { return have.Mod.Path == r.Path })
		switch {
		case i < 0:
			if have := m.file.Go.Version; r.goMin != "" && version.Compare("go"+have, "go"+r.goMin) < 0 {
				return &GoVersionError{Have: have, Want: r.goMin}
			}
			m.added = append(m.added, r)
		case m.file.Require[i].Indirect:
			m.direct = append(m.direct, r.Path)
		}
	}
	for _, r := range m.added {
		for _, need := range r.needs {
			satisfies := func(have module.Version) bool {
				return have.Path == need.Path && semver.Compare(have.Version, need.Version) >= 0
			}
			if !slices.ContainsFunc(m.file.Require, func(have *modfile.Require) bool { return satisfies(have.Mod) }) &&
				!slices.ContainsFunc(m.added, func(r requirement) bool { return satisfies(r.Version) }) &&
				!slices.ContainsFunc(m.needed, satisfies) {
				m.needed = append(m.needed, need)
			}
		}
	}
	return nil
}

// format returns the file in the format of go get, or unchanged if there are no
// edits.
func (m *goMod) format() ([]byte, error) {
	if len(m.added)+len(m.direct) == 0 {
		return m.source, nil
	}
	var all []*modfile.Require
	needed := slices.Clone(m.needed)
	for _, have := range m.file.Require {
		indirect := have.Indirect && !slices.Contains(m.direct, have.Mod.Path)
		version := have.Mod
		needed = slices.DeleteFunc(needed, func(need module.Version) bool {
			if need.Path != version.Path {
				return false
			}
			version = need
			return true
		})
		all = append(all, &modfile.Require{Mod: version, Indirect: indirect})
	}
	for _, r := range m.added {
		all = append(all, &modfile.Require{Mod: r.Version})
	}
	for _, need := range needed {
		all = append(all, &modfile.Require{Mod: need, Indirect: true})
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

// addGoSums returns goSum with the lines of the added modules, in the order of the
// go command. It returns goSum unchanged if no line is missing.
func addGoSums(goSum []byte, added []requirement) []byte {
	text := strings.TrimSuffix(string(goSum), "\n")
	var lines []string
	if text != "" {
		lines = strings.Split(text, "\n")
	}
	before := len(lines)
	newest := map[string]string{} // versions by module, of lines for the code itself
	note := func(lines []string) {
		for _, line := range lines {
			m := sumModule(line)
			if !strings.HasSuffix(m.Version, "/go.mod") && semver.Compare(m.Version, newest[m.Path]) > 0 {
				newest[m.Path] = m.Version
			}
		}
	}
	note(lines)
	for _, r := range added {
		note(r.sums)
	}
	for _, r := range added {
		for _, sum := range r.sums {
			// Only the newest version of a module is built: go mod tidy leaves out
			// the others, except for their go.mod files.
			m := sumModule(sum)
			version := strings.TrimSuffix(m.Version, "/go.mod")
			older := newest[m.Path] != version && slices.ContainsFunc(r.sums, func(line string) bool {
				return strings.HasPrefix(line, m.Path+" "+version+" ")
			})
			if !older && !slices.Contains(lines, sum) {
				lines = append(lines, sum)
			}
		}
	}
	if len(lines) == before {
		return goSum
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
	return []byte(strings.Join(lines, "\n") + "\n")
}

// sumModule returns the module of a line of go.sum. Its version ends in /go.mod if
// the line is for the go.mod file only.
func sumModule(line string) module.Version {
	fields := append(strings.Fields(line), "", "")
	return module.Version{Path: fields[0], Version: fields[1]}
}
