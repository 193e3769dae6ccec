package project

import (
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates"
)

// TestNewSettings checks that the fngen.toml of a new project lists every
// setting, and that each line is valid once it is no longer a comment.
func TestNewSettings(t *testing.T) {
	data, err := templates.New.ReadFile("new/fngen.toml.tmpl")
	require.NoError(t, err)
	text := regexp.MustCompile(`(?m)^# (\[|\w+ = )`).ReplaceAllString(string(data), "$1")
	text = strings.ReplaceAll(text, "{{.Function}}", "slack/events")
	_, err = decodeSettings([]byte(text))
	require.NoError(t, err)

	var tables map[string]map[string]any
	require.NoError(t, toml.Unmarshal([]byte(text), &tables))
	assert.Contains(t, tables["functions"], "slack/events")
	for field := range fields(reflect.TypeFor[settings]()) {
		name := field.Tag.Get("toml")
		if name == "functions" {
			continue
		}
		var want []string
		for key := range fields(field.Type) {
			if key := key.Tag.Get("toml"); key != "methods" { // an error
				want = append(want, key)
			}
		}
		assert.ElementsMatch(t, want, slices.Collect(maps.Keys(tables[name])), name)
	}
	var want, got []string
	for key := range fields(reflect.TypeFor[Events]()) {
		want = append(want, key.Tag.Get("toml"))
	}
	for name, table := range tables["functions"] {
		if name != "slack/events" {
			got = slices.AppendSeq(got, maps.Keys(table.(map[string]any)))
		}
	}
	assert.ElementsMatch(t, want, got, "what calls functions")
}

// fields returns the fields of a struct.
func fields(structure reflect.Type) func(yield func(reflect.StructField) bool) {
	return slices.Values(reflect.VisibleFields(structure))
}

func TestCheckEmpty(t *testing.T) {
	dir := t.TempDir()
	assert.NoError(t, CheckEmpty(dir))
	assert.NoError(t, CheckEmpty(filepath.Join(dir, "missing")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, ".git"), 0o777))
	assert.NoError(t, CheckEmpty(dir))
	for _, name := range []string{"b", "a", "c", "d", "e", "f", "g"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o666))
	}
	assert.EqualError(t, CheckEmpty(dir), dir+" is not empty: a, b, c, d, e, and 2 more")
}
