package generator

import (
	"bytes"
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	authFile        = "api/src/lib/auth/auth.go"
	credentialsFile = "api/src/lib/auth/credentials.go"
)

// projectWithAuth returns a project in which v1.0.0 wrote package auth, after
// edit.
func projectWithAuth(t *testing.T, edit func(pkg map[string][]byte, records *sums)) Project {
	t.Helper()
	plan, err := Add([]string{"auth"}, emptyProject(), false)
	require.NoError(t, err)
	p := emptyProject().apply(plan)
	p.Packages["auth"] = maps.Clone(p.Packages["auth"])
	records, err := parseSums(p.FngenSum)
	require.NoError(t, err)
	edit(p.Packages["auth"], records)
	p.FngenSum = records.format()
	return p
}

// actions returns what a plan does with auth.go and credentials.go.
func actions(plan Plan) [2]Action {
	var list [2]Action
	for _, f := range plan.Files {
		switch f.Path {
		case authFile:
			list[0] = f.Action
		case credentialsFile:
			list[1] = f.Action
		}
	}
	return list
}

func TestExistingPackages(t *testing.T) {
	const older = marker + "\n\npackage auth\n"
	tests := []struct {
		name   string
		edit   func(pkg map[string][]byte, records *sums)
		add    [2]Action // of auth.go and credentials.go
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
				records.set(authFile, "v0.9.0", pkg["auth.go"])
				records.set(credentialsFile, "v2.0.0", pkg["credentials.go"])
			},
			add:    [2]Action{Keep, Keep},
			update: [2]Action{Unchanged, Unchanged},
		}, {
			name: "line endings of Windows",
			edit: func(pkg map[string][]byte, records *sums) {
				pkg["auth.go"] = bytes.ReplaceAll(pkg["auth.go"], []byte("\n"), []byte("\r\n"))
			},
			add:    [2]Action{Keep, Keep},
			update: [2]Action{Unchanged, Unchanged},
		}, {
			name: "only the marker is older",
			edit: func(pkg map[string][]byte, records *sums) {
				pkg["auth.go"] = bytes.Replace(pkg["auth.go"], []byte("fngen."), []byte("fngen v0.9.0."), 1)
				records.set(authFile, "v0.9.0", pkg["auth.go"])
			},
			add:    [2]Action{Keep, Keep},
			update: [2]Action{Overwrite, Unchanged},
		}, {
			name: "older contents",
			edit: func(pkg map[string][]byte, records *sums) {
				pkg["auth.go"] = []byte(older)
				records.set(authFile, "v0.9.0", pkg["auth.go"])
			},
			err:    "api/src/lib/auth was written by fngen v0.9.0: the generated code needs what fngen v1.0.0 writes",
			update: [2]Action{Overwrite, Unchanged},
		}, {
			name: "older contents of another build",
			edit: func(pkg map[string][]byte, records *sums) {
				pkg["auth.go"] = []byte(older)
				records.set(authFile, "v1.0.0", pkg["auth.go"])
			},
			err: "api/src/lib/auth was written by another build of fngen v1.0.0: " +
				"the generated code needs what fngen v1.0.0 writes",
			update: [2]Action{Overwrite, Unchanged},
		}, {
			name: "newer contents",
			edit: func(pkg map[string][]byte, records *sums) {
				pkg["auth.go"] = []byte(older)
				records.set(authFile, "v1.1.0", pkg["auth.go"])
			},
			err:   "fngen v1.1.0 wrote " + authFile + ", and this is v1.0.0",
			errOf: "fngen v1.1.0 wrote " + authFile + ", and this is v1.0.0",
		}, {
			name:   "edited since this version",
			edit:   func(pkg map[string][]byte, records *sums) { pkg["auth.go"] = []byte(older) },
			add:    [2]Action{Keep, Keep},
			update: [2]Action{Keep, Keep},
		}, {
			name: "edited since an older version",
			edit: func(pkg map[string][]byte, records *sums) {
				pkg["auth.go"] = []byte(older)
				records.set(authFile, "v0.9.0", nil)
			},
			add:    [2]Action{Keep, Keep},
			note:   "generated code expects the contents that fngen v1.0.0 has for these edited files: " + authFile,
			update: [2]Action{Keep, Keep},
		}, {
			name: "without the marker",
			edit: func(pkg map[string][]byte, records *sums) {
				pkg["auth.go"] = []byte("package auth\n")
				records.set(authFile, "v0.9.0", nil)
			},
			add:    [2]Action{Keep, Keep},
			update: [2]Action{Keep, Unchanged},
		}, {
			name: "without the marker, next to older contents",
			edit: func(pkg map[string][]byte, records *sums) {
				pkg["auth.go"] = []byte("package auth\n")
				pkg["credentials.go"] = []byte(older)
				records.set(credentialsFile, "v0.9.0", pkg["credentials.go"])
			},
			err:    "api/src/lib/auth was written by fngen v0.9.0: the generated code needs what fngen v1.0.0 writes",
			update: [2]Action{Keep, Overwrite},
		}, {
			name:   "removed by the user",
			edit:   func(pkg map[string][]byte, records *sums) { delete(pkg, "credentials.go") },
			add:    [2]Action{Keep},
			update: [2]Action{Unchanged, Create},
		}, {
			name: "new in this version",
			edit: func(pkg map[string][]byte, records *sums) {
				delete(pkg, "credentials.go")
				records.remove(credentialsFile)
			},
			add:    [2]Action{Keep, Create},
			update: [2]Action{Unchanged, Create},
		}, {
			name: "the user's own package",
			edit: func(pkg map[string][]byte, records *sums) {
				clear(pkg)
				pkg["auth.go"] = []byte("package auth\n")
				records.remove(authFile)
				records.remove(credentialsFile)
			},
			err:   "api/src/lib/auth is not a copy of fngen's package auth",
			errOf: "api/src/lib/auth is not a copy of fngen's package auth",
		}, {
			name: "the user's own package with all files",
			edit: func(pkg map[string][]byte, records *sums) {
				for name := range pkg {
					pkg[name] = []byte("package auth\n")
					records.remove("api/src/lib/auth/" + name)
				}
			},
			add:    [2]Action{Keep, Keep},
			note:   "api/src/lib/auth was not written by fngen: generated code expects fngen's package auth",
			update: [2]Action{Keep, Keep},
		},
	}
	spec := specs(t)[0]
	spec.Auth = &Auth{}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := projectWithAuth(t, test.edit)
			added, err := Add([]string{"auth"}, p, false)
			_, errOfFunction := Function(spec, p, false)
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

			updated, err := Add([]string{"auth"}, p, true)
			if test.errOf != "" {
				require.EqualError(t, err, test.errOf)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.update, actions(updated))
		})
	}
}
