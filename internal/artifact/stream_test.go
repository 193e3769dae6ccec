package artifact_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/project"
)

// streams returns a stack with streamed responses behind a REST API and a
// function URL.
func streams() artifact.Stack {
	chat := withRoutes(newFunction("chat", func(l *project.Lambda) { l.Timeout = 300 }), "GET /chat/{id}")
	chat.Stream = true
	export := newFunction("export", func(l *project.Lambda) { l.URL = true })
	export.Stream = true
	return artifact.Stack{
		Module: "example.com/shop", REST: true,
		Functions: []artifact.Function{
			chat, export, newFunction("plain", func(l *project.Lambda) { l.URL = true }), newFunction("divide", nil),
		},
	}
}

func TestStreamTemplate(t *testing.T) {
	got := newTemplate(t, streams())
	const golden = "testdata/stream.yaml"
	if *update {
		require.NoError(t, os.WriteFile(golden, got, 0o666))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got))

	only := streams()
	only.Functions = only.Functions[1:2]
	assert.NotContains(t, string(newTemplate(t, only)), "ServerlessRestApi", "there is no API")
}

func TestStreamTemplateLint(t *testing.T) {
	program, err := exec.LookPath("cfn-lint")
	if err != nil {
		t.Skip("cfn-lint is not installed")
	}
	dir := t.TempDir()
	for _, f := range streams().Functions { // cfn-lint wants the zip files to exist
		require.NoError(t, os.WriteFile(filepath.Join(dir, artifact.ZipFile(f.Name)), nil, 0o666))
	}
	file := filepath.Join(dir, "template.yaml")
	require.NoError(t, os.WriteFile(file, newTemplate(t, streams()), 0o666))
	out, err := exec.Command(program, file).CombinedOutput()
	assert.NoError(t, err, "%s", out)
}
