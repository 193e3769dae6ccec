package artifact_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	batchv1 "k8s.io/api/batch/v1"
	kubernetes "sigs.k8s.io/yaml"

	"github.com/fngen/fngen/generator"
	"github.com/fngen/fngen/internal/artifact"
	"github.com/fngen/fngen/internal/project"
)

// jobFiles returns the files of a container with functions of all kinds.
func jobFiles(t *testing.T, functions []project.Function) map[string][]byte {
	t.Helper()
	files, err := artifact.Container{Name: "shop", Architectures: []string{"amd64"}, Functions: functions}.Files()
	require.NoError(t, err)
	return files
}

func TestJobFiles(t *testing.T) {
	files := jobFiles(t, append(eventFunctions(),
		project.Function{Name: "nightly/poll", Kind: generator.KindSchedule, Schedule: "@every 5m"}))
	for _, name := range []string{"cronjobs.yaml", "knative-events.yaml"} {
		golden := filepath.Join("testdata/jobs", name)
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(golden), 0o777))
			require.NoError(t, os.WriteFile(golden, files[name], 0o666))
		}
		want, err := os.ReadFile(golden)
		require.NoError(t, err)
		assert.Equal(t, string(want), string(files[name]), "rewrite testdata with -update")
	}
}

// The other files are those of a project without such functions, which does not
// have these files.
func TestJobFilesAreFilesOfTheirOwn(t *testing.T) {
	http := []project.Function{{Name: "checkout", Kind: generator.KindHTTP}}
	without, with := jobFiles(t, http), jobFiles(t, eventFunctions())
	assert.Len(t, without, 4)
	for name, text := range without {
		assert.Equal(t, string(text), string(with[name]), name)
	}
	assert.Len(t, with, len(without)+2)
	queue := jobFiles(t, append(http, project.Function{Name: "orders", Kind: generator.KindQueue}))
	assert.NotContains(t, queue, "cronjobs.yaml")
	assert.NotContains(t, string(queue["knative-events.yaml"]), "PingSource")
}

// A document of YAML is a map, since its fields depend on its kind.
func documents(t *testing.T, text []byte) []map[string]any {
	t.Helper()
	var all []map[string]any
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var document map[string]any
		err := d.Decode(&document)
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all = append(all, document)
	}
}

// at returns the value at a path of keys, such as spec.schedule.
func at(value any, path string) any {
	for key := range strings.SplitSeq(path, ".") {
		if list, ok := value.([]any); ok {
			value = list[0]
		}
		value = value.(map[string]any)[key]
	}
	return value
}

func TestCronJobs(t *testing.T) {
	files := jobFiles(t, eventFunctions())
	all := documents(t, files["cronjobs.yaml"])
	require.Len(t, all, 1)
	job := all[0]
	_, document, _ := strings.Cut(string(files["cronjobs.yaml"]), "\n---\n")
	var typed batchv1.CronJob // a field that the API does not have is an error
	require.NoError(t, kubernetes.UnmarshalStrict([]byte(document), &typed))
	assert.Equal(t, batchv1.ForbidConcurrent, typed.Spec.ConcurrencyPolicy)
	assert.Equal(t, "Europe/Berlin", *typed.Spec.TimeZone)
	assert.Equal(t, "batch/v1 CronJob", job["apiVersion"].(string)+" "+job["kind"].(string))
	assert.Equal(t, "shop-cleanup", at(job, "metadata.name"))
	assert.Equal(t, "0 3 * * 1-5", at(job, "spec.schedule"))
	assert.Equal(t, "Europe/Berlin", at(job, "spec.timeZone"))
	assert.Equal(t, "Forbid", at(job, "spec.concurrencyPolicy"))
	const pod = "spec.jobTemplate.spec.template."
	assert.Equal(t, "Never", at(job, pod+"spec.restartPolicy"))
	assert.Equal(t, []any{"-run", "cleanup", "-job", "$(JOB_NAME)"}, at(job, pod+"spec.containers.args"))

	// It has what the Deployment has, but for its ports.
	deployment := documents(t, files["kubernetes.yaml"])[0]
	for _, path := range []string{
		"spec.containers.image", "spec.containers.envFrom", "spec.containers.resources", "spec.containers.securityContext",
		"spec.containers.volumeMounts", "spec.volumes", "spec.securityContext", "spec.automountServiceAccountToken",
		"spec.terminationGracePeriodSeconds",
	} {
		assert.Equal(t, at(deployment, "spec.template."+path), at(job, pod+path), path)
	}
	// The Service must not send requests to it.
	service := documents(t, files["kubernetes.yaml"])[1]
	assert.NotEqual(t, at(service, "spec.selector").(map[string]any)["app.kubernetes.io/name"],
		at(job, pod+"metadata.labels").(map[string]any)["app.kubernetes.io/name"])
}

func TestKnativeEvents(t *testing.T) {
	files := jobFiles(t, eventFunctions())
	all := documents(t, files["knative-events.yaml"])
	require.Len(t, all, 9)
	service := all[0]
	assert.Equal(t, "cluster-local", at(service, "metadata.labels").(map[string]any)["networking.knative.dev/visibility"])
	assert.Equal(t, []any{"-events"}, at(service, "spec.template.spec.containers.args"))
	public := documents(t, files["knative.yaml"])[0]
	delete(at(service, "spec.template.spec.containers").([]any)[0].(map[string]any), "args")
	assert.Equal(t, public["spec"], service["spec"], "but for its arguments, it is the public service")

	kinds := map[string][]any{}
	for _, document := range all[1:] {
		sink := "spec.subscriber"
		if document["kind"] == "PingSource" {
			sink = "spec.sink"
			assert.Equal(t, "0 3 * * 1-5", at(document, "spec.schedule"))
			assert.Equal(t, "Europe/Berlin", at(document, "spec.timezone"))
		}
		assert.Equal(t, at(service, "metadata.name"), at(document, sink+".ref.name"))
		kind := document["kind"].(string)
		kinds[kind] = append(kinds[kind], at(document, sink+".uri"))
	}
	assert.Equal(t, map[string][]any{
		"PingSource": {"/_events/cleanup"},
		"Trigger": {
			"/_events/alerts", "/_events/audit", "/_events/changes", "/_events/clicks", "/_events/orders", "/_events/payments",
			"/_events/thumbs",
		},
	}, kinds)
}

func TestJobSchedules(t *testing.T) {
	container := func(expression string) artifact.Container {
		return artifact.Container{Name: "shop", Functions: []project.Function{
			{Name: "cleanup", Kind: generator.KindSchedule, Schedule: expression},
		}}
	}
	for expression, want := range map[string]string{
		"0 3 * * *":                          "0 3 * * * UTC",
		"0 0 13 * FRI":                       "0 0 13 * FRI UTC",
		"@daily":                             "@daily UTC",
		"CRON_TZ=Asia/Tokyo  */5 9-17 * * *": "*/5 9-17 * * * Asia/Tokyo",
		"@every 1m":                          "* * * * * UTC",
		"@every 5m":                          "*/5 * * * * UTC",
		"@every 30m":                         "*/30 * * * * UTC",
		"@every 1h":                          "0 * * * * UTC",
		"@every 6h":                          "0 */6 * * * UTC",
		"@every 24h":                         "0 0 * * * UTC",
		"CRON_TZ=Asia/Tokyo @every 15m":      "*/15 * * * * UTC",
	} {
		c := container(expression)
		got := c.Jobs()
		require.Empty(t, c.Unsupported(), expression)
		assert.Equal(t, want, got[0].Schedule+" "+got[0].TimeZone, expression)
	}
	for expression, want := range map[string]string{
		"@every 7m":  "divides neither an hour nor a day",
		"@every 90m": "divides neither an hour nor a day",
		"@every 5h":  "divides neither an hour nor a day",
		"@every 48h": "divides neither an hour nor a day",
		"0 0 ? * *":  "not supported",
	} {
		c := container(expression)
		assert.Empty(t, c.Jobs())
		require.Len(t, c.Unsupported(), 1)
		assert.ErrorContains(t, c.Unsupported()[0], "no CronJob runs cleanup: ", expression)
		assert.ErrorContains(t, c.Unsupported()[0], want, expression)
	}
}

func TestJobNames(t *testing.T) {
	long := strings.Repeat("a", 63)
	names := map[string]bool{}
	for _, test := range []struct{ app, function, want string }{
		{"shop", "cleanup", "shop-cleanup"},
		{"shop", "updateOrder", "shop-update-order"},
		{"shop", "slack/updateOrder", "shop-slack--update-order"},
		{"shop", "slack-updateOrder", "shop-slack-update-order-8a897867"},
		{"shop", "slackUpdateOrder", "shop-slack-update-order"},
		{"shop", "slack_updateOrder", ""},
		{"shop", "s3Thumbs", ""},
		{"shop", long, ""},
		{"shop", long + "a", ""},
		{long, "cleanup", ""},
		{long, "orders", ""},
	} {
		got := artifact.Container{Name: test.app, Functions: []project.Function{
			{Name: test.function, Kind: generator.KindQueue},
		}}.Triggers()[0].Name
		assert.Regexp(t, "^[a-z]([a-z0-9-]{0,50}[a-z0-9])$", got)
		assert.False(t, names[got], got)
		names[got] = true
		if test.want != "" {
			assert.Equal(t, test.want, got)
		}
	}
}

// The page shows the beginning of the CronJob.
func TestCronJobIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/containers.md")
	require.NoError(t, err)
	_, block, ok := strings.Cut(string(page), "```yaml\napiVersion: batch/v1\n")
	require.True(t, ok)
	block, _, _ = strings.Cut(block, "```\n")
	text := string(jobFiles(t, eventFunctions())["cronjobs.yaml"])
	for line := range strings.Lines(block) {
		assert.Contains(t, text, line)
	}
}

func TestUnscheduled(t *testing.T) {
	c := artifact.Container{Name: "shop", Architectures: []string{"amd64"}, Functions: eventFunctions()}
	files, err := c.Files()
	require.NoError(t, err)
	job := string(files["cronjobs.yaml"])
	missing := []artifact.Missing{{Function: "cleanup", What: "the CronJob"}}
	for name, test := range map[string]struct {
		manifest           string
		missing, different []artifact.Missing
	}{
		"generated":    {manifest: job},
		"no CronJob":   {manifest: "kind: Deployment\n---\n[a]\n"},
		"other":        {strings.ReplaceAll(job, `"cleanup"`, `"cleanups"`), missing, nil},
		"equals sign":  {manifest: strings.ReplaceAll(job, `"-run", "cleanup"`, `-run=cleanup`)},
		"command":      {manifest: strings.ReplaceAll(job, `args: ["-run", "cleanup"`, `command: [/server, --run, cleanup`)},
		"without name": {strings.ReplaceAll(job, `"-run", "cleanup", "-job", "$(JOB_NAME)"`, `-run`), missing, nil},
		"schedule": {
			strings.ReplaceAll(job, "0 3 * * 1-5", "0 4 * * *"), nil,
			[]artifact.Missing{{Function: "cleanup", What: "0 4 * * * Europe/Berlin"}},
		},
		"time zone": {
			strings.ReplaceAll(job, "  timeZone: Europe/Berlin\n", ""), nil,
			[]artifact.Missing{{Function: "cleanup", What: "0 3 * * 1-5"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			file, missing, different, err := c.Unscheduled(map[string][]byte{"jobs.yaml": []byte(test.manifest)})
			require.NoError(t, err)
			if strings.Contains(test.manifest, "CronJob") {
				assert.Equal(t, "jobs.yaml", file)
			}
			assert.Equal(t, test.missing, missing)
			assert.Equal(t, test.different, different)
		})
	}
	_, _, _, err = c.Unscheduled(map[string][]byte{"jobs.yaml": []byte("kind: CronJob\nspec: [")})
	assert.ErrorContains(t, err, "jobs.yaml: yaml: line 2")
}
