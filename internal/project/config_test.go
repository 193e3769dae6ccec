package project

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadConfig(t *testing.T) {
	// with is the standard configuration, changed.
	with := func(change func(*Config)) Config {
		c := Config{
			Functions: "api/src/functions", Lib: "api/src/lib",
			API: API{Port: 8911}, Web: Web{Port: 8910, APIURL: "/.redwood/functions"},
		}
		change(&c)
		return c
	}
	standard := with(func(*Config) {})
	dirs := func(functions, lib string) Config {
		return with(func(c *Config) { c.Functions, c.Lib = functions, lib })
	}
	served := Config{"api/src/functions", "api/src/lib", API{1}, Web{2, "/x", "http://localhost:5173"}}
	for name, test := range map[string]struct {
		files map[string]string
		env   map[string]string
		want  Config
	}{
		"nothing":    {want: standard},
		"empty file": {files: map[string]string{configFile: ""}, want: standard},
		"ports":      {files: map[string]string{configFile: "api.port = 1\nweb.port = 2\nweb.apiUrl = \"/x/\"\nweb.target = \"http://localhost:5173\""}, want: served},
		"served by variables": {
			files: map[string]string{configFile: "api.port = 3\nweb.port = 4"},
			env:   map[string]string{apiPortVariable: "1", webPortVariable: "2", apiURLVariable: "/x", targetVariable: "http://localhost:5173"},
			want:  served,
		},
		"one of two":     {files: map[string]string{configFile: `paths.lib = "lib"`}, want: dirs("api/src/functions", "lib")},
		"empty value":    {files: map[string]string{configFile: `paths.lib = ""`}, want: standard},
		"cleaned":        {files: map[string]string{configFile: "[paths]\nfunctions = \"./a//b/../c/\"\nlib = \"internal/lib\""}, want: dirs("a/c", "internal/lib")},
		"CRLF":           {files: map[string]string{configFile: "[paths]\r\nfunctions = \"f\"\r\n"}, want: dirs("f", "api/src/lib")},
		"variables":      {env: map[string]string{functionsVariable: "f", libVariable: "l"}, want: dirs("f", "l")},
		"variable, file": {files: map[string]string{configFile: "[paths]\nfunctions = \"a\"\nlib = \"b\""}, env: map[string]string{functionsVariable: "f"}, want: dirs("f", "b")},
		"not the lesser": {files: map[string]string{configFile: `paths.lib = "l"`, redwoodFile: "[paths]\nfunctions = \"r\"\nlib = \"r\""}, want: dirs("api/src/functions", "l")},
		"redwood":        {files: map[string]string{redwoodFile: "[paths]\nfunctions = \"r\"\n[api]\nport = \"${P:1}\"\ncolour = [1]"}, want: with(func(c *Config) { c.Functions, c.API.Port = "r", 1 })},
		"redwood's ports": {
			files: map[string]string{redwoodFile: "[api]\nport = 1\nhost = 2\n[web]\nport = \"2\"\napiUrl = \"/x\"\ntarget = 5"},
			want:  with(func(c *Config) { c.API.Port, c.Web.Port, c.Web.APIURL = 1, 2, "/x" }),
		},
		"redwood, not set":  {files: map[string]string{redwoodFile: "[web]\nport = \"${P}\"\napiUrl = \"${U}\""}, want: standard},
		"redwood, deployed": {files: map[string]string{redwoodFile: "web.apiUrl = \"https://api.example.com\""}, want: standard},
		"redwood expands":   {files: map[string]string{redwoodFile: `paths.lib = "${A}/${B:b}/${C:c}"`}, env: map[string]string{"A": "a", "C": "C"}, want: dirs("api/src/functions", "a/b/C")},
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
		"port 0":           {files: map[string]string{configFile: "api.port = 0"}, source: configFile, want: `fngen.toml: api.port = "0": want a number from 1 to 65535`},
		"port too high":    {files: map[string]string{configFile: "web.port = 65536"}, source: configFile, want: `fngen.toml: web.port = "65536": want a number`},
		"port below 0":     {files: map[string]string{configFile: "web.port = -1"}, source: configFile, want: `fngen.toml: web.port = "-1": want a number`},
		"port in text":     {files: map[string]string{configFile: `api.port = "1"`}, source: configFile, want: "fngen.toml: line 1: api.port: toml: cannot decode TOML string"},
		"port variable":    {env: map[string]string{apiPortVariable: "http"}, source: apiPortVariable, want: `FNGEN_API_PORT: api.port = "http": want a number`},
		"redwood's port":   {files: map[string]string{redwoodFile: "api.port = true"}, source: redwoodFile, want: `redwood.toml: api.port = "true": want a number`},
		"apiUrl, relative": {files: map[string]string{configFile: `web.apiUrl = "x"`}, source: configFile, want: `fngen.toml: web.apiUrl = "x": want a path`},
		"apiUrl, root":     {files: map[string]string{configFile: `web.apiUrl = "/"`}, source: configFile, want: `fngen.toml: web.apiUrl = "/": want a path`},
		"apiUrl, unclean":  {files: map[string]string{redwoodFile: `web.apiUrl = "/a/../b"`}, source: redwoodFile, want: `redwood.toml: web.apiUrl = "/a/../b": want a path`},
		"apiUrl, query":    {env: map[string]string{apiURLVariable: "/a?b"}, source: apiURLVariable, want: `FNGEN_WEB_API_URL: web.apiUrl = "/a?b": want a path`},
		"apiUrl, a URL":    {files: map[string]string{configFile: `web.apiUrl = "https://x"`}, source: configFile, want: `fngen.toml: web.apiUrl = "https://x": want a path`},
		"target, no host":  {files: map[string]string{configFile: `web.target = "localhost:5173"`}, source: configFile, want: `fngen.toml: web.target = "localhost:5173": want an address`},
		"target, no URL":   {env: map[string]string{targetVariable: "http://a b"}, source: targetVariable, want: `FNGEN_WEB_TARGET: web.target = "http://a b": want an address`},
		"target, scheme":   {env: map[string]string{targetVariable: "ftp://x"}, source: targetVariable, want: `FNGEN_WEB_TARGET: web.target = "ftp://x": want an address`},
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
