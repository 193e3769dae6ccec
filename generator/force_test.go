package generator

import (
	"flag"
	"maps"
	"math/bits"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// specs returns every combination of the flags that decide which files a
// function has and what they declare.
func specs(t *testing.T) []Spec {
	name, err := ParseName("orders")
	require.NoError(t, err)
	allowIP, err := ParseAllowIP("10.0.0.0/8")
	require.NoError(t, err)
	rateLimit, err := ParseRateLimit("10/s")
	require.NoError(t, err)
	slack, err := ParseScheme("slack")
	require.NoError(t, err)

	flags := []func(*Spec){
		func(s *Spec) { s.AllowIP, s.RateLimit = &allowIP, &rateLimit },
		func(s *Spec) { s.Webhook = &slack },
		func(s *Spec) { s.Auth = &Auth{Roles: []string{"admin"}} },
		func(s *Spec) { s.Fixtures = true },
		func(s *Spec) { s.NoTests = true },
	}
	var list []Spec
	for set := range 1 << len(flags) {
		spec := Spec{Name: name}
		for i, flag := range flags {
			if set&(1<<i) != 0 {
				flag(&spec)
			}
		}
		list = append(list, spec)
	}
	return list
}

// emptyProject returns a project that has only a go.mod file.
func emptyProject() Project {
	return Project{
		Version: "v1.0.0", Functions: "api/src/functions", Lib: "api/src/lib",
		GoMod: []byte("module example.com/shop\n\ngo 1.22\n"),
		Files: map[string][]byte{}, Packages: map[string]map[string][]byte{},
	}
}

// apply returns the project after a plan.
func (p Project) apply(plan Plan) Project {
	p.Files = maps.Clone(p.Files)
	p.Packages = maps.Clone(p.Packages)
	for _, f := range plan.Written() {
		dir, base := path.Split(f.Path)
		switch {
		case f.Path == "go.mod":
			p.GoMod = f.Data
		case f.Path == "go.sum":
			p.GoSum = f.Data
		case f.Path == SumFile:
			p.FngenSum = f.Data
		case strings.HasPrefix(f.Path, p.Functions+"/") && f.Action == Remove:
			delete(p.Files, f.Path)
		case strings.HasPrefix(f.Path, p.Functions+"/"):
			p.Files[f.Path] = f.Data
		default:
			name := path.Base(dir)
			if p.Packages[name] == nil {
				p.Packages[name] = map[string][]byte{}
			}
			p.Packages[name][base] = f.Data
		}
	}
	return p
}

// ownRecords returns the lines of fngen.sum about functions.
func (p Project) ownRecords() []string {
	var records []string
	for _, line := range strings.Split(string(p.FngenSum), "\n") {
		if strings.HasPrefix(line, p.Functions+"/") {
			records = append(records, line)
		}
	}
	return records
}

var allPairs = flag.Bool("all-pairs", false, "replace every function by every other one, as make mutants does")

// Whatever flags a function had before, with --force it becomes what it would
// be in a new project. The golden project shows that those compile and pass
// their tests. By default, each function gets the same flags, one more or less,
// or the opposite of all of them.
func TestForceReplacesEveryFunction(t *testing.T) {
	specs := specs(t)
	projects := make([]Project, len(specs))
	for i, spec := range specs {
		plan, err := Function(spec, emptyProject(), false)
		require.NoError(t, err)
		projects[i] = emptyProject().apply(plan)
	}
	for i := range specs {
		for j, spec := range specs {
			changed := bits.OnesCount(uint(i ^ j)) // specs are numbered by their flags
			if !*allPairs && changed > 1 && 1<<changed != len(specs) {
				continue
			}
			plan, err := Function(spec, projects[i], true)
			require.NoError(t, err)
			got := projects[i].apply(plan)
			require.Equal(t, projects[j].Files, got.Files, "%+v, then %+v", specs[i], spec)
			require.Equal(t, projects[j].ownRecords(), got.ownRecords())
		}
	}
}

func TestForceKeepsEditedLeftovers(t *testing.T) {
	spec := specs(t)[0]
	withFixtures := spec
	withFixtures.Fixtures = true
	plan, err := Function(withFixtures, emptyProject(), false)
	require.NoError(t, err)
	p := emptyProject().apply(plan)
	fixtures := "api/src/functions/orders/orders_fixtures_test.go"
	require.Contains(t, p.Files, fixtures)

	p.Files[fixtures] = []byte("package orders // edited\n")
	var leftover *LeftoverError
	_, err = Function(spec, p, true)
	require.ErrorAs(t, err, &leftover)
	assert.Equal(t, []string{fixtures}, leftover.Paths)

	_, err = Function(withFixtures, p, true)
	require.NoError(t, err, "the new version has the file")

	p.FngenSum = nil
	plan, err = Function(spec, p, true)
	require.NoError(t, err, "fngen did not write the file")
	for _, f := range plan.Files {
		assert.NotEqual(t, fixtures, f.Path)
	}
}

// A leftover of an earlier version is in the way even if no other file is.
func TestLeftoverIsConflict(t *testing.T) {
	spec := specs(t)[0]
	withFixtures := spec
	withFixtures.Fixtures = true
	plan, err := Function(withFixtures, emptyProject(), false)
	require.NoError(t, err)
	p := emptyProject().apply(plan)
	fixtures := "api/src/functions/orders/orders_fixtures_test.go"
	p.Files = map[string][]byte{fixtures: p.Files[fixtures]}

	var conflict *ConflictError
	_, err = Function(spec, p, false)
	require.ErrorAs(t, err, &conflict)
	assert.Equal(t, []string{fixtures}, conflict.Paths)
}
