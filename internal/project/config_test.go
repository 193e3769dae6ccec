package project

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/hint"
)

func TestReadConfig(t *testing.T) {
	// with returns the default configuration after change.
	with := func(change func(*Config)) Config {
		c := Config{
			Functions: "api/src/functions", Lib: "api/src/lib",
			API: API{Port: 8911}, Web: Web{Port: 8910, APIURL: "/.redwood/functions"},
		}
		change(&c)
		return c
	}
	defaults := with(func(*Config) {})
	dirs := func(functions, lib string) Config {
		return with(func(c *Config) { c.Functions, c.Lib = functions, lib })
	}
	ports := Config{
		Functions: "api/src/functions", Lib: "api/src/lib",
		API: API{Port: 1}, Web: Web{Port: 2, APIURL: "/x", Target: "http://localhost:5173"},
	}
	for name, test := range map[string]struct {
		files map[string]string
		env   map[string]string
		want  Config
	}{
		"no file":    {want: defaults},
		"empty file": {files: map[string]string{configFile: ""}, want: defaults},
		"ports": {
			files: map[string]string{
				configFile: "api.port = 1\nweb.port = 2\nweb.apiUrl = \"/x/\"\nweb.target = \"http://localhost:5173\"",
			},
			want: ports,
		},
		"variables override ports": {
			files: map[string]string{configFile: "api.port = 3\nweb.port = 4"},
			env: map[string]string{
				apiPortVariable: "1", webPortVariable: "2", apiURLVariable: "/x", targetVariable: "http://localhost:5173",
			},
			want: ports,
		},
		"editor": {
			files: map[string]string{configFile: "dev.editor = \"idea\""},
			want:  Config{Functions: defaults.Functions, Lib: defaults.Lib, API: defaults.API, Web: defaults.Web, Dev: Dev{"idea"}},
		},
		"variable overrides editor": {
			files: map[string]string{configFile: "dev.editor = \"idea\""},
			env:   map[string]string{editorVariable: "none"},
			want:  Config{Functions: defaults.Functions, Lib: defaults.Lib, API: defaults.API, Web: defaults.Web, Dev: Dev{"none"}},
		},
		"allowed hosts": {
			files: map[string]string{configFile: `api.allowedHosts = ["shop.test", ".example.com"]`},
			want: Config{
				Functions: defaults.Functions, Lib: defaults.Lib, Web: defaults.Web,
				API: API{Port: defaults.API.Port, AllowedHosts: []string{"shop.test", ".example.com"}},
			},
		},
		"variable overrides allowed hosts": {
			files: map[string]string{configFile: `api.allowedHosts = ["shop.test"]`},
			env:   map[string]string{hostsVariable: "a.test,b.test"},
			want: Config{
				Functions: defaults.Functions, Lib: defaults.Lib, Web: defaults.Web,
				API: API{Port: defaults.API.Port, AllowedHosts: []string{"a.test", "b.test"}},
			},
		},
		"one of two paths": {
			files: map[string]string{configFile: `paths.lib = "lib"`},
			want:  dirs("api/src/functions", "lib"),
		},
		"empty value": {files: map[string]string{configFile: `paths.lib = ""`}, want: defaults},
		"paths are cleaned": {
			files: map[string]string{configFile: "[paths]\nfunctions = \"./a//b/../c/\"\nlib = \"internal/lib\""},
			want:  dirs("a/c", "internal/lib"),
		},
		"CRLF": {
			files: map[string]string{configFile: "[paths]\r\nfunctions = \"f\"\r\n"},
			want:  dirs("f", "api/src/lib"),
		},
		"variables without a file": {
			env:  map[string]string{functionsVariable: "f", libVariable: "l"},
			want: dirs("f", "l"),
		},
		"variable overrides file": {
			files: map[string]string{configFile: "[paths]\nfunctions = \"a\"\nlib = \"b\""},
			env:   map[string]string{functionsVariable: "f"},
			want:  dirs("f", "b"),
		},
		"fngen.toml hides redwood.toml": {
			files: map[string]string{
				configFile:  `paths.lib = "l"`,
				redwoodFile: "[paths]\nfunctions = \"r\"\nlib = \"r\"",
			},
			want: dirs("api/src/functions", "l"),
		},
		"redwood.toml with unknown keys": {
			files: map[string]string{
				redwoodFile: "[paths]\nfunctions = \"r\"\n[api]\nport = \"${P:1}\"\ncolour = [1]",
			},
			want: with(func(c *Config) { c.Functions, c.API.Port = "r", 1 }),
		},
		"redwood.toml with ports": {
			files: map[string]string{
				redwoodFile: "[api]\nport = 1\nhost = 2\n[web]\nport = \"2\"\napiUrl = \"/x\"\ntarget = 5",
			},
			want: with(func(c *Config) { c.API.Port, c.Web.Port, c.Web.APIURL = 1, 2, "/x" }),
		},
		"redwood.toml with unset variables": {
			files: map[string]string{redwoodFile: "[web]\nport = \"${P}\"\napiUrl = \"${U}\""},
			want:  defaults,
		},
		"redwood.toml with a deployed API": {
			files: map[string]string{redwoodFile: "web.apiUrl = \"https://api.example.com\""},
			want:  defaults,
		},
		"redwood.toml expands variables": {
			files: map[string]string{redwoodFile: `paths.lib = "${A}/${B:b}/${C:c}"`},
			env:   map[string]string{"A": "a", "C": "C"},
			want:  dirs("api/src/functions", "a/b/C"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := readTestConfig(t, test.files, test.env)
			require.NoError(t, err)
			assert.Regexp(t, `^gcr\.io/distroless/static-debian12:nonroot@sha256:[0-9a-f]{64}$`, got.Container.Base)
			got.Container = Container{}
			assert.Equal(t, test.want, got)
		})
	}
}

// Errors name the file or variable, and the key.
func TestReadConfigErrors(t *testing.T) {
	file := func(content string) map[string]string { return map[string]string{configFile: content} }
	redwood := func(content string) map[string]string { return map[string]string{redwoodFile: content} }
	for name, test := range map[string]struct {
		files  map[string]string
		env    map[string]string
		source string
		want   string
	}{
		"unknown key": {
			files:  file("[paths]\nfunction = \"f\""),
			source: configFile, want: "fngen.toml: line 2: unknown key paths.function",
		},
		"wrong type": {
			files:  file("\n[web]\nport = true"),
			source: configFile, want: "fngen.toml: line 3: web.port: unexpected boolean",
		},
		"syntax": {
			files:  file("\npaths.lib = x"),
			source: configFile, want: "fngen.toml: line 2: ",
		},
		"wrong type in redwood.toml": {
			files:  redwood("paths.lib = 1"),
			source: redwoodFile, want: "redwood.toml: line 1: paths.lib: unexpected integer",
		},
		"port 0": {
			files:  file("api.port = 0"),
			source: configFile, want: `fngen.toml: api.port = "0": want a number from 1 to 65535`,
		},
		"port too high": {
			files:  file("web.port = 65536"),
			source: configFile, want: `fngen.toml: web.port = "65536": want a number`,
		},
		"negative port": {
			files:  file("web.port = -1"),
			source: configFile, want: `fngen.toml: web.port = "-1": want a number`,
		},
		"port as a string": {
			files:  file(`api.port = "1"`),
			source: configFile, want: "fngen.toml: line 1: api.port: unexpected string",
		},
		"port from a variable": {
			env:    map[string]string{apiPortVariable: "http"},
			source: apiPortVariable, want: `FNGEN_API_PORT: api.port = "http": want a number`,
		},
		"port in redwood.toml": {
			files:  redwood("api.port = true"),
			source: redwoodFile, want: `redwood.toml: api.port = "true": want a number`,
		},
		"allowed host with a port": {
			env:    map[string]string{hostsVariable: "a.test:80"},
			source: hostsVariable, want: `FNGEN_API_ALLOWED_HOSTS: api.allowedHosts = "a.test:80": want host names`,
		},
		"allowed host with a scheme": {
			env:    map[string]string{hostsVariable: "http://a.test"},
			source: hostsVariable, want: `FNGEN_API_ALLOWED_HOSTS: api.allowedHosts = "http://a.test": want host names`,
		},
		"allowed host with a wildcard": {
			env:    map[string]string{hostsVariable: "*.test"},
			source: hostsVariable, want: `FNGEN_API_ALLOWED_HOSTS: api.allowedHosts = "*.test": want host names`,
		},
		"empty allowed host": {
			env:    map[string]string{hostsVariable: "a.test,,b.test"},
			source: hostsVariable, want: `FNGEN_API_ALLOWED_HOSTS: api.allowedHosts = "a.test,,b.test": want host names`,
		},
		"allowed host with a path": {
			env:    map[string]string{hostsVariable: "a.test/x"},
			source: hostsVariable, want: `FNGEN_API_ALLOWED_HOSTS: api.allowedHosts = "a.test/x": want host names`,
		},
		"relative apiUrl": {
			files:  file(`web.apiUrl = "x"`),
			source: configFile, want: `fngen.toml: web.apiUrl = "x": want a path`,
		},
		"apiUrl of the root": {
			files:  file(`web.apiUrl = "/"`),
			source: configFile, want: `fngen.toml: web.apiUrl = "/": want a path`,
		},
		"apiUrl with ..": {
			files:  redwood(`web.apiUrl = "/a/../b"`),
			source: redwoodFile, want: `redwood.toml: web.apiUrl = "/a/../b": want a path`,
		},
		"apiUrl with a query": {
			env:    map[string]string{apiURLVariable: "/a?b"},
			source: apiURLVariable, want: `FNGEN_WEB_API_URL: web.apiUrl = "/a?b": want a path`,
		},
		"apiUrl with a host": {
			files:  file(`web.apiUrl = "https://x"`),
			source: configFile, want: `fngen.toml: web.apiUrl = "https://x": want a path`,
		},
		"unknown editor": {
			env:    map[string]string{editorVariable: "ed"},
			source: editorVariable, want: `FNGEN_DEV_EDITOR: dev.editor = "ed": want vscode, idea or none`,
		},
		"base image with a space": {
			files:  file(`container.base = "a b"`),
			source: configFile, want: `fngen.toml: container.base = "a b": want an image`,
		},
		"base image with a short digest": {
			env:    map[string]string{baseVariable: "a@sha256:1"},
			source: baseVariable, want: `FNGEN_CONTAINER_BASE: container.base = "a@sha256:1": want an image`,
		},
		"target without a scheme": {
			files:  file(`web.target = "localhost:5173"`),
			source: configFile, want: `fngen.toml: web.target = "localhost:5173": want a URL`,
		},
		"target with a space": {
			env:    map[string]string{targetVariable: "http://a b"},
			source: targetVariable, want: `FNGEN_WEB_TARGET: web.target = "http://a b": want a URL`,
		},
		"target with another scheme": {
			env:    map[string]string{targetVariable: "ftp://x"},
			source: targetVariable, want: `FNGEN_WEB_TARGET: web.target = "ftp://x": want a URL`,
		},
		"path outside the module": {
			files:  redwood(`paths.lib = "../lib"`),
			source: redwoodFile, want: `redwood.toml: paths.lib = "../lib": want a directory inside the module`,
		},
		"absolute path from a variable": {
			files: file(`paths.lib = "lib"`), env: map[string]string{libVariable: "/lib"},
			source: libVariable, want: `FNGEN_PATHS_LIB: paths.lib = "/lib": want a directory inside the module`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readTestConfig(t, test.files, test.env)
			var mistake *ConfigError
			require.ErrorAs(t, err, &mistake)
			assert.Equal(t, test.source, mistake.File)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

// The go command ignores some of these directories, and the others cannot be
// part of an import path.
func TestReadConfigRejectsDirectories(t *testing.T) {
	for _, dir := range []string{
		".", "./", "..", "../x", "a/../..", "/", "/a", "a b", "a\tb", `a\b`, "C:/a", "con", "a/nul", "naïve", "a*",
		"vendor", "a/vendor/b", "testdata", "_a", "a/_b", ".a", "a/.fngen",
	} {
		_, err := readTestConfig(t, nil, map[string]string{functionsVariable: dir})
		assert.Error(t, err, "%q", dir)
	}
}

func TestReadConfigOfADirectory(t *testing.T) {
	for _, name := range []string{configFile, redwoodFile} {
		_, err := readTestConfig(t, map[string]string{name + "/x": ""}, nil)
		assert.EqualError(t, err, name+" is not a regular file")
	}
}

// readTestConfig reads the configuration of a project that has these files.
func readTestConfig(t *testing.T, files, env map[string]string) (Config, error) {
	t.Helper()
	p := Project{Root: testRoot(t, files), env: func(name string) string { return env[name] }}
	return p.readConfig()
}

// testRoot creates a temporary directory with these files.
func testRoot(t *testing.T, files map[string]string) *os.Root {
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

// Functions declare their routes in the source.
func TestMethodsIsNotASetting(t *testing.T) {
	for _, test := range []struct{ file, want, hint string }{
		{
			"[functions.echo]\nmemory = 128\nmethods = [\"GET\",\"POST\"]\n",
			"fngen.toml: line 3: functions.echo.methods is not a setting any more",
			`declare var Routes = []string{"GET /echo", "POST /echo"} beside the handler`,
		},
		{
			"functions.echo.methods = 1\n",
			"fngen.toml: line 1: functions.echo.methods is not a setting any more",
			`declare var Routes = []string{"GET /echo"} beside the handler`,
		},
		{
			"[lambda]\nmethods = [\"POST\"]\n",
			"fngen.toml: line 2: lambda.methods is not a setting any more",
			`declare var Routes = []string{"GET /NAME"} beside the handler`,
		},
	} {
		dir := testRoot(t, map[string]string{"go.mod": goMod, "fngen.toml": test.file}).Name()
		_, err := Open(dir, Options{Env: noEnv})
		require.EqualError(t, err, test.want)
		assert.Equal(t, test.hint, hint.Of(err))
	}
}
