package artifact_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/project"
)

// samExamples returns the partial templates of docs/sam.md by name.
func samExamples(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/sam/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	examples := map[string][]byte{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		examples[strings.TrimSuffix(filepath.Base(file), ".yaml")] = text
	}
	return examples
}

// extended returns the template of a function with a partial template, and with
// the settings beside it.
func extended(t *testing.T, name string, partial []byte) []byte {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/shop\n"), 0o666))
	settings, err := os.ReadFile(filepath.Join("testdata/sam", name+".toml"))
	if !errors.Is(err, fs.ErrNotExist) {
		require.NoError(t, err)
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "fngen.toml"), settings, 0o666))
	p, err := project.Open(dir, project.Options{Env: func(string) string { return "" }})
	require.NoError(t, err)
	defer p.Close()
	lambdas, err := p.Lambda([]project.Function{{Name: "divide", Kind: generator.KindHTTP}}, nil)
	require.NoError(t, err)

	text := newTemplate(t, artifact.Stack{Module: "example.com/shop", Functions: []artifact.Function{
		{Name: "divide", Kind: generator.KindHTTP, Lambda: lambdas["divide"]},
	}})
	text, err = artifact.Merge(text, name+".yaml", partial)
	require.NoError(t, err)
	return text
}

func TestSAMExamples(t *testing.T) {
	for name, partial := range samExamples(t) {
		t.Run(name, func(t *testing.T) {
			got := extended(t, name, partial)
			golden := filepath.Join("testdata/sam/golden", name+".yaml")
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o777))
				require.NoError(t, os.WriteFile(golden, got, 0o666))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(got))
		})
	}
}

func TestSAMExamplesLint(t *testing.T) {
	program, err := exec.LookPath("cfn-lint")
	if err != nil {
		t.Skip("cfn-lint is not installed")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, artifact.ZipFile("divide")), nil, 0o666))
	args := []string{}
	for name, partial := range samExamples(t) {
		file := filepath.Join(dir, name+".yaml")
		require.NoError(t, os.WriteFile(file, extended(t, name, partial), 0o666))
		args = append(args, file)
	}
	out, err := exec.Command(program, args...).CombinedOutput()
	assert.NoError(t, err, "%s", out)
}

// The page shows each example and its settings as they are tested, and no other
// templates.
func TestSAMExamplesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/sam.md")
	require.NoError(t, err)
	files, err := filepath.Glob("testdata/sam/*.*ml")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		block := "```" + strings.TrimPrefix(filepath.Ext(file), ".") + "\n" + string(text) + "```\n"
		assert.Contains(t, string(page), block, file)
	}
	assert.Equal(t, len(samExamples(t)), strings.Count(string(page), "```yaml\n"))
}
