package artifact_test

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/project"
)

// YAML reads many strings as values of another type unless they are quoted.
// Every string in the template is read as the string that it is.
func TestTemplateStrings(t *testing.T) {
	values := []string{
		"", "y", "N", "yes", "No", "on", "OFF", "true", "False", "null", "NULL", "~", // booleans and null
		"0", "012", "08", "0o7", "0x1F", "0b1", "1_000", "-1", "+1", "190:20:30", // integers
		"1e3", "1.", ".5", "-.5e+3", ".inf", ".NaN", "12e03", "1_0.5", // floats
		"2001-01-01", "2001-99-99", "2001-12-14T21:59:43.10-05:00", "2001-12-14 21:59:43", // timestamps
		"=", "<<", "-", "- a", "?", "? a", ":", "a:", ": a", "a: b", "a:b", "a #b", "#a", "---", "...", // syntax
		"@a", "`a`", "%a", "&a", "*a", "!a", "!!int", "|", ">", "[a]", "{a}", "{{a}}", "'a'", `"a"`, ",", "a,b",
		" a ", "a\n", "a\nb", "a\r\nb", "\ta", "a\t", `a\"b`, `\n`, "<a&b>",
		"a\x7fb", "a\u0085b\u009f", "\a\b\f\v\x1b\x00", "\u2028\u2029", "\ufeffa", "\uffff", "é🎉", // characters
	}
	names := []string{"Y", "N", "YES", "NO", "ON", "OFF", "TRUE", "FALSE", "NULL", "E3", "PLAIN"} // as keys
	environment := map[string]any{}
	for i, value := range values {
		environment["V"+strconv.Itoa(i)] = value
	}
	for _, name := range names {
		environment[name] = name
	}
	text := newTemplate(t, artifact.Stack{Functions: []artifact.Function{
		newFunction("divide", func(l *project.Lambda) { l.Environment = environment }),
	}})

	got := parse(t, text).Resources["DivideFunction"].Properties.Environment.Variables
	assert.Len(t, got, len(environment))
	for name, value := range environment {
		assert.Equal(t, value, got[name], "%s: %q", name, value)
	}

	// Whatever a parser of another YAML version takes for something else than a
	// string does not look like a plain word or path.
	var document yaml.Node
	require.NoError(t, yaml.Unmarshal(text, &document))
	checkPlain(t, &document)
}

// checkPlain checks the strings in a document that are not quoted.
func checkPlain(t *testing.T, n *yaml.Node) {
	t.Helper()
	if n.Kind == yaml.ScalarNode && n.Style == 0 && n.Tag == "!!str" {
		assert.Regexp(t, `^[A-Za-z/][A-Za-z0-9_./:-]*$`, n.Value)
		assert.NotRegexp(t, `(?i)^(y|n|yes|no|on|off|true|false|null)$`, n.Value)
	}
	for _, child := range n.Content {
		checkPlain(t, child)
	}
}
