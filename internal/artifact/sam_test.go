package artifact_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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

// extended returns the template of a function with a partial template.
func extended(t *testing.T, name string, partial []byte) []byte {
	t.Helper()
	divide := newFunction("divide", func(l *project.Lambda) {
		switch name { // with settings, as the page has them
		case "vpc":
			l.Environment = map[string]any{"DATABASE_URL": map[string]any{
				"Sub": "postgres://shop:{{resolve:secretsmanager:${DatabasePassword}}}@${Database.Endpoint.Address}/shop?sslmode=require",
			}}
		case "bucket":
			bucket := map[string]any{"BucketName": map[string]any{"Ref": "Photos"}}
			l.Policies = []any{map[string]any{"S3ReadPolicy": bucket}}
			l.Environment = map[string]any{
				"BUCKET":     map[string]any{"Ref": "Photos"},
				"BUCKET_ARN": map[string]any{"GetAtt": "Photos.Arn"},
				"BUCKET_URL": map[string]any{"Sub": "https://${Photos.RegionalDomainName}/"},
			}
		}
	})
	text := newTemplate(t, artifact.Stack{Module: "example.com/shop", Functions: []artifact.Function{divide}})
	text, err := artifact.Merge(text, name+".yaml", partial)
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

// The page shows each example as it is tested, and no others.
func TestSAMExamplesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/sam.md")
	require.NoError(t, err)
	shown := map[string]bool{}
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(page, -1) {
		shown[string(block[1])] = true
	}
	examples := samExamples(t)
	for name, text := range examples {
		assert.True(t, shown[string(text)], "docs/sam.md has no block with the contents of %s.yaml", name)
	}
	assert.Len(t, shown, len(examples))
}
