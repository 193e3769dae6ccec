package build

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/project"
)

// kinds has a function of each kind, and a package schedule in place of the
// support package.
func kinds() map[string]string {
	imports := "\n\nimport (\n\t\"context\"\n\n\t\"github.com/aws/aws-lambda-go/events\"\n)\n\n"
	takes := func(event string) string {
		return imports + "func Handler(context.Context, events." + event + ") error { return nil }\n"
	}
	returns := func(event, response string) string {
		return imports + "func Handler(context.Context, events." + event + ") (r events." + response + ", err error) { return }\n"
	}
	return map[string]string{
		"api/src/lib/schedule/schedule.go": `package schedule

import "time"

type Tick struct{ Time time.Time }

type Schedule struct{}

func Parse(string) (Schedule, error) { return Schedule{}, nil }

func (Schedule) Next(t time.Time) time.Time { return t.Add(time.Hour) }
`,
		"hook": valid,
		"cleanup": `

import (
	"context"

	"example.com/golden/api/src/lib/schedule"
)

const Schedule = "0 3 * * *"

func Handler(_ context.Context, tick schedule.Tick) error {
	println("cleanup at", tick.Time.Format("15:04"))
	return nil
}

func Shutdown(context.Context) error { return nil }
`,
		"schedule": takes("SNSEvent"),
		"all":      returns("SQSEvent", "SQSEventResponse") + "\nconst Queue = \"all\"\n",
		"each":     imports + "var Handler = func(context.Context, events.SQSEvent) error { return nil }\n\nconst Queue = \"each\"\n",
		"s3":       takes("S3Event"),
		"bus":      takes("EventBridgeEvent"),
		"table":    returns("DynamoDBEvent", "DynamoDBEventResponse"),
		"kinesis":  returns("KinesisEvent", "KinesisEventResponse"),
	}
}

func TestBuildKinds(t *testing.T) {
	files := kinds()
	dir := newDir(t, files)
	var notes []string

	p := open(t, dir, project.Options{})
	report, err := Build(context.Background(), p, filepath.Join(dir, "dist"), newOptions(Server, &notes))
	require.NoError(t, err)
	require.NoError(t, report.Err())
	cmd := exec.Command(filepath.Join(dir, "dist", report.Programs[0].Path), "-run", "cleanup", "-at", "2026-01-31T03:00:00Z")
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Equal(t, "cleanup at 03:00\n", string(output))

	p = open(t, dir, ProjectOptions(Lambda, "", nil))
	report, err = Build(context.Background(), p, filepath.Join(dir, "lambda"), newOptions(Lambda, &notes))
	require.NoError(t, err)
	require.NoError(t, report.Err())
	assert.Len(t, report.Functions, len(files)-1)
}

// The main packages that Emit writes compile, with a lease too.
func TestEmitKinds(t *testing.T) {
	files := kinds()
	files["api/src/lib/lease/lease.go"] = `package lease

import (
	"context"
	"time"
)

func Run(ctx context.Context, _ string, _ time.Time, run func(context.Context)) (bool, error) {
	run(ctx)
	return true, nil
}
`
	dir := newDir(t, files)
	for target, sub := range map[Target]string{Server: "cmd", Lambda: "lambda"} {
		var notes []string
		_, err := Emit(context.Background(), open(t, dir, project.Options{}), filepath.Join(dir, sub), newOptions(target, &notes))
		require.NoError(t, err)
	}
	main, err := os.ReadFile(filepath.Join(dir, "cmd/server/main.go"))
	require.NoError(t, err)
	assert.Contains(t, string(main), "lease.Run")
	cmd := exec.Command("go", "vet", "./cmd/server", "./lambda/...")
	cmd.Dir = dir
	output, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", output)
}

// An error about a handler of any kind is reported where it is declared.
func TestBuildKindsFailed(t *testing.T) {
	dir := newDir(t, map[string]string{
		"cleanup": "\n\nconst Schedule = \"0 3 * * *\"\n\nfunc Handler() {}\n",
		"orders":  "\n\nconst Queue = \"orders\"\n\nvar Handler = 3\n",

		"api/src/lib/schedule/schedule.go": kinds()["api/src/lib/schedule/schedule.go"],
	})
	var notes []string
	p := open(t, dir, project.Options{})
	report, err := Build(context.Background(), p, filepath.Join(dir, "dist"), newOptions(Server, &notes))
	require.NoError(t, err)
	assert.Equal(t, []Failure{
		{Function: "cleanup", Errors: []string{
			"api/src/functions/cleanup/cleanup.go:5: Handler has type func(), want func(context.Context, schedule.Tick) error",
		}},
		{Function: "orders", Errors: []string{
			"api/src/functions/orders/orders.go:5: Handler has type int, " +
				"want func(context.Context, events.SQSEvent) (events.SQSEventResponse, error)",
		}},
	}, report.Failed)
}
