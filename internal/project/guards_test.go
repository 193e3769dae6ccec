package project

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Guards are known by the support packages that a function imports.
func TestGuards(t *testing.T) {
	const lib = "example.com/app/api/src/lib/"
	p := openTest(t, map[string]string{
		"go.mod": "module example.com/app\n",
		"api/src/functions/a/a.go": "package a\n\nimport (\n\t_ \"" + lib + "cors\"\n\t_ \"" + lib + "auth\"\n\t_ \"" +
			lib + "logger\"\n)\n\nvar Handler int\n",
		"api/src/functions/b/b.go": "package b\n\nimport _ \"example.com/other/webhooks\"\n\nvar Handler int\n",
	}, "")
	functions, _, err := p.List()
	require.NoError(t, err)
	require.Len(t, functions, 2)
	assert.Equal(t, []string{"auth", "cors"}, p.Guards(functions[0]))
	assert.Empty(t, p.Guards(functions[1]))
}
