//go:build linux

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// orders is a function of a queue that fails for messages without an ID.
const orders = `package orders

import (
	"context"
	"errors"
	"log/slog"

	"example.com/app/api/src/lib/queue"
)

const Queue = "orders"

var Handler = queue.Each(handle)

type order struct {
	ID int ` + "`json:\"id\"`" + `
}

func handle(_ context.Context, m queue.Message[order]) error {
	if m.Body.ID == 0 {
		return errors.New("no id")
	}
	slog.Info("order", "id", m.Body.ID)
	return nil
}
`

// newEventsProject creates a project with a webhook, a schedule, a queue and
// functions of other services.
func newEventsProject(t *testing.T) string {
	dir := newModule(t)
	do(t, dir, "function", "payments", "--no-tests", "--webhook=stripe")
	do(t, dir, "function", "cleanup", "--no-tests", "--schedule=0 3 * * *")
	do(t, dir, "function", "orders", "--no-tests", "--queue")
	writeFile(t, dir, functions+"/orders/orders.go", orders)
	for _, kind := range []string{"s3", "sns", "eventbridge", "dynamodb", "kinesis"} {
		do(t, dir, "function", "on"+kind, "--no-tests", "--event="+kind)
	}
	writeFile(t, dir, "good.json", `{"id":1}`)
	writeFile(t, dir, "bad.json", `{"id":0}`)
	writeFile(t, dir, "tick.json", `{"schedule":"0 3 * * *","time":"2026-01-31T03:00:00Z","id":"x"}`)
	return dir
}

// TestInvokeEvents calls functions of all kinds, in the running fngen dev and
// without it.
func TestInvokeEvents(t *testing.T) {
	dir := newEventsProject(t)
	d := startDevIn(t, dir)
	port := d.url[strings.LastIndex(d.url, ":")+1:]
	for _, line := range []string{"cleanup  schedule 0 3 * * *", "orders  queue orders", "ons3  s3"} {
		assert.Contains(t, d.out.all(), "  "+line+"\n")
	}
	status, _ := get(t, d.url+"/orders")
	assert.Equal(t, 404, status, "it is not called over HTTP")

	for _, test := range []struct {
		args           string
		code           int
		stdout, stderr string // regular expressions
	}{
		{"cleanup", 0, `^$`, `^fngen: done, \d+ ms\n$`},
		{"cleanup --at 2026-01-31T03:00:00Z --json", 0, `^null\n$`, `done`},
		{"cleanup --event tick.json", 0, `^$`, `done`},
		{"orders --data @good.json --data {\"id\":2}", 0, `^$`, `^fngen: 0 of 2 failed, \d+ ms\n$`},
		{"orders -d @good.json -d @bad.json -d x", 1, `^\S+-000000000002\n\S+-000000000003\n$`, `^fngen: 2 of 3 failed, `},
		{"orders -d @good.json -d @bad.json --json", 1, `^{"batchItemFailures":\[{"itemIdentifier":"\S+-000000000002"}\]}\n$`, ``},
		{"orders -d @bad.json", 1, `^$`, `^fngen: the function failed: `},
		{"orders -d @bad.json --set id=3", 0, `^$`, `0 of 1 failed`},
		{"ons3", 0, `^$`, `^fngen: 0 of 1 failed, `},
		{"ons3 --sample s3/delete", 0, `^$`, ``},
		{"onsns -d {\"a\":1}", 0, `^$`, ``},
		{"onsns --sample sns/notification", 0, `^$`, ``},
		{"oneventbridge -d {\"a\":1}", 0, `^$`, `done`},
		{"ondynamodb --sample dynamodb/insert", 0, `^$`, ``},
		{"onkinesis -d {} -d {}", 0, `^$`, `0 of 2 failed`},

		{"ons3 --event tick.json", 1, `^$`, `^fngen: the function failed: .* S3, but the event is `},
		{"ons3 --sample s3/puts", 2, `^$`, `^fngen: --sample: unknown sample "puts" of s3, want one of delete, put\nhint: --sample=s3/put\n$`},
		{"ons3 -d x", 2, `^$`, `^fngen: --data: ons3 is a function of the kind s3\nhint: fngen invoke ons3 --sample s3/delete\n$`},
		{"orders --method GET", 2, `^$`, `^fngen: --method: orders is a function of the kind queue\nhint: fngen invoke orders --data @message.json\n$`},
		{"orders --at 2026-01-31T03:00:00Z", 2, `^$`, `^fngen: --at: `},
		{"payments --at 2026-01-31T03:00:00Z", 2, `^$`, `^fngen: --at: payments has no schedule\n`},
		{"payments -d a -d b", 2, `^$`, `^fngen: --data: a request has one body\n`},
		{"cleanup --at tomorrow", 2, `^$`, `^fngen: --at: "tomorrow" is not a time, want one such as 2026-01-31T03:00:00Z\n`},
	} {
		t.Run(test.args, func(t *testing.T) {
			p := command(dir, append([]string{"invoke", "--port", port}, strings.Fields(test.args)...)...)
			assert.Equal(t, test.code, p.run(t))
			assert.Regexp(t, test.stdout, p.stdout.String())
			assert.Regexp(t, test.stderr, p.stderr.String())
		})
	}
	assert.Contains(t, d.out.all(), "EVENT  orders  200 failed  ")
	assert.Contains(t, d.err.all(), "no id")
	d.interrupt(t)

	p, screen := goProcess(dir, "invoke", "orders", "--port", port, "-d", "@good.json", "-d", "@bad.json")
	assert.Equal(t, 1, p.run(t), screen.all())
	assert.Regexp(t, regexp.MustCompile(`(?m)^\S+-000000000002$`), screen.all())
	temporary, err := filepath.Glob(filepath.Join(os.TempDir(), "fngen-invoke-*"))
	require.NoError(t, err)
	assert.Empty(t, temporary)
}
