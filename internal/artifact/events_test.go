package artifact_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/project"
)

// eventFunctions returns a function of each kind.
func eventFunctions() []project.Function {
	return []project.Function{
		{Name: "alerts", Kind: generator.KindSNS},
		{Name: "audit", Kind: generator.KindEventBridge},
		{Name: "changes", Kind: generator.KindDynamoDB},
		{Name: "checkout", Kind: generator.KindHTTP},
		{Name: "cleanup", Kind: generator.KindSchedule, Schedule: "CRON_TZ=Europe/Berlin 0 3 * * 1-5"},
		{Name: "clicks", Kind: generator.KindKinesis},
		{Name: "orders", Kind: generator.KindQueue, Queue: "orders"},
		{Name: "payments", Kind: generator.KindQueue, Queue: "payments.fifo"},
		{Name: "thumbs", Kind: generator.KindS3},
	}
}

// eventStack returns a stack of functions with the settings of a fngen.toml.
func eventStack(t *testing.T, settings string, functions []project.Function) artifact.Stack {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/shop\n"), 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "fngen.toml"), []byte(settings), 0o666))
	p, err := project.Open(dir, project.Options{Env: func(string) string { return "" }})
	require.NoError(t, err)
	defer p.Close()
	lambdas, err := p.Lambda(functions, nil)
	require.NoError(t, err)
	s := artifact.Stack{Module: "example.com/shop"}
	for _, f := range functions {
		s.Functions = append(s.Functions, artifact.Function{
			Name: f.Name, Kind: f.Kind, Schedule: f.Schedule, Queue: f.Queue, Lambda: lambdas[f.Name],
		})
	}
	return s
}

// An eventExample is an example of docs/aws-events.md: settings, and a partial
// template beside them or nil.
type eventExample struct {
	name           string
	settings       string
	stack          artifact.Stack // of the functions that the settings name
	text, template []byte
}

// eventExamples returns the examples, and one without settings.
func eventExamples(t *testing.T) []eventExample {
	t.Helper()
	files, err := filepath.Glob("testdata/events/*.toml")
	require.NoError(t, err)
	require.Len(t, files, 9)
	examples := []eventExample{{name: "defaults", stack: eventStack(t, "", eventFunctions())}}
	for _, file := range files {
		settings, err := os.ReadFile(file)
		require.NoError(t, err)
		text, err := os.ReadFile(strings.TrimSuffix(file, ".toml") + ".yaml")
		if !errors.Is(err, fs.ErrNotExist) {
			require.NoError(t, err)
		}
		functions := slices.DeleteFunc(eventFunctions(), func(f project.Function) bool {
			return !strings.Contains(string(settings), "[functions."+f.Name+"]")
		})
		examples = append(examples, eventExample{
			name:     strings.TrimSuffix(filepath.Base(file), ".toml"),
			settings: string(settings),
			stack:    eventStack(t, string(settings), functions),
			text:     text,
		})
	}
	for i, e := range examples {
		examples[i].template, err = artifact.Merge(newTemplate(t, e.stack), e.name+".yaml", e.text)
		require.NoError(t, err)
	}
	return examples
}

func TestEventTemplates(t *testing.T) {
	for _, e := range eventExamples(t) {
		t.Run(e.name, func(t *testing.T) {
			golden := filepath.Join("testdata/events/golden", e.name+".yaml")
			if *update {
				require.NoError(t, os.WriteFile(golden, e.template, 0o666))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			assert.Equal(t, string(want), string(e.template), "rewrite testdata with -update")
		})
	}
}

// writeTemplates writes the templates of the examples, and the zip files that
// cfn-lint looks for.
func writeTemplates(t *testing.T) (files []string) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range eventFunctions() {
		require.NoError(t, os.WriteFile(filepath.Join(dir, artifact.ZipFile(f.Name)), nil, 0o666))
	}
	for _, e := range eventExamples(t) {
		file := filepath.Join(dir, e.name+".yaml")
		require.NoError(t, os.WriteFile(file, e.template, 0o666))
		files = append(files, file)
	}
	return files
}

func TestEventTemplatesLint(t *testing.T) {
	program, err := exec.LookPath("cfn-lint")
	if err != nil {
		t.Skip("cfn-lint is not installed")
	}
	out, err := exec.Command(program, writeTemplates(t)...).CombinedOutput()
	assert.NoError(t, err, "%s", out)
}

// AWS SAM makes as many resources of the templates as Check counts, and lets no
// function have more than its own source.
func TestEventTemplatesTranslated(t *testing.T) {
	const probe = "import cfnlint, samtranslator"
	if err := exec.Command("python3", "-c", probe).Run(); err != nil {
		t.Skip("Python has no cfn-lint and aws-sam-translator")
	}
	command := exec.Command("python3", append([]string{"testdata/translate.py"}, writeTemplates(t)...)...)
	command.Env = append(os.Environ(), "AWS_DEFAULT_REGION=eu-west-1")
	out, err := command.Output()
	require.NoError(t, err)
	var translated []struct {
		Resources map[string]struct {
			Type       string
			Properties map[string]any
		}
	}
	require.NoError(t, json.Unmarshal(out, &translated))
	for i, e := range eventExamples(t) {
		t.Run(e.name, func(t *testing.T) {
			resources := translated[i].Resources
			var partial map[string]map[string]any
			require.NoError(t, yaml.Unmarshal(e.text, &partial))
			assert.Len(t, resources, e.stack.Resources()+len(partial["Resources"]))
			for id, r := range resources {
				if r.Type != "AWS::IAM::Role" {
					continue
				}
				for _, policy := range list(r.Properties["ManagedPolicyArns"]) {
					assert.Contains(t, policy, "AWSLambdaBasicExecutionRole", id)
				}
				for _, policy := range list(r.Properties["Policies"]) {
					checkStatements(t, id, policy.(map[string]any)["PolicyDocument"].(map[string]any))
				}
			}
		})
	}
}

func list(value any) []any {
	l, _ := value.([]any)
	return l
}

// checkStatements checks that a policy allows what it allows for one resource.
func checkStatements(t *testing.T, id string, document map[string]any) {
	t.Helper()
	statements := list(document["Statement"])
	if statements == nil {
		statements = []any{document["Statement"]}
	}
	for _, s := range statements {
		statement := s.(map[string]any)
		if actions := list(statement["Action"]); len(actions) == 1 && actions[0] == "dynamodb:ListStreams" {
			continue
		}
		assert.NotEqual(t, "*", statement["Resource"], "%s: %v", id, statement)
		actions, err := json.Marshal(statement["Action"])
		require.NoError(t, err)
		assert.NotContains(t, string(actions), ":*", id)
	}
}

// The page shows each example as it is tested.
func TestEventExamplesAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/aws-events.md")
	require.NoError(t, err)
	templates := 0
	for _, e := range eventExamples(t)[1:] {
		assert.Contains(t, string(page), "```toml\n"+e.settings+"```\n", e.name)
		if e.text != nil {
			assert.Contains(t, string(page), "```yaml\n"+string(e.text)+"```\n", e.name)
			templates++
		}
	}
	assert.Equal(t, templates, strings.Count(string(page), "```yaml\n"))
}

func TestEventErrors(t *testing.T) {
	for _, test := range []struct {
		name      string
		functions []project.Function
		want      string
	}{
		{
			"schedule", []project.Function{{Name: "a", Kind: generator.KindSchedule, Schedule: "0 3 1 * 1"}},
			`function a: both the day of the month and the day of the week are set`,
		},
		{
			"two functions of a queue", []project.Function{
				{Name: "a", Kind: generator.KindQueue, Queue: "orders"}, {Name: "b", Kind: generator.KindQueue, Queue: "orders"},
			},
			"the functions a and b both receive the messages of the queue orders",
		},
		{"kind", []project.Function{{Name: "a", Kind: "smtp"}}, `function a: unknown kind "smtp"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := eventStack(t, "", test.functions)
			_, err := artifact.Template(s)
			assert.ErrorContains(t, err, test.want)
			assert.ErrorContains(t, s.Check(), test.want)
		})
	}
}

// A secret does not become a parameter with the ID of what calls a function.
func TestEventIDsAreUnique(t *testing.T) {
	s := eventStack(t, "", eventFunctions())
	s.Secrets = []string{
		"ORDERS_QUEUE", "ORDERS_QUEUE_DEAD_LETTERS", "ORDERS_FUNCTION_EVENTS", "THUMBS_FUNCTION_BUCKET",
		"CLEANUP_FUNCTION_SCHEDULE", "CLEANUP_FUNCTION_SCHEDULE_ROLE", "ALERTS_FUNCTION_EVENT",
	}
	var template map[string]any
	require.NoError(t, yaml.Unmarshal(newTemplate(t, s), &template))
	parameters := template["Parameters"].(map[string]any)
	assert.Len(t, parameters, len(s.Secrets)+5)
	for id := range parameters {
		assert.NotContains(t, template["Resources"], id)
	}
	assert.Contains(t, parameters, "CleanupFunctionSchedule2")
}
