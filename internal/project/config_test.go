package project

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadConfig(t *testing.T) {
	standard := Config{Functions: "api/src/functions", Lib: "api/src/lib"}
	for name, test := range map[string]struct {
		files map[string]string
		env   map[string]string
		want  Config
	}{
		"nothing":         {want: standard},
		"empty file":      {files: map[string]string{configFile: ""}, want: standard},
		"other keys":      {files: map[string]string{configFile: "api.port = 1\nweb.port = 2\nweb.apiUrl = \"/x\""}, want: standard},
		"one of two":      {files: map[string]string{configFile: `paths.lib = "lib"`}, want: Config{"api/src/functions", "lib"}},
		"empty value":     {files: map[string]string{configFile: `paths.lib = ""`}, want: standard},
		"cleaned":         {files: map[string]string{configFile: "[paths]\nfunctions = \"./a//b/../c/\"\nlib = \"internal/lib\""}, want: Config{"a/c", "internal/lib"}},
		"CRLF":            {files: map[string]string{configFile: "[paths]\r\nfunctions = \"f\"\r\n"}, want: Config{"f", "api/src/lib"}},
		"variables":       {env: map[string]string{functionsVariable: "f", libVariable: "l"}, want: Config{"f", "l"}},
		"variable, file":  {files: map[string]string{configFile: "[paths]\nfunctions = \"a\"\nlib = \"b\""}, env: map[string]string{functionsVariable: "f"}, want: Config{"f", "b"}},
		"not the lesser":  {files: map[string]string{configFile: `paths.lib = "l"`, redwoodFile: "[paths]\nfunctions = \"r\"\nlib = \"r\""}, want: Config{"api/src/functions", "l"}},
		"redwood":         {files: map[string]string{redwoodFile: "[paths]\nfunctions = \"r\"\n[api]\nport = \"${P:1}\"\ncolour = [1]"}, want: Config{"r", "api/src/lib"}},
		"redwood expands": {files: map[string]string{redwoodFile: `paths.lib = "${A}/${B:b}/${C:c}"`}, env: map[string]string{"A": "a", "C": "C"}, want: Config{"api/src/functions", "a/b/C"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readConfig(root(t, test.files), func(name string) string { return test.env[name] })
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

// The error says where the mistake is: in which file or variable, and for which key.
func TestReadConfigErrors(t *testing.T) {
	for name, test := range map[string]struct {
		files  map[string]string
		env    map[string]string
		source string
		want   string
	}{
		"unknown key":      {files: map[string]string{configFile: "[paths]\nfunction = \"f\""}, source: configFile, want: "fngen.toml: line 2: unknown key paths.function"},
		"wrong type":       {files: map[string]string{configFile: "\n[web]\nport = true"}, source: configFile, want: "fngen.toml: line 3: web.port: toml: cannot decode TOML boolean"},
		"syntax":           {files: map[string]string{configFile: "\npaths.lib = x"}, source: configFile, want: "fngen.toml: line 2: "},
		"redwood's type":   {files: map[string]string{redwoodFile: "paths.lib = 1"}, source: redwoodFile, want: "redwood.toml: line 1: paths.lib: "},
		"outside, in file": {files: map[string]string{redwoodFile: `paths.lib = "../lib"`}, source: redwoodFile, want: `redwood.toml: paths.lib = "../lib": want a folder`},
		"outside, in both": {
			files: map[string]string{configFile: `paths.lib = "lib"`}, env: map[string]string{libVariable: "/lib"},
			source: libVariable, want: `FNGEN_PATHS_LIB: paths.lib = "/lib": want a folder`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readConfig(root(t, test.files), func(name string) string { return test.env[name] })
			var mistake *ConfigError
			require.ErrorAs(t, err, &mistake)
			assert.Equal(t, test.source, mistake.File)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

// What the go command does not see, or nobody can write on one line, is no place for functions.
func TestReadConfigRefusesFolders(t *testing.T) {
	for _, dir := range []string{
		".", "./", "..", "../x", "a/../..", "/", "/a", "a b", "a\tb", `a\b`, "C:/a", "con", "a/nul", "naïve", "a*",
		"vendor", "a/vendor/b", "testdata", "_a", "a/_b", ".a", "a/.fngen",
	} {
		_, err := readConfig(root(t, nil), func(name string) string {
			if name == functionsVariable {
				return dir
			}
			return ""
		})
		assert.Error(t, err, "%q", dir)
	}
}

// root is a directory with these files.
func root(t *testing.T, files map[string]string) *os.Root {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		name = filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o777))
		require.NoError(t, os.WriteFile(name, []byte(data), 0o666))
	}
	r, err := os.OpenRoot(dir)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Close()) })
	return r
}
