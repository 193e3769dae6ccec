package artifact_test

import (
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/fngen/fngen/internal/artifact"
)

// pipelines returns the files of all pipelines of a provider, by what they
// deploy.
func pipelines(t *testing.T, provider string) map[string]string {
	t.Helper()
	files := map[string]string{}
	for name, p := range map[string]artifact.Pipeline{
		"lambda":        {Target: "lambda"},
		"container":     {Target: "container"},
		"container ECR": {Target: "container", ECR: true},
	} {
		p.Provider, p.Name, p.Fngen = provider, "shop", "go tool fngen"
		text, err := p.File()
		require.NoError(t, err, name)
		files[name] = string(text)
	}
	return files
}

func TestGitHubPipeline(t *testing.T) {
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	require.NoError(t, err)
	lint := func(workflow string) []*actionlint.Error {
		found, err := linter.Lint("ci.yml", []byte(workflow), nil)
		require.NoError(t, err)
		return found
	}
	for name, workflow := range pipelines(t, "github") {
		assert.Empty(t, lint(workflow), name)
		assert.NotEmpty(t, lint(strings.Replace(workflow, "needs: [test, build]", "needs: [tests]", 1)), "the linter finds nothing")

		uses := regexp.MustCompile(`(?m)uses: (.*)$`).FindAllStringSubmatch(workflow, -1)
		require.NotEmpty(t, uses)
		for _, action := range uses {
			assert.Regexp(t, `^[\w./-]+@[0-9a-f]{40} # v[0-9.]+$`, action[1], name)
		}

		parsed, errs := actionlint.Parse([]byte(workflow))
		require.Empty(t, errs)
		assert.NotNil(t, parsed.Concurrency, name)
		assert.Empty(t, parsed.Permissions.Scopes, "%s: jobs have their own", name)
		assert.Nil(t, parsed.Permissions.All, name)
		for id, job := range parsed.Jobs {
			require.NotNil(t, job.TimeoutMinutes, name)
			require.Len(t, job.Permissions.Scopes, 1, name)
			for scope, permission := range job.Permissions.Scopes {
				want := "contents: read"
				switch {
				case id == "deploy" && name == "container":
					want = "packages: write"
				case id == "deploy":
					want = "id-token: write"
				}
				assert.Equal(t, want, scope+": "+permission.Value.Value, "%s: %s", name, id)
			}
			for _, step := range job.Steps {
				if run, ok := step.Exec.(*actionlint.ExecRun); ok {
					// An expression is pasted into the script, and what it
					// prints is on a command line.
					assert.NotContains(t, run.Run.Value, "${{", "%s: %s", name, id)
				}
			}
		}
		assert.NotContains(t, workflow, "secrets.", name)
	}
}

func TestGitLabPipeline(t *testing.T) {
	type job struct {
		Extends, Stage, Image, Timeout, Environment string
		Script                                      []string
		Needs                                       []any
		Rules                                       []map[string]string
		Interruptible                               bool
		Variables                                   map[string]string
		Services                                    []struct{ Name, Alias string }
		ResourceGroup                               string                       `yaml:"resource_group"`
		IDTokens                                    map[string]map[string]string `yaml:"id_tokens"`
		Cache                                       struct {
			Key   struct{ Files []string }
			Paths []string
		}
		Artifacts struct {
			Paths    []string
			ExpireIn string `yaml:"expire_in"`
		}
	}
	for name, text := range pipelines(t, "gitlab") {
		var file struct {
			Workflow struct {
				AutoCancel map[string]string `yaml:"auto_cancel"`
				Rules      []map[string]string
			}
			Stages []string
			Go     job `yaml:".go"`

			Test, Build, Deploy job
		}
		decoder := yaml.NewDecoder(strings.NewReader(text))
		decoder.KnownFields(true)
		require.NoError(t, decoder.Decode(&file), name)
		assert.Equal(t, []string{".cache"}, file.Go.Cache.Paths)
		assert.Equal(t, "production", file.Deploy.ResourceGroup)
		for _, image := range []string{file.Go.Image, file.Deploy.Image} {
			assert.Regexp(t, `^[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}$`, image, name)
		}
		for _, j := range []job{file.Test, file.Build, file.Deploy} {
			require.NotEmpty(t, j.Script, name)
			assert.Contains(t, file.Stages, j.Stage)
		}
		assert.Equal(t, name != "container", len(file.Deploy.IDTokens) > 0, name)
		// A secret is only in commands of the shell itself: printf has no
		// command line that other processes can see.
		for _, line := range file.Deploy.Script {
			for _, command := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune("();|", r) }) {
				if strings.Contains(command, "PASSWORD") || strings.Contains(command, "AWS_TOKEN") {
					assert.Regexp(t, `^\s*printf `, command, name)
				}
			}
		}
	}
}
