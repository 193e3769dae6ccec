//go:build linux

package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/internal/lambdaruntime"
	"github.com/fngen/fngen/internal/pgserver"
	"github.com/fngen/fngen/templates/lib/db"
)

// jobFunctions are functions of all kinds that write what they do into the table
// work. orders handles each message once.
var jobFunctions = map[string]string{
	"cleanup/cleanup.go": `package cleanup

import (
	"context"
	"time"

	"example.com/app/api/src/work"
	"example.com/app/api/src/lib/schedule"
)

const Schedule = "@every 1m"

func Handler(ctx context.Context, tick schedule.Tick) error {
	if err := work.Add(ctx, "start "+tick.ID); err != nil {
		return err
	}
	select {
	case <-time.After(400 * time.Millisecond):
	case <-ctx.Done():
		return ctx.Err()
	}
	return work.Add(ctx, "end "+tick.ID)
}
`,
	"orders/orders.go": `package orders

import (
	"context"
	"time"

	"example.com/app/api/src/work"
	"example.com/app/api/src/lib/inbox"
	"example.com/app/api/src/lib/queue"
)

const Queue = "orders"

var Handler = queue.Each(queue.Once(inbox.Inbox{Function: "orders", InTx: true}, handle))

func handle(ctx context.Context, m queue.Message[string]) error {
	if err := work.Add(ctx, "order "+m.ID); err != nil {
		return err
	}
	time.Sleep(time.Millisecond)
	return work.Add(ctx, "sent "+m.ID)
}
`,
	"thumbs/thumbs.go": `package thumbs

import (
	"context"

	"github.com/aws/aws-lambda-go/events"

	"example.com/app/api/src/work"
)

func Handler(ctx context.Context, event events.S3Event) error {
	for _, record := range event.Records {
		object := record.S3.Object
		if err := work.Add(ctx, record.EventName+" "+record.S3.Bucket.Name+" "+object.URLDecodedKey); err != nil {
			return err
		}
	}
	return nil
}
`,
	"../work/work.go": `// Package work records what functions do.
package work

import (
	"context"

	"example.com/app/api/src/lib/db"
)

func Add(ctx context.Context, what string) error {
	_, err := db.From(ctx).NewRaw("INSERT INTO work (what) VALUES (?)", what).Exec(ctx)
	return err
}
`,
}

// newJobs creates a project with functions of all kinds and applies its
// migrations.
func newJobs(t *testing.T, databaseURL string) (dir string) {
	t.Helper()
	dir = newModule(t)
	writeFile(t, dir, "go.mod", "module example.com/app\n\ngo 1.25.0\n")
	do := func(args ...string) {
		p := command(dir, args...)
		p.Env = append(p.Env, "HOME="+os.Getenv("HOME"), "GOFLAGS=-mod=mod -trimpath", "DATABASE_URL="+databaseURL)
		require.Zero(t, p.run(t), "%v: %s", args, p.stderr.String())
	}
	do("function", "hook", "--webhook=github")
	do("function", "cleanup", "--schedule=@every 1m", "--no-tests")
	do("function", "orders", "--queue", "--no-tests")
	do("function", "thumbs", "--event=s3", "--no-tests")
	do("add", "inbox", "lease", "queue/once")
	for name, text := range jobFunctions {
		writeFile(t, dir, path.Join(functions, name), text)
	}
	writeFile(t, dir, "api/db/migrations/20261126000000_work.sql",
		"-- +goose Up\nCREATE TABLE work (what TEXT NOT NULL);\n\n-- +goose Down\nDROP TABLE work;\n")
	do("db", "migrate")
	return dir
}

// buildJobs builds the project for a target.
func buildJobs(t *testing.T, dir string, args ...string) {
	t.Helper()
	p := command(dir, append([]string{"build"}, args...)...)
	p.Env = append(p.Env, "HOME="+os.Getenv("HOME"))
	require.Zero(t, p.run(t), p.stderr.String())
}

// databases runs test with SQLite and PostgreSQL, of which each gets its URL.
func databases(t *testing.T, test func(t *testing.T, databaseURL string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, "file:"+filepath.Join(t.TempDir(), "work.db")) })
	t.Run("postgres", func(t *testing.T) {
		server, err := pgserver.Start()
		pgserver.Skip(t, err)
		t.Cleanup(func() { assert.NoError(t, server.Stop()) })
		test(t, server.URL("postgres"))
	})
}

// worked returns how often the functions did what.
func worked(t *testing.T, databaseURL string) map[string]int {
	t.Helper()
	d, err := db.Open(databaseURL)
	require.NoError(t, err)
	defer d.Close()
	var all []string
	require.NoError(t, d.NewRaw("SELECT what FROM work").Scan(t.Context(), &all))
	counts := map[string]int{}
	for _, what := range all {
		counts[what]++
	}
	return counts
}

// awsSample returns an event that AWS sent, from the tests of aws-lambda-go.
func awsSample(t *testing.T, name string) []byte {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-lambda-go").Output()
	require.NoError(t, err)
	data, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "events/testdata", name))
	require.NoError(t, err)
	return data
}

// TestJobsOnLambda runs one project with a webhook, a schedule, a queue and an S3
// event on Lambda, with events as AWS sends them.
func TestJobsOnLambda(t *testing.T) {
	databaseURL := "file:" + filepath.Join(t.TempDir(), "work.db")
	dir := newJobs(t, databaseURL)
	buildJobs(t, dir, "--arch="+runtime.GOARCH)
	invoke := func(function string, event []byte) (string, error) {
		r, err := lambdaruntime.Start(lambdaruntime.Function{
			Command: []string{filepath.Join(dir, "dist", function, "bootstrap")},
			Env:     []string{"DATABASE_URL=" + databaseURL, "GITHUB_WEBHOOK_SECRET=s"},
		})
		require.NoError(t, err)
		defer r.Close()
		out, err := r.Invoke(t.Context(), event)
		return string(out), err
	}

	body := `{"zen":"Keep it logically awesome."}`
	out, err := invoke("hook", fmt.Appendf(nil, `{"version":"2.0","rawPath":"/hook","headers":{"x-hub-signature-256":%q,`+
		`"x-github-delivery":"1"},"requestContext":{"http":{"method":"POST"}},"body":%q}`, githubSignature(body), body))
	require.NoError(t, err)
	assert.Contains(t, out, `"statusCode":200`)

	sqs := awsSample(t, "sqs-event.json")
	for range 2 { // a queue can deliver a message again
		out, err = invoke("orders", sqs)
		require.NoError(t, err)
		assert.JSONEq(t, `{"batchItemFailures":[]}`, out)
	}
	out, err = invoke("cleanup", []byte(`{"schedule":"@every 1m","time":"2021-11-12T00:00:00Z","id":"e1"}`))
	require.NoError(t, err)
	assert.Equal(t, "null", out)
	_, err = invoke("thumbs", awsSample(t, "s3-event.json"))
	require.NoError(t, err)
	_, err = invoke("thumbs", []byte(`{"source":"aws.s3","detail-type":"Object Created","detail":{"reason":"PutObject",`+
		`"bucket":{"name":"photos"},"object":{"key":"a b/ü+1%.jpg"}}}`))
	require.NoError(t, err)

	var failed *lambdaruntime.FunctionError
	for function, handles := range map[string]string{
		"hook": "HTTP requests", "cleanup": "runs of a schedule", "thumbs": "events of Amazon S3",
	} {
		_, err = invoke(function, sqs)
		require.ErrorAs(t, err, &failed)
		assert.Equal(t, "fngen: the function handles "+handles+", but the event is from Amazon SQS (aws:sqs)", failed.Message)
	}
	assert.Equal(t, map[string]int{
		"start e1": 1, "end e1": 1,
		"order MessageID_1": 1, "sent MessageID_1": 1,
		"ObjectCreated:Put sourcebucket Happy Face.jpg": 1,
		"ObjectCreated:Put photos a b/ü+1%.jpg":         1,
	}, worked(t, databaseURL))
}

func githubSignature(body string) string {
	mac := hmac.New(sha256.New, []byte("s"))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// A jobServer is a server of a project with functions of all kinds.
type jobServer struct {
	*exec.Cmd
	log *screen
	url string
}

func startJobServer(t *testing.T, dir, databaseURL string, args ...string) *jobServer {
	t.Helper()
	s := &jobServer{
		Cmd: exec.Command(filepath.Join(dir, "dist/server"), append([]string{"-port=0"}, args...)...), log: &screen{},
	}
	s.Env = []string{"DATABASE_URL=" + databaseURL, "GITHUB_WEBHOOK_SECRET=s"}
	s.Stdout, s.Stderr = s.log, s.log
	require.NoError(t, s.Start())
	t.Cleanup(func() {
		_ = s.Process.Kill()
		_ = s.Wait()
	})
	s.log.wait(t, "listening on http")
	s.url = listening.FindStringSubmatch(s.log.all())[1]
	return s
}

// post sends a request and returns the status of the response.
func (s *jobServer) post(t *testing.T, path, body string, header map[string]string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+path, strings.NewReader(body))
	require.NoError(t, err)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	_, _ = io.Copy(io.Discard, response.Body)
	response.Body.Close()
	return response.StatusCode
}

// TestJobsServer runs the same functions in a server.
func TestJobsServer(t *testing.T) {
	t.Parallel() // it waits for the next minute
	databaseURL := "file:" + filepath.Join(t.TempDir(), "work.db")
	dir := newJobs(t, databaseURL)
	buildJobs(t, dir, "--target=server")
	event := map[string]string{
		"Ce-Specversion": "1.0", "Ce-Id": "m1", "Ce-Source": "test", "Ce-Type": "order.placed", "Content-Type": "text/plain",
	}
	plain := startJobServer(t, dir, databaseURL)
	assert.Equal(t, 404, plain.post(t, "/_events/orders", "x", event), "off unless -events is set")
	assert.Equal(t, 404, plain.post(t, "/cleanup", "", nil))
	assert.Equal(t, 404, plain.post(t, "/2015-03-31/functions/orders/invocations", "{}", nil), "only in development")

	s := startJobServer(t, dir, databaseURL, "-schedules", "-events")
	assert.Equal(t, 200, s.post(t, "/hook", "{}", map[string]string{
		"X-Hub-Signature-256": githubSignature("{}"), "X-Github-Delivery": "1",
	}))
	assert.Equal(t, 404, s.post(t, "/orders", "x", nil))
	for range 2 {
		assert.Equal(t, 204, s.post(t, "/_events/orders", "x", event))
	}
	assert.Equal(t, 400, s.post(t, "/_events/thumbs", "x", event))
	assert.Equal(t, 204, s.post(t, "/_events/thumbs", string(awsSample(t, "s3-event.json")), event))
	require.Eventually(t, func() bool {
		return len(worked(t, databaseURL)) > 3 // a run has started
	}, 70*time.Second, 20*time.Millisecond, "a minute must bring a run")

	// The run has the drain timeout to end.
	require.NoError(t, s.Process.Signal(syscall.SIGTERM))
	require.NoError(t, s.Wait(), s.log)
	var runs []string
	counts := worked(t, databaseURL)
	for what := range counts {
		if id, ok := strings.CutPrefix(what, "start "); ok {
			runs = append(runs, id)
		}
	}
	require.Len(t, runs, 1, s.log)
	assert.Equal(t, map[string]int{
		"order m1": 1, "sent m1": 1, "ObjectCreated:Put sourcebucket Happy Face.jpg": 1,
		"start " + runs[0]: 1, "end " + runs[0]: 1,
	}, counts)
	assert.Equal(t, 1, strings.Count(s.log.all(), `msg="schedule ran"`)+strings.Count(s.log.all(), "schedule ran"), s.log)

	// Usage errors and failures have different exit statuses.
	for args, code := range map[string]int{
		"-run cleanup":                 0,
		"-run orders -event /dev/null": 1,
		"-run orders":                  2,
		"-run none":                    2,
	} {
		cmd := exec.Command(filepath.Join(dir, "dist/server"), strings.Fields(args)...)
		cmd.Env = s.Env
		output, _ := cmd.CombinedOutput()
		assert.Equal(t, code, cmd.ProcessState.ExitCode(), "%s: %s", args, output)
	}
}

// TestJobsKillBatch kills a process in the middle of a batch, again and again,
// and delivers the batch until it has been handled, as a queue does. With
// queue.Once and InTx, each message has its effects once.
func TestJobsKillBatch(t *testing.T) {
	databases(t, func(t *testing.T, databaseURL string) {
		const size = 300
		dir := newJobs(t, databaseURL)
		buildJobs(t, dir, "--target=server")
		type record map[string]any
		var records []record
		for i := range size {
			records = append(records, record{"messageId": fmt.Sprint(i), "body": "x", "eventSource": "aws:sqs"})
		}
		batch, err := json.Marshal(record{"Records": records})
		require.NoError(t, err)
		writeFile(t, dir, "batch.json", string(batch))

		kills := 0
		for attempt := 0; ; attempt++ {
			require.Less(t, attempt, 50)
			before := len(worked(t, databaseURL))
			cmd := exec.Command(filepath.Join(dir, "dist/server"), "-run", "orders", "-event", filepath.Join(dir, "batch.json"))
			cmd.Env = []string{"DATABASE_URL=" + databaseURL}
			require.NoError(t, cmd.Start())
			if attempt < 6 {
				require.Eventually(t, func() bool { return len(worked(t, databaseURL)) > before },
					20*time.Second, time.Millisecond)
				time.Sleep(rand.N(50 * time.Millisecond))
				_ = cmd.Process.Kill()
			}
			err := cmd.Wait()
			if err == nil {
				break
			}
			if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() < 0 {
				kills++
			}
		}
		assert.Greater(t, kills, 2)
		counts := worked(t, databaseURL)
		assert.Len(t, counts, 2*size, "no message is lost")
		for what, n := range counts {
			assert.Equal(t, 1, n, what)
		}
	})
}

// TestJobsKillSchedule runs a schedule in two processes that are killed and
// suspended in the middle of runs. A run starts once at most; all others happen.
func TestJobsKillSchedule(t *testing.T) {
	t.Parallel() // it mostly waits
	databases(t, func(t *testing.T, databaseURL string) {
		dir := newJobs(t, databaseURL)
		// Run every second, with leases of two.
		writeFile(t, dir, "api/src/lib/schedule/cron.go", `package schedule

import "time"

type Schedule struct{}

func Parse(string) (Schedule, error) { return Schedule{}, nil }

func (Schedule) Next(t time.Time) time.Time { return t.Truncate(time.Second).Add(time.Second) }
`)
		leaseFile := filepath.Join(dir, "api/src/lib/lease/lease.go")
		text, err := os.ReadFile(leaseFile)
		require.NoError(t, err)
		writeFile(t, dir, "api/src/lib/lease/lease.go",
			strings.Replace(string(text), "duration = 30 * time.Second", "duration = 2 * time.Second", 1))
		buildJobs(t, dir, "--target=server")

		begin := time.Now()
		servers := []*jobServer{
			startJobServer(t, dir, databaseURL, "-schedules"), startJobServer(t, dir, databaseURL, "-schedules"),
		}
		all := slices.Clone(servers)
		starts := func() int {
			n := 0
			for what := range worked(t, databaseURL) {
				if strings.HasPrefix(what, "start ") {
					n++
				}
			}
			return n
		}
		kills := 0
		for i := range 6 {
			before := starts()
			require.Eventually(t, func() bool { return starts() > before }, 10*time.Second, 5*time.Millisecond, "runs go on")
			if i%3 == 2 { // longer than the lease lasts
				s := servers[i%2]
				require.NoError(t, s.Process.Signal(syscall.SIGSTOP))
				time.Sleep(3 * time.Second)
				require.NoError(t, s.Process.Signal(syscall.SIGCONT))
				continue
			}
			for n, s := range servers { // all of them, so that the one with the lease is killed, or one
				if i%3 == 0 || n == i%2 {
					require.NoError(t, s.Process.Kill())
					_ = s.Wait()
					kills++
					servers[n] = startJobServer(t, dir, databaseURL, "-schedules")
					all = append(all, servers[n])
				}
			}
		}
		before := starts()
		require.Eventually(t, func() bool { return starts() > before+1 }, 10*time.Second, 5*time.Millisecond)
		for _, s := range servers {
			require.NoError(t, s.Process.Signal(syscall.SIGTERM))
			require.NoError(t, s.Wait(), s.log)
		}
		started, ended := 0, 0
		for what, n := range worked(t, databaseURL) {
			assert.Equal(t, 1, n, what)
			switch what, _, _ := strings.Cut(what, " "); what {
			case "start":
				started++
			case "end":
				ended++
			}
		}
		interrupted := 0
		for _, s := range all {
			interrupted += strings.Count(s.log.all(), "schedule interrupted")
		}
		assert.Greater(t, started, ended, "a run was killed")
		assert.Positive(t, interrupted, "the log names it")
		assert.LessOrEqual(t, started-ended, kills+2, "only runs of killed and suspended processes do not end")
		t.Logf("%d runs in %.0f s, %d did not end after %d kills", started, time.Since(begin).Seconds(), started-ended, kills)
	})
}
