package project

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
)

const goMod = "module example.com/app\n\ngo 1.22\n"

func noEnv(string) string { return "" }

// openTest opens the project of a temporary directory with these files, from
// its subdirectory dir.
func openTest(t *testing.T, files map[string]string, dir string) *Project {
	t.Helper()
	p, err := Open(filepath.Join(testRoot(t, files).Name(), filepath.FromSlash(dir)), Options{Env: noEnv})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, p.Close()) })
	return p
}

func TestOpenFindsTheNearestModule(t *testing.T) {
	files := map[string]string{
		"go.mod":              goMod,
		"a/x.go":              "package a\n",
		"back/go.mod":         goMod,
		"back/b/c/x.go":       "package c\n",
		"nested/go.mod/x.txt": "",
	}
	dir := testRoot(t, files).Name()
	for from, want := range map[string]string{
		".":             ".",
		"a":             ".",
		"back":          "back",
		"back/b/c":      "back",
		"nested/go.mod": ".", // go.mod is a directory here
	} {
		p, err := Open(filepath.Join(dir, filepath.FromSlash(from)), Options{Env: noEnv})
		require.NoError(t, err)
		assert.Equal(t, filepath.Join(dir, want), p.Dir, from)
		assert.NoError(t, p.Close())
	}
}

func TestOpenErrors(t *testing.T) {
	dir := testRoot(t, map[string]string{"file": "", "bad/go.mod": goMod, "bad/fngen.toml": "x = 1"}).Name()

	_, err := Open(dir, Options{Env: noEnv})
	var noModule *NoModuleError
	require.ErrorAs(t, err, &noModule)
	assert.Equal(t, dir, noModule.Dir)

	_, err = Open(filepath.Join(dir, "nowhere"), Options{Env: noEnv})
	require.ErrorIs(t, err, fs.ErrNotExist)

	_, err = Open(filepath.Join(dir, "file"), Options{Env: noEnv})
	require.EqualError(t, err, filepath.Join(dir, "file")+" is not a directory")

	_, err = Open(filepath.Join(dir, "bad"), Options{Env: noEnv})
	var mistake *ConfigError
	require.ErrorAs(t, err, &mistake)
}

func TestFacts(t *testing.T) {
	p := openTest(t, map[string]string{
		"go.mod":                             goMod,
		"go.sum":                             "",
		"fngen.sum":                          "a v0 h\n",
		"vendor/modules.txt":                 "# x\n",
		"api/src/functions/divide/divide.go": "package divide\n",
		"api/src/functions/divide/divide_test.go":   "",
		"api/src/functions/divide/helper.go":        "package divide\n",
		"api/src/functions/divide/divide_x_test.go": "package divide\n",
		"api/src/functions/other/other.go":          "package other\n",
		"api/src/functions/flat.go":                 "package functions\n",
		"api/src/lib/fn/fn.go":                      "package fn\n",
		"api/src/lib/fn/mine_test.go":               "package fn\n",
		"api/src/lib/fn/README.md":                  "x\n",
		"api/src/lib/auth/user.go":                  "package auth\n",
		"api/src/lib/db/db.go.txt":                  "x\n",
		"api/src/lib/mine/mine.go":                  "package mine\n",
		"api/src/lib/flat.go":                       "package lib\n",
	}, ".")
	facts, err := p.Facts("v1.2.3", "divide")
	require.NoError(t, err)
	assert.Equal(t, generator.Project{
		Version:       "v1.2.3",
		Functions:     "api/src/functions",
		Lib:           "api/src/lib",
		GoMod:         []byte(goMod),
		GoSum:         []byte{}, // exists but is empty
		FngenSum:      []byte("a v0 h\n"),
		VendorModules: []byte("# x\n"),
		Entries: []string{
			"divide", "divide/divide.go", "divide/divide_test.go", "divide/divide_x_test.go", "divide/helper.go",
			"flat.go", "other",
		},
		Files: map[string][]byte{
			"api/src/functions/divide/divide.go":      []byte("package divide\n"),
			"api/src/functions/divide/divide_test.go": {},
		},
		Packages: map[string]map[string][]byte{
			"fn":   {"fn.go": []byte("package fn\n"), "mine_test.go": []byte("package fn\n")},
			"auth": {"user.go": []byte("package auth\n")},
		},
	}, facts)

	facts, err = p.Facts("", "")
	require.NoError(t, err)
	assert.Empty(t, facts.Files)
}

// Missing files are nil, unlike empty ones.
func TestFactsOfANewModule(t *testing.T) {
	p := openTest(t, map[string]string{"go.mod": goMod}, ".")
	facts, err := p.Facts("v1.2.3", "divide")
	require.NoError(t, err)
	assert.Nil(t, facts.GoSum)
	assert.Nil(t, facts.FngenSum)
	assert.Nil(t, facts.VendorModules)
	assert.Nil(t, facts.Workspace)
	assert.Empty(t, facts.Entries)
	assert.Empty(t, facts.Files)
	assert.Empty(t, facts.Packages)
}

func TestFactsIndexFile(t *testing.T) {
	p := openTest(t, map[string]string{"go.mod": goMod, "api/src/functions/a/index.go": "package a\n"}, ".")
	facts, err := p.Facts("", "a")
	require.NoError(t, err)
	assert.Equal(t, map[string][]byte{"api/src/functions/a/index.go": []byte("package a\n")}, facts.Files)
}

func TestFactsErrors(t *testing.T) {
	tests := []struct {
		name, file, want string
	}{
		{"go.sum", "go.sum/x", "go.sum is not a regular file"},
		{"fngen.sum", "fngen.sum/x", "fngen.sum is not a regular file"},
		{"functions directory", "api/src/functions", "api/src/functions is not a directory"},
		{"parent of the functions directory", "api", "api is not a directory"},
		{"directory of the function", "api/src/functions/a", "api/src/functions/a is not a directory"},
		{"file of the function", "api/src/functions/a/a.go/x", "api/src/functions/a/a.go is not a regular file"},
		{"lib", "api/src/lib", "api/src/lib is not a directory"},
		{"support package", "api/src/lib/fn", "api/src/lib/fn is not a directory"},
		{"file of a support package", "api/src/lib/fn/fn.go/x", "api/src/lib/fn/fn.go is not a regular file"},
		{"go.work", "go.work", "go.work: "},
	}
	for _, test := range tests {
		p := openTest(t, map[string]string{"go.mod": goMod, test.file: "x\n"}, ".")
		_, err := p.Facts("", "a")
		require.Error(t, err, test.name)
		assert.True(t, strings.HasPrefix(err.Error(), test.want), "%s: %v", test.name, err)
	}
}

func TestFactsOfSymlinks(t *testing.T) {
	tests := []struct {
		name, link, target string // ROOT is the project's directory
		want               string
	}{
		{"outside", "api", "../elsewhere", "api is a symlink that points outside the project"},
		{"nested", "api/src/lib", "../../../elsewhere", "api/src/lib is a symlink that points outside the project"},
		{"file", "go.sum", "../elsewhere/go.sum", "go.sum is a symlink that points outside the project"},
		{"absolute and outside", "api", "ROOT/../elsewhere", "api is a symlink that points outside the project"},
		{"absolute and inside", "api", "ROOT/other", "api is a symlink to an absolute path, want a relative one"},
		{"inside", "api", "other", ""},
		{"dangling", "api", "nowhere", ""},
		{"dangling outside", "api", "../nowhere", "api is a symlink that points outside the project"},
		{"to a file", "api", "go.mod", "api is not a directory"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := testRoot(t, map[string]string{
				"elsewhere/go.sum": "", "app/go.mod": goMod, "app/other/x": "", "app/api.txt": "",
			}).Name()
			app := filepath.Join(dir, "app")
			link := filepath.Join(app, filepath.FromSlash(test.link))
			require.NoError(t, os.MkdirAll(filepath.Dir(link), 0o777))
			target := filepath.FromSlash(test.target)
			if below, ok := strings.CutPrefix(test.target, "ROOT/"); ok {
				target = filepath.Join(app, filepath.FromSlash(below))
			}
			if err := os.Symlink(target, link); err != nil {
				t.Skip(err)
			}
			p, err := Open(app, Options{Env: noEnv})
			require.NoError(t, err)
			defer p.Close()
			_, err = p.Facts("", "a")
			if test.want == "" {
				assert.NoError(t, err)
			} else {
				assert.EqualError(t, err, test.want)
			}
		})
	}
}

func TestWorkspace(t *testing.T) {
	uses := "go 1.22\n\nuse (\n\t./other\n\t./app\n)\n"
	for name, test := range map[string]struct {
		work  string // go.work in the directory above
		files map[string]string
		env   string // GOWORK; ROOT is the directory above
		want  *generator.Workspace
	}{
		"none":        {},
		"used":        {work: uses, want: &generator.Workspace{Uses: true}},
		"not used":    {work: "go 1.22\nuse ./other\n", want: &generator.Workspace{}},
		"empty":       {files: map[string]string{"go.work": ""}, want: &generator.Workspace{}},
		"parent used": {work: "go 1.22\nuse .\n", want: &generator.Workspace{}},
		"off":         {work: uses, env: "off"},
		"vendored": {
			work: uses, files: map[string]string{"vendor/modules.txt": "# w\n"},
			want: &generator.Workspace{Uses: true, Vendor: true},
		},
		"GOWORK": {
			files: map[string]string{"x/go.work": "go 1.22\nuse ../app\n"}, env: "ROOT/x/go.work",
			want: &generator.Workspace{Uses: true},
		},
		"GOWORK overrides go.work": {
			work: "go 1.22\n", files: map[string]string{"x/go.work": "go 1.22\nuse ../app\n"}, env: "ROOT/x/go.work",
			want: &generator.Workspace{Uses: true},
		},
		"in the module": {
			files: map[string]string{"app/go.work": "go 1.22\nuse .\n"},
			want:  &generator.Workspace{Uses: true},
		},
		"directory": {files: map[string]string{"go.work/x": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{"app/go.mod": goMod, "other/go.mod": goMod}
			if test.work != "" {
				files["go.work"] = test.work
			}
			for file, data := range test.files {
				files[file] = data
			}
			dir := testRoot(t, files).Name()
			env := test.env
			if below, ok := strings.CutPrefix(env, "ROOT/"); ok {
				env = filepath.Join(dir, filepath.FromSlash(below))
			}
			p, err := Open(filepath.Join(dir, "app"), Options{Env: func(name string) string {
				if name == "GOWORK" {
					return env
				}
				return ""
			}})
			require.NoError(t, err)
			defer p.Close()
			facts, err := p.Facts("", "")
			require.NoError(t, err)
			assert.Equal(t, test.want, facts.Workspace)
			if test.want != nil && test.want.Vendor {
				assert.Equal(t, "# w\n", string(facts.VendorModules))
			}
		})
	}
}

func TestWorkspaceMissing(t *testing.T) {
	dir := testRoot(t, map[string]string{"go.mod": goMod}).Name()
	p, err := Open(dir, Options{Env: func(name string) string {
		if name == "GOWORK" {
			return filepath.Join(dir, "nowhere", "go.work")
		}
		return ""
	}})
	require.NoError(t, err)
	defer p.Close()
	_, err = p.Facts("", "")
	assert.ErrorIs(t, err, fs.ErrNotExist)
}

func TestList(t *testing.T) {
	p := openTest(t, map[string]string{
		"go.mod":                        goMod,
		"fngen.sum":                     "api/src/functions/f/f.go v1 sha256-x\n",
		"api/src/functions/b/b.go":      "package b\n\nfunc Handler() {}\n",
		"api/src/functions/b/a.go":      "package b\n",
		"api/src/functions/a/index.go":  "package afn\n\nvar x, Handler = 1, 2\n",
		"api/src/functions/B2/x.go":     "package b2\n\nvar (\n\ty int\n\tHandler int\n)\n",
		"api/src/functions/z.go":        "package functions\n\nfunc ZHandler() {}\n\nfunc ZShutdown() {}\n\nfunc Shutdown() {}\n",
		"api/src/functions/k/s.go":      "package k\n\nfunc Shutdown() {}\n",
		"api/src/functions/c/c.go":      "package c\n\nconst Handler = 1\n",
		"api/src/functions/d/d.go":      "package d\n\ntype Handler int\n",
		"api/src/functions/e/e.go":      "package e\n\nfunc (T) Handler() {}\n",
		"api/src/functions/f/f.go":      "package f\n\nfunc handler() { Handler := 1 }\n",
		"api/src/functions/g/g_test.go": "package g\n\nfunc Handler() {}\n",
		"api/src/functions/h/h.txt":     "package h\n\nfunc Handler() {}\n",
		"api/src/functions/i/i.go":      "//go:build ignore\n\npackage i\n\nfunc Handler() {}\n",
		"api/src/functions/j/j.go":      "//go:build !ignore\n\npackage j\n\nfunc Handler() {}\n",
		"api/src/functions/k/k.go":      "package k\n\nfunc Handler() {}\n",
		"api/src/functions/k/tool.go":   "//go:build ignore\n\npackage main\n",
		"api/src/functions/y.go":        "package functions\n\nfunc yHandler() {}\n",
		"api/src/functions/x_test.go":   "package functions\n\nfunc X_testHandler() {}\n",
	}, "api/src")
	functions, skipped, err := p.List()
	require.NoError(t, err)
	var lost []string
	for _, s := range skipped {
		assert.Equal(t, SkipNoHandler, s.Kind)
		assert.Equal(t, s.Name == "f", s.Recorded, s.Name)
		lost = append(lost, s.Err.Error())
	}
	assert.Equal(t, []string{
		"api/src/functions/c/c.go:1: package c exports no Handler",
		"api/src/functions/d/d.go:1: package d exports no Handler",
		"api/src/functions/e/e.go:1: package e exports no Handler",
		"api/src/functions/f/f.go:3: handler must be named Handler",
		"api/src/functions/i/i.go: excluded by build constraints",
		"api/src/functions/y.go:3: yHandler must be named YHandler",
	}, lost)
	at := func(names ...string) []string {
		for i := range names {
			names[i] = "api/src/functions/" + names[i]
		}
		return names
	}
	on := func(name, file string, line int) Declaration {
		return Declaration{Name: name, File: "api/src/functions/" + file, Line: line}
	}
	assert.Equal(t, []Function{
		{Name: "B2", Package: "b2", Kind: "http", Route: "/B2", Files: at("B2/x.go"), Handler: on("Handler", "B2/x.go", 5)},
		{Name: "a", Package: "afn", Kind: "http", Route: "/a", Files: at("a/index.go"), Handler: on("Handler", "a/index.go", 3)},
		{Name: "b", Package: "b", Kind: "http", Route: "/b", Files: at("b/a.go", "b/b.go"), Handler: on("Handler", "b/b.go", 3)},
		{Name: "j", Package: "j", Kind: "http", Route: "/j", Files: at("j/j.go"), Handler: on("Handler", "j/j.go", 5)},
		{
			Name: "k", Package: "k", Kind: "http", Route: "/k", Files: at("k/k.go", "k/s.go", "k/tool.go"),
			Handler: on("Handler", "k/k.go", 3), Shutdown: on("Shutdown", "k/s.go", 3),
		},
		{
			Name: "z", Package: "functions", Kind: "http", Route: "/z", Files: at("z.go"),
			Handler: on("ZHandler", "z.go", 3), Shutdown: on("ZShutdown", "z.go", 5),
		},
	}, functions)
}

// List reports what it skips in order, without absolute paths.
func TestListSkips(t *testing.T) {
	p := openTest(t, map[string]string{
		"go.mod":                       goMod,
		"api/src/functions/main/a.go":  "package main\n\nfunc main() {}\n",
		"api/src/functions/flat.go":    "package main\n\nfunc FlatHandler() {}\n",
		"api/src/functions/other.go":   "package main\n",
		"api/src/functions/broken.go":  "package\n",
		"api/src/functions/empty/e.go": "",
		"api/src/functions/syntax/s.go": "package syntax\n\nfunc Handler() {\n" +
			"x := }\nfunc {\n",
	}, ".")
	functions, skipped, err := p.List()
	require.NoError(t, err)
	assert.Empty(t, functions)
	var paths, names []string
	var kinds []SkipKind
	for _, s := range skipped {
		paths = append(paths, filepath.Base(s.Path))
		names = append(names, s.Name)
		kinds = append(kinds, s.Kind)
		assert.NotContains(t, s.Err.Error(), p.Dir)
		assert.NotContains(t, s.Err.Error(), "\n")
	}
	assert.Equal(t, []string{"broken.go", "empty", "flat.go", "main", "syntax"}, paths)
	assert.Equal(t, []string{"broken", "empty", "flat", "main", "syntax"}, names)
	assert.Equal(t, []SkipKind{SkipUnparsable, SkipUnparsable, SkipMain, SkipMain, SkipUnparsable}, kinds)
	assert.Contains(t, skipped[4].Err.Error(), "api/src/functions/syntax/s.go:4:6: ")
}

// List follows symlinks to directories inside the project, and all symlinks to
// files, as the go command does.
func TestListFollowsSymlinks(t *testing.T) {
	dir := testRoot(t, map[string]string{
		"out/out.go":                 "package out\n\nfunc Handler() {}\n\nfunc OutHandler() {}\n",
		"app/go.mod":                 goMod,
		"app/shared/s.go":            "package shared\n\nfunc Handler() {}\n",
		"app/api/src/functions/.txt": "",
	}).Name()
	for link, target := range map[string]string{
		"in":       "../../../shared",
		"out":      "../../../../out",
		"out.go":   "../../../../out/out.go",
		"gone":     "nowhere",
		"gone2.go": "nowhere.go",
		"cycle":    "cycle",
		"cycle.go": "cycle.go",
	} {
		link = filepath.Join(dir, "app", "api", "src", "functions", link)
		if err := os.Symlink(filepath.FromSlash(target), link); err != nil {
			t.Skip(err)
		}
	}
	p, err := Open(filepath.Join(dir, "app"), Options{Env: noEnv})
	require.NoError(t, err)
	defer p.Close()
	functions, skipped, err := p.List()
	require.NoError(t, err)
	require.Len(t, functions, 2)
	assert.Equal(t, "in", functions[0].Name)
	assert.Equal(t, "out", functions[1].Name)
	var messages []string
	for _, s := range skipped {
		messages = append(messages, s.String())
	}
	require.Len(t, messages, 1)
	assert.Contains(t, messages[0], "skipping api/src/functions/cycle.go: open api/src/functions/cycle.go: ")
}

func TestListGroups(t *testing.T) {
	p := openTest(t, map[string]string{
		"go.mod":                            goMod,
		"fngen.sum":                         "api/src/functions/slack/lost/lost.go v1 sha256-x\n",
		"api/src/functions/slack/README.md": "",
		"api/src/functions/slack/events/events.go":          "package events\n\nfunc Handler() {}\n",
		"api/src/functions/slack/events/below/below.go":     "package below\n\nfunc Handler() {}\n",
		"api/src/functions/slack/index/index.go":            "package index\n\nfunc Handler() {}\n",
		"api/src/functions/slack/broken/broken.go":          "package\n",
		"api/src/functions/slack/lost/lost.go":              "package lost\n",
		"api/src/functions/slack/other/x.go":                "package other\n",
		"api/src/functions/slack/internal/x/x.go":           "package x\n\nfunc Handler() {}\n",
		"api/src/functions/slack/_old/x.go":                 "package x\n\nfunc Handler() {}\n",
		"api/src/functions/slack/deeper/x/x.go":             "package x\n\nfunc Handler() {}\n",
		"api/src/functions/own/own.go":                      "package own\n\nfunc Handler() {}\n",
		"api/src/functions/own/below/below.go":              "package below\n\nfunc Handler() {}\n",
		"api/src/functions/helper/helper.go":                "package helper\n\nfunc Help() {}\n",
		"api/src/functions/helper/below/below.go":           "package below\n\nfunc Handler() {}\n",
		"api/src/functions/tests/x_test.go":                 "package tests\n",
		"api/src/functions/tests/below/below.go":            "package below\n\nfunc Handler() {}\n",
		"api/src/functions/module/go.mod":                   "module example.com/other\n",
		"api/src/functions/module/below/below.go":           "package below\n\nfunc Handler() {}\n",
		"api/src/functions/internal/below/below.go":         "package below\n\nfunc Handler() {}\n",
		"api/src/functions/testdata/below/below.go":         "package below\n\nfunc Handler() {}\n",
		"api/src/functions/hand-made/x-y/x_test.go":         "package xy\n",
		"api/src/functions/hand-made/x-y/anything.go":       "package xy\n\nvar Handler int\n",
		"api/src/functions/excluded/excluded.go":            "//go:build ignore\n\npackage excluded\n",
		"api/src/functions/excluded/below/below.go":         "package below\n\nfunc Handler() {}\n",
		"api/src/functions/.hidden/below/below.go":          "package below\n\nfunc Handler() {}\n",
		"api/src/functions/ignored/_ignored.go":             "package ignored\n",
		"api/src/functions/ignored/below/shutdown.go":       "package below\n\nfunc Shutdown() {}\n",
		"api/src/functions/ignored/below/below.go":          "package below\n\nfunc Handler() {}\n",
		"api/src/functions/slack/events/testdata/x/hook.go": "package x\n\nfunc Handler() {}\n",
	}, ".")
	functions, skipped, err := p.List()
	require.NoError(t, err)
	var names, lost []string
	for _, f := range functions {
		names = append(names, f.Name+" "+f.Package+" "+f.Dir())
		assert.Equal(t, "/"+f.Name, f.Route)
	}
	for _, s := range skipped {
		lost = append(lost, s.Name+" "+s.Err.Error())
		assert.Equal(t, s.Name == "slack/lost", s.Recorded, s.Name)
	}
	assert.Equal(t, []string{
		"hand-made/x-y xy api/src/functions/hand-made/x-y",
		"ignored/below below api/src/functions/ignored/below",
		"own own api/src/functions/own",
		"slack/events events api/src/functions/slack/events",
		"slack/index index api/src/functions/slack/index",
	}, names)
	assert.Equal(t, []string{
		"excluded api/src/functions/excluded/excluded.go: excluded by build constraints",
		"helper api/src/functions/helper/helper.go:1: package helper exports no Handler",
		"slack/broken api/src/functions/slack/broken/broken.go:1:9: expected 'IDENT', found 'EOF'",
		"slack/lost api/src/functions/slack/lost/lost.go:1: package lost exports no Handler",
	}, lost)
}

func TestFactsRelated(t *testing.T) {
	p := openTest(t, map[string]string{
		"go.mod": goMod,
		"api/src/functions/slack/events/events.go":       "",
		"api/src/functions/slack/events/testdata/x.json": "",
		"api/src/functions/slackEvents/slackEvents.go":   "",
		"api/src/functions/slackEvents/below/below.go":   "",
		"api/src/functions/slackEventsV2/x.go":           "",
		"api/src/functions/slack.go":                     "",
		"api/src/functions/other/other.go":               "",
	}, ".")
	facts, err := p.Facts("", "slack/events")
	require.NoError(t, err)
	assert.Equal(t, []string{
		"other",
		"slack", "slack/events", "slack/events/events.go",
		"slack.go",
		"slackEvents", "slackEvents/below", "slackEvents/slackEvents.go",
		"slackEventsV2",
	}, facts.Entries)
	assert.Contains(t, facts.Files, "api/src/functions/slack/events/events.go")
}

func TestHasFunction(t *testing.T) {
	p := openTest(t, map[string]string{
		"go.mod":                     goMod,
		"api/src/functions/x-y/x.go": "",
		"api/src/functions/flat.go":  "",
		"api/src/functions/a/b/b.go": "",
	}, ".")
	assert.True(t, p.HasFunction("x-y"))
	assert.True(t, p.HasFunction("a/b"))
	for _, name := range []string{
		"xY", "X-Y", "flat", "flat.go", "", ".", "..", "../functions", "x-y/", "/x-y", "A/b", "a/B", "a//b", "a/../x-y",
	} {
		assert.False(t, p.HasFunction(name), "%q", name)
	}
}
