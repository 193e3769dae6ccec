package generator

import (
	"bytes"
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	fnFile   = "api/src/lib/fn/fn.go"
	formFile = "api/src/lib/fn/form.go"
)

// projectWithFn returns a project in which v1.0.0 wrote package fn, after edit.
func projectWithFn(t *testing.T, edit func(pkg map[string][]byte, records *sums)) Project {
	t.Helper()
	plan, err := Add([]string{"fn"}, emptyProject(), false)
	require.NoError(t, err)
	p := emptyProject().apply(plan)
	p.Packages["fn"] = maps.Clone(p.Packages["fn"])
	records, err := parseSums(p.FngenSum)
	require.NoError(t, err)
	edit(p.Packages["fn"], records)
	p.FngenSum = records.format()
	return p
}

// actions returns what a plan does with fn.go and form.go.
func actions(plan Plan) [2]Action {
	var list [2]Action
	for _, f := range plan.Files {
		switch f.Path {
		case fnFile:
			list[0] = f.Action
		case formFile:
			list[1] = f.Action
		}
	}
	return list
}

func TestExistingPackages(t *testing.T) {
	const older = marker + "\n\npackage fn\n"
	tests := []struct {
		name   string
		edit   func(pkg map[string][]byte, records *sums)
		add    [2]Action // of fn.go and form.go
		err    string    // of add, and of a function
		note   string
		update [2]Action
		errOf  string // of add --update
	}{
		{
			name:   "same version",
			edit:   func(map[string][]byte, *sums) {},
			add:    [2]Action{Keep, Keep},
			update: [2]Action{Unchanged, Unchanged},
		}, {
			name: "another version with the same contents",
			edit: func(pkg map[string][]byte, records *sums) {
				records.set(fnFile, "v0.9.0", pkg["fn.go"])
				records.set(formFile, "v2.0.0", pkg["form.go"])
			},
			add:    [2]Action{Keep, Keep},
			update: [2]Action{Unchanged, Unchanged},
		}, {
			name: "line endings of Windows",
			edit: func(pkg map[string][]byte, records *sums) {
				pkg["fn.go"] = bytes.ReplaceAll(pkg["fn.go"], []byte("\n"), []byte("\r\n"))
			},
			add:    [2]Action{Keep, Keep},
			update: [2]Action{Unchanged, Unchanged},
		}, {
			name: "only the marker is older",
			edit: func(pkg map[string][]byte, records *sums) {
				pkg["fn.go"] = bytes.Replace(pkg["fn.go"], []byte("fngen."), []byte("fngen v0.9.0."), 1)
				records.set(fnFile, "v0.9.0", pkg["fn.go"])
			},
			add:    [2]Action{Keep, Keep},
			update: [2]Action{Overwrite, Unchanged},
		}, {
			name: "older contents",
			edit: func(pkg map[string][]byte, records *sums) {
				pkg["fn.go"] = []byte(older)
				records.set(fnFile, "v0.9.0", pkg["fn.go"])
			},
			err:    "api/src/lib/fn was written by fngen v0.9.0: the generated code needs what fngen v1.0.0 writes",
			update: [2]Action{Overwrite, Unchanged},
		}, {
			name: "older contents of another build",
			edit: func(pkg map[string][]byte, records *sums) {
				pkg["fn.go"] = []byte(older)
				records.set(fnFile, "v1.0.0", pkg["fn.go"])
			},
			err: "api/src/lib/fn was written by another build of fngen v1.0.0: " +
				"the generated code needs what fngen v1.0.0 writes",
			update: [2]Action{Overwrite, Unchanged},
		}, {
			name: "newer contents",
			edit: func(pkg map[string][]byte, records *sums) {
				pkg["fn.go"] = []byte(older)
				records.set(fnFile, "v1.1.0", pkg["fn.go"])
			},
			err:   "fngen v1.1.0 wrote " + fnFile + ", and this is v1.0.0",
			errOf: "fngen v1.1.0 wrote " + fnFile + ", and this is v1.0.0",
		}, {
			name:   "edited since this version",
			edit:   func(pkg map[string][]byte, records *sums) { pkg["fn.go"] = []byte(older) },
			add:    [2]Action{Keep, Keep},
			update: [2]Action{Keep, Keep},
		}, {
			name: "edited since an older version",
			edit: func(pkg map[string][]byte, records *sums) {
				pkg["fn.go"] = []byte(older)
				records.set(fnFile, "v0.9.0", nil)
			},
			add:    [2]Action{Keep, Keep},
			note:   "generated code expects the contents that fngen v1.0.0 has for these edited files: " + fnFile,
			update: [2]Action{Keep, Keep},
		}, {
			name: "without the marker",
			edit: func(pkg map[string][]byte, records *sums) {
				pkg["fn.go"] = []byte("package fn\n")
				records.set(fnFile, "v0.9.0", nil)
			},
			add:    [2]Action{Keep, Keep},
			update: [2]Action{Keep, Unchanged},
		}, {
			name: "without the marker, next to older contents",
			edit: func(pkg map[string][]byte, records *sums) {
				pkg["fn.go"] = []byte("package fn\n")
				pkg["form.go"] = []byte(older)
				records.set(formFile, "v0.9.0", pkg["form.go"])
			},
			err:    "api/src/lib/fn was written by fngen v0.9.0: the generated code needs what fngen v1.0.0 writes",
			update: [2]Action{Keep, Overwrite},
		}, {
			name:   "removed by the user",
			edit:   func(pkg map[string][]byte, records *sums) { delete(pkg, "form.go") },
			add:    [2]Action{Keep},
			update: [2]Action{Unchanged, Create},
		}, {
			name: "new in this version",
			edit: func(pkg map[string][]byte, records *sums) {
				delete(pkg, "form.go")
				records.remove(formFile)
			},
			add:    [2]Action{Keep, Create},
			update: [2]Action{Unchanged, Create},
		}, {
			name: "the user's own package",
			edit: func(pkg map[string][]byte, records *sums) {
				clear(pkg)
				pkg["fn.go"] = []byte("package fn\n")
				records.remove(fnFile)
				records.remove(formFile)
			},
			err:   "api/src/lib/fn is not a copy of fngen's package fn",
			errOf: "api/src/lib/fn is not a copy of fngen's package fn",
		}, {
			name: "the user's own package with all files",
			edit: func(pkg map[string][]byte, records *sums) {
				for name := range pkg {
					pkg[name] = []byte("package fn\n")
					records.remove("api/src/lib/fn/" + name)
				}
			},
			add:    [2]Action{Keep, Keep},
			note:   "api/src/lib/fn was not written by fngen: generated code expects fngen's package fn",
			update: [2]Action{Keep, Keep},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := projectWithFn(t, test.edit)
			added, err := Add([]string{"fn"}, p, false)
			_, errOfFunction := Function(specs(t)[0], p, false)
			if test.err != "" {
				require.EqualError(t, err, test.err)
				require.ErrorContains(t, errOfFunction, test.err)
			} else {
				require.NoError(t, err)
				require.NoError(t, errOfFunction)
				assert.Equal(t, test.add, actions(added))
				note := ""
				if len(added.Notes) > 0 {
					note = added.Notes[0].Text
				}
				assert.Equal(t, test.note, note)
			}

			updated, err := Add([]string{"fn"}, p, true)
			if test.errOf != "" {
				require.EqualError(t, err, test.errOf)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.update, actions(updated))
		})
	}
}
