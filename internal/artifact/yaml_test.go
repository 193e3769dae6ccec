package artifact_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/project"
)

// A value is read as it was written, whatever is in it.
func TestTemplateValues(t *testing.T) {
	values := map[string]string{
		"DELETE": "a\x7fb", "C1": "a\u0085b\u009f", "BELL": "\a\b\f\v\r\n\t\x1b\x00", "BOM": "\ufeffa", "NONCHARACTER": "\uffff",
		"EMOJI": "é🎉", "SPACES": " a ", "HTML": "<a&b>", "BACKSLASH": `a\"b`, "DATE": "2001-01-01", "MERGE": "<<", "TILDE": "~",
	}
	d := parse(t, artifact.Template(artifact.Stack{Functions: []artifact.Function{
		function("divide", func(l *project.Lambda) { l.Environment = values }),
	}}))
	got := d.Resources["DivideFunction"].Properties.Environment.Variables
	assert.Len(t, got, len(values))
	for name, value := range values {
		assert.Equal(t, value, got[name], name)
	}
}
