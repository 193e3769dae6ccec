package generator

import (
	"encoding/json"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEditor checks that the settings are JSON, and that the patterns of the
// tasks match what fngen dev prints.
func TestEditor(t *testing.T) {
	plan, add, err := Editor(2345, nil)
	require.NoError(t, err)
	assert.Empty(t, add)
	require.Len(t, plan.Files, 2)
	var launch struct {
		Configurations []struct{ Name, PreLaunchTask string }
	}
	require.NoError(t, json.Unmarshal(plan.Files[0].Data, &launch))
	var tasks struct {
		Tasks []struct {
			Label          string
			ProblemMatcher any
		}
	}
	require.NoError(t, json.Unmarshal(plan.Files[1].Data, &tasks))
	labels := map[string]bool{}
	for _, task := range tasks.Tasks {
		labels[task.Label] = true
		matcher, ok := task.ProblemMatcher.(map[string]any)
		if !ok {
			continue
		}
		pattern := regexp.MustCompile(matcher["pattern"].(map[string]any)["regexp"].(string))
		assert.Equal(t, []string{"a/b.go", "7", "2", "undefined: x"}, pattern.FindStringSubmatch("a/b.go:7:2: undefined: x")[1:])
		end := regexp.MustCompile(matcher["background"].(map[string]any)["endsPattern"].(string))
		assert.Regexp(t, end, "ready in 0.41 s")
	}
	assert.True(t, labels[launch.Configurations[0].PreLaunchTask], labels)
}
