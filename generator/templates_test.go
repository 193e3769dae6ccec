package generator_test

import (
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/schemes"
	"github.com/fngen/fngen/templates"
)

func TestEmbeddedSupportPackages(t *testing.T) {
	var embedded []string
	require.NoError(t, fs.WalkDir(templates.Lib, "lib", func(name string, entry fs.DirEntry, err error) error {
		if !entry.IsDir() {
			embedded = append(embedded, name)
		}
		return err
	}))
	sources, err := filepath.Glob("../templates/lib/*/*.go")
	require.NoError(t, err)
	var want []string
	for _, source := range sources {
		if !strings.HasSuffix(source, "_test.go") {
			want = append(want, strings.TrimPrefix(filepath.ToSlash(source), "../templates/"))
		}
	}
	slices.Sort(want)
	assert.Equal(t, want, embedded)
}

func TestSchemesMatchPackageWebhooks(t *testing.T) {
	var names, want []string
	for _, scheme := range generator.Schemes() {
		names = append(names, scheme.Name)
	}
	for _, scheme := range schemes.All() {
		want = append(want, scheme.String())
	}
	assert.Equal(t, want, names)
	_, err := generator.ParseScheme(generator.DefaultScheme)
	assert.NoError(t, err)
}

func TestPackages(t *testing.T) {
	packages, err := generator.Packages()
	require.NoError(t, err)
	imports := map[string][]string{}
	for _, p := range packages {
		assert.NotEmpty(t, p.Synopsis, p.Name)
		imports[p.Name] = p.Imports
	}
	assert.Equal(t, map[string][]string{
		"auth": {"fn"}, "batch": nil, "cors": {"fn"}, "db": {"project/db/migrations"},
		"dbtest": {"db", "project/db/migrations", "scenario"},
		"fn":     nil, "fntest": nil, "inbox": {"db", "once"}, "ipallow": {"fn"}, "jwks": nil,
		"lease":  {"db"},
		"logger": {"fn"}, "once": nil, "queue": {"batch", "once"}, "ratelimit": {"fn", "ipallow"},
		"redisstore": {"once", "ratelimit"}, "scenario": nil, "schedule": nil, "stream": {"batch"},
		"webhooks": {"fn", "once"},
	}, imports, "fntest and scenario import no others, so that a plain function needs only three")
}
