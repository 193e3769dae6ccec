package project

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBuildTags(t *testing.T) {
	file := filepath.Join(t.TempDir(), "env")
	require.NoError(t, os.WriteFile(file, []byte("GOPROXY=off\nGOFLAGS=-tags=written\r\n"), 0o666))
	tests := []struct {
		name    string
		goflags string
		goenv   string
		extra   []string
		want    []string
	}{
		{"none", "", "off", nil, nil},
		{"GOFLAGS", "-mod=mod -tags=a,b", "off", nil, []string{"a", "b"}},
		{"two dashes", "--tags=a", "off", nil, []string{"a"}},
		{"the last one wins", "-tags=a -tags=b", "off", nil, []string{"b"}},
		{"quoted", `'-tags=a b' -v`, "off", nil, []string{"a", "b"}},
		{"unterminated quote", `"-tags=a`, "off", nil, []string{"a"}},
		{"extra tags", "-tags=a", "off", []string{"b", "a"}, []string{"a", "b"}},
		{"go env -w", "", file, []string{"b"}, []string{"written", "b"}},
		{"the environment overrides go env -w", "-v", file, nil, nil},
		{"GOENV names a missing file", "", file + "x", nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			env := func(name string) string {
				return map[string]string{"GOFLAGS": test.goflags, "GOENV": test.goenv}[name]
			}
			assert.Equal(t, test.want, buildTags(env, test.extra))
		})
	}
}

func TestListMatchesBuildConstraints(t *testing.T) {
	const functions = "api/src/functions/"
	dir := testRoot(t, map[string]string{
		"go.mod":                       goMod,
		functions + "l/x_linux.go":     "package l\n\nfunc Handler() {}\n",
		functions + "d/x_darwin.go":    "package d\n\nfunc Handler() {}\n",
		functions + "arm/x_arm64.go":   "package arm\n\nfunc Handler() {}\n",
		functions + "tagged/x.go":      "//go:build extra\n\npackage tagged\n\nfunc Handler() {}\n",
		functions + "native/x.go":      "//go:build !cgo\n\npackage native\n\nfunc Handler() {}\n",
		functions + "both/x.go":        "package both\n\nfunc Handler() {}\n",
		functions + "both/x_darwin.go": "package both\n\nfunc Handler() {}\n",
	}).Name()
	cgo := map[string]string{"CGO_ENABLED": "1"}
	tests := []struct {
		name    string
		options Options
		env     map[string]string
		want    []string
	}{
		{"linux", Options{GOOS: "linux", GOARCH: "amd64"}, cgo, []string{"both", "l"}},
		{"darwin on arm64", Options{GOOS: "darwin", GOARCH: "arm64"}, cgo, []string{"arm", "both", "d"}},
		{
			"without cgo", Options{GOOS: "linux", GOARCH: "amd64"}, map[string]string{"CGO_ENABLED": "0"},
			[]string{"both", "l", "native"},
		},
		{"cross-compiled", Options{GOOS: "plan9", GOARCH: "386"}, nil, []string{"both", "native"}},
		{
			"GOOS from the environment", Options{},
			map[string]string{"GOOS": "darwin", "GOARCH": "amd64", "CGO_ENABLED": "1"},
			[]string{"both", "d"},
		},
		{
			"tags", Options{GOOS: "darwin", GOARCH: "amd64", Tags: []string{"extra"}}, cgo,
			[]string{"both", "d", "tagged"},
		},
		{
			"tags from GOFLAGS", Options{GOOS: "darwin", GOARCH: "amd64"},
			map[string]string{"CGO_ENABLED": "1", "GOFLAGS": "-tags=extra"},
			[]string{"both", "d", "tagged"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.options.Env = func(name string) string {
				if name == "GOENV" {
					return "off"
				}
				return test.env[name]
			}
			p, err := Open(dir, test.options)
			require.NoError(t, err)
			defer p.Close()
			functions, skipped, err := p.List()
			require.NoError(t, err)
			assert.Empty(t, skipped)
			var names []string
			for _, f := range functions {
				names = append(names, f.Name)
			}
			assert.Equal(t, test.want, names)
		})
	}
}
