package cli

import (
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/hint"
	"github.com/fngen/fngen/internal/project"
)

func TestParsePort(t *testing.T) {
	for value, want := range map[string]int{
		"8911": 8911, "0": 0, "65535": 65535, "65536": -1, "-1": -1, "http": -1, "": -1, " 80": -1, "80.0": -1,
	} {
		port, err := parsePort(value)
		fixed, fixedErr := parseFixedPort(value)
		if want < 0 {
			assert.EqualError(t, err, strconv.Quote(value)+" is not a port, want a number from 0 to 65535")
			assert.Error(t, fixedErr, value)
			continue
		}
		assert.NoError(t, err, value)
		assert.Equal(t, want, port, value)
		assert.Equal(t, want, fixed, value)
		assert.Equal(t, want == 0, fixedErr != nil, value)
	}
}

func TestParsePoll(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"MS": 300 * time.Millisecond, "10": 10 * time.Millisecond, "60000": time.Minute,
		"9": 0, "60001": 0, "1s": 0, "": 0,
	} {
		got, err := parsePoll(value)
		assert.Equal(t, want, got, value)
		assert.Equal(t, want == 0, err != nil, value)
	}
}

func TestParseURLPath(t *testing.T) {
	for value, want := range map[string]string{
		"/.redwood/functions": "/.redwood/functions", "/api/": "/api",
		"/": "", "": "", "api": "", "/a/../b": "", "/a//b": "", "/a?b": "", "/a b": "", "/%61": "", `/a\b`: "",
	} {
		got, err := parseURLPath(value)
		assert.Equal(t, want, got, value)
		assert.Equal(t, want == "", err != nil, value)
		if err != nil {
			assert.Equal(t, "--api-url=/.redwood/functions", hint.Of(err), value)
		}
	}
}

func TestParseURL(t *testing.T) {
	for value, isValid := range map[string]bool{
		"http://localhost:5173": true, "https://example.com/a": true,
		"localhost:5173": false, "ftp://example.com": false, "http://": false, "": false, "http://a/%zz": false,
		"https://user:s3cr3t@example.com": false, "https://example.com?a=s3cr3t": false, "https://example.com/#s3cr3t": false,
	} {
		_, err := parseURL(value)
		assert.Equal(t, isValid, err == nil, value)
		if err != nil {
			assert.NotContains(t, err.Error(), "s3cr3t")
		}
	}
}

// TestDevOptions checks that flags take precedence over the configuration.
func TestDevOptions(t *testing.T) {
	dir := t.TempDir()
	write := func(name, data string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(data), 0o666))
	}
	write("go.mod", "module example.com/app\n\ngo 1.22\n")
	write("fngen.toml", "[api]\nport = 9001\n[web]\nport = 9002\ntarget = \"http://localhost:3000\"\napiUrl = \"/api\"\n")
	w := World{Env: func(string) string { return "" }, Environ: func() []string { return nil }, Version: "v0.1.0"}
	p, err := project.Open(dir, project.Options{Env: w.Env})
	require.NoError(t, err)
	defer p.Close()

	got, err := devOptions{host: "[::1]", port: -1, webPort: -1}.options(w, p)
	require.NoError(t, err)
	assert.Equal(t, "::1", got.Host)
	assert.Equal(t, []int{9001, 9002}, []int{got.Port, got.WebPort})
	assert.Equal(t, "/api", got.APIURL)
	assert.Equal(t, "http://localhost:3000", got.WebTarget.String())

	target := &url.URL{Scheme: "http", Host: "localhost:5173"}
	got, err = devOptions{apiURL: "/x", webTarget: target}.options(w, p)
	require.NoError(t, err)
	assert.Equal(t, []int{0, 0}, []int{got.Port, got.WebPort})
	assert.Equal(t, "/x", got.APIURL)
	assert.Same(t, target, got.WebTarget)

	_, err = devOptions{port: 9002, webPort: -1}.options(w, p)
	assert.EqualError(t, err, "--web-port: 9002 is the port of the functions")
}
