package jobs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/fngen/fngen/templates/lib/queue"
	"github.com/fngen/fngen/templates/lib/schedule"
	"github.com/fngen/fngen/templates/runtime/server"
	"github.com/fngen/fngen/templates/runtime/trigger"
)

// program returns a program with a function of each kind. record gets what their
// handlers do.
func program(record func(string)) Program {
	return Program{
		HTTP: []server.Function{{Name: "hook"}},
		Triggers: []trigger.Function{
			{Name: "cleanup", Kind: trigger.Schedule, Schedule: "0 3 * * *", Call: trigger.Event(
				func(ctx context.Context, tick schedule.Tick) error {
					switch tick.ID {
					case "fail":
						return errors.New("no disk")
					case "panic":
						panic("no index")
					}
					record(fmt.Sprint(tick.Schedule, " ", tick.Time.Format(time.RFC3339), " ", tick.ID))
					return nil
				})},
			{Name: "orders", Kind: trigger.Queue, Call: trigger.Batch(queue.Each(
				func(ctx context.Context, m queue.Message[json.RawMessage]) error {
					if string(m.Body) == "bad" {
						return errors.New("bad order")
					}
					lc, _ := lambdacontext.FromContext(ctx)
					if lc != nil {
						record(lc.AwsRequestID)
					}
					record(fmt.Sprint(m.ID, " ", string(m.Body), " ", m.Attempt, " ", m.Attributes["type"]))
					return nil
				}))},
			{Name: "bus", Kind: trigger.EventBridge, Call: trigger.Event(
				func(_ context.Context, e events.EventBridgeEvent) error {
					record(fmt.Sprint(e.ID, " ", e.Source, " ", e.DetailType, " ", string(e.Detail)))
					return nil
				})},
			{Name: "topic", Kind: trigger.SNS, Call: trigger.Event(func(_ context.Context, e events.SNSEvent) error {
				record(fmt.Sprint(e.Records[0].SNS.MessageID, " ", e.Records[0].SNS.Message))
				return nil
			})},
			{Name: "thumbs", Kind: trigger.S3, Call: trigger.Event(func(_ context.Context, e events.S3Event) error {
				record(e.Records[0].S3.Object.Key)
				return nil
			})},
		},
		Parse: Parser(schedule.Parse),
	}
}

// parse returns jobs with the given flags.
func parse(p Program, args ...string) (*jobs, error) {
	j := &jobs{Program: p, stdin: strings.NewReader(""), stdout: io.Discard}
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	j.Flags(flags)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	return j, j.Check()
}

func TestCheck(t *testing.T) {
	for args, want := range map[string]string{
		"":                            "",
		"-schedules -events":          "",
		"-event x":                    "-event requires -run",
		"-at 2026-01-31T03:00:00Z":    "-at requires -run",
		"-run cleanup":                "",
		"-run cleanup -at 3am":        `invalid value "3am" for -at: must be a time such as 2026-01-31T03:00:00Z`,
		"-run cleanup -schedules":     "-run and -schedules or -events are mutually exclusive",
		"-job shop-cleanup-1":         "-job requires -run",
		"-run orders -job x":          "-job is for functions with a schedule, without -event, -at and -id",
		"-run cleanup -job x -id y":   "-job is for functions with a schedule, without -event, -at and -id",
		"-run cleanup -event x -at y": "-event and -at or -id are mutually exclusive",
		"-run orders":                 "orders handles messages of Amazon SQS: pass them with -event FILE, or - for standard input",
		"-run orders -id 1":           "-at and -id are for functions with a schedule, but orders handles messages of Amazon SQS",
		"-run hook":                   "hook handles HTTP requests: start the server and send it one",
		"-run clean":                  `no function "clean": the functions are bus, cleanup, orders, thumbs, topic`,
	} {
		_, err := parse(program(nil), strings.Fields(args)...)
		if want == "" {
			assert.NoError(t, err, args)
		} else {
			assert.EqualError(t, err, want, args)
		}
	}
	p := program(nil)
	p.Triggers[0].Schedule = "0 0 3 * * *"
	_, err := parse(p, "-schedules")
	assert.ErrorContains(t, err, `function cleanup: schedule "0 0 3 * * *"`)
	p.Triggers = p.Triggers[1:]
	_, err = parse(p, "-schedules")
	assert.EqualError(t, err, "-schedules: no function has a schedule")
}

func TestRun(t *testing.T) {
	batch := filepath.Join(t.TempDir(), "batch.json")
	require.NoError(t, os.WriteFile(batch, []byte(`{"Records":[{"eventSource":"aws:sqs","messageId":"a","body":"1"},`+
		`{"eventSource":"aws:sqs","messageId":"b","body":"bad"}]}`), 0o600))
	good := `{"Records":[{"eventSource":"aws:sqs","messageId":"a","body":"1"}]}`
	for name, test := range map[string]struct{ args, stdin, record, output, err string }{
		"time": {
			args: "-run cleanup -at 2026-01-31T04:00:00+01:00", record: "0 3 * * * 2026-01-31T03:00:00Z 2026-01-31T03:00:00Z",
		},
		"id": {
			args: "-run cleanup -at 2026-01-31T03:00:00Z -id job-7", record: "0 3 * * * 2026-01-31T03:00:00Z job-7",
		},
		"job": { // CronJobs of Kubernetes name their Jobs after the minute
			args: "-run cleanup -job shop-cleanup-29497140", record: "0 3 * * * 2026-01-31T03:00:00Z 2026-01-31T03:00:00Z",
		},
		"event": {
			args: "-run cleanup -event -", stdin: `{"schedule":"@daily","time":"2026-01-31T03:00:00Z","id":"x"}`,
			record: "@daily 2026-01-31T03:00:00Z x",
		},
		"error": {args: "-run cleanup -id fail", err: "cleanup: no disk"},
		"panic": {args: "-run cleanup -id panic", err: "cleanup: panic: no index\n\t"},
		"queue": {args: "-run orders -event -", stdin: good, record: "a 1 1 ", output: `{"batchItemFailures":[]}` + "\n"},
		"partial": {
			args: "-run orders -event " + batch, record: "a 1 1 ", err: "orders: failed messages: b",
			output: `{"batchItemFailures":[{"itemIdentifier":"b"}]}` + "\n",
		},
		"foreign": {
			args: "-run thumbs -event -", stdin: good,
			err: "thumbs: fngen: the function handles events of Amazon S3, but the event is from Amazon SQS (aws:sqs)",
		},
		"no file": {args: "-run orders -event missing.json", err: "reading event: open missing.json: "},
	} {
		t.Run(name, func(t *testing.T) {
			var records []string
			j, err := parse(program(func(s string) { records = append(records, s) }), strings.Fields(test.args)...)
			require.NoError(t, err)
			var output bytes.Buffer
			j.stdin, j.stdout = strings.NewReader(test.stdin), &output
			err = j.Command()(t.Context())
			if test.err == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, test.err)
			}
			assert.Equal(t, test.record, strings.Join(records, "\n"))
			assert.Equal(t, test.output, output.String())
		})
	}
}

// A fast schedule is due once in an interval.
type fast time.Duration

func (f fast) Next(t time.Time) time.Time {
	return t.Truncate(time.Duration(f)).Add(time.Duration(f))
}

// logged returns what is logged during the test.
func logged(t *testing.T) *bytes.Buffer {
	var log bytes.Buffer
	previous := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	t.Cleanup(func() { slog.SetDefault(previous) })
	return &log
}

// follow runs f on a fast schedule for a while, and returns what is logged.
func follow(t *testing.T, f func(ctx context.Context, tick schedule.Tick) error, lease Lease) string {
	log := logged(t)
	j := &jobs{
		Program:   Program{Triggers: []trigger.Function{{Name: "f", Kind: trigger.Schedule, Schedule: "x", Call: trigger.Event(f)}}},
		schedules: map[string]Schedule{"f": fast(20 * time.Millisecond)},
	}
	j.Lease = lease
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		j.Run(t.Context(), stop)
	}()
	time.Sleep(200 * time.Millisecond)
	close(stop)
	<-done
	return log.String()
}

// An error or a panic does not end the schedule.
func TestSchedules(t *testing.T) {
	var runs atomic.Int32
	log := follow(t, func(context.Context, schedule.Tick) error {
		switch runs.Add(1) {
		case 1:
			return errors.New("no disk")
		case 2:
			panic("no index")
		}
		return nil
	}, nil)
	assert.Greater(t, runs.Load(), int32(2))
	assert.Equal(t, int(runs.Load()), strings.Count(log, "schedule ran")+strings.Count(log, "schedule failed"), log)
	assert.Contains(t, log, `msg="schedule failed" function=f due=`)
	assert.Contains(t, log, `error="no disk"`)
	assert.Contains(t, log, `error="panic: no index" stack=`)
	assert.Contains(t, log, `msg="schedule ran" function=f due=`)
}

// The next runs are skipped while one is running, and it may end after stop.
func TestSchedulesOverlap(t *testing.T) {
	var runs, ended atomic.Int32
	log := follow(t, func(context.Context, schedule.Tick) error {
		runs.Add(1)
		time.Sleep(300 * time.Millisecond)
		ended.Add(1)
		return errors.New("no disk")
	}, nil)
	assert.Equal(t, int32(1), runs.Load())
	assert.Equal(t, int32(1), ended.Load())
	assert.Contains(t, log, `msg="schedule skipped: the function is still running" function=f due=`)
	assert.Equal(t, 1, strings.Count(log, `msg="schedule failed" function=f`))
	assert.Contains(t, log, `error="no disk"`)
}

// past is a schedule whose first run was due long ago.
type past struct{ first time.Time }

func (p *past) Next(t time.Time) time.Time {
	if p.first.IsZero() {
		p.first = time.Now().Add(-time.Hour)
		return p.first
	}
	return t.Truncate(20 * time.Millisecond).Add(20 * time.Millisecond)
}

// Runs that were due while the process was suspended do not happen.
func TestSchedulesMissed(t *testing.T) {
	log := logged(t)
	var runs atomic.Int32
	var earliest atomic.Int64
	j := &jobs{
		Program: Program{Triggers: []trigger.Function{{
			Name: "f", Kind: trigger.Schedule, Schedule: "x", Call: trigger.Event(
				func(_ context.Context, tick schedule.Tick) error {
					if runs.Add(1) == 1 {
						earliest.Store(tick.Time.Unix())
					}
					return nil
				}),
		}}},
		schedules: map[string]Schedule{"f": new(past)},
	}
	stop := make(chan struct{})
	time.AfterFunc(100*time.Millisecond, func() { close(stop) })
	j.Run(t.Context(), stop)
	assert.Equal(t, 1, strings.Count(log.String(), `msg="schedule missed: the process was suspended" function=f due=`))
	assert.Positive(t, runs.Load())
	assert.GreaterOrEqual(t, earliest.Load(), time.Now().Add(-late-time.Second).Unix())
}

func TestSchedulesLease(t *testing.T) {
	var asked atomic.Int32
	var runs atomic.Int32
	log := follow(t, func(ctx context.Context, _ schedule.Tick) error {
		runs.Add(1)
		panic("no index")
	}, func(ctx context.Context, name string, _ time.Time, run func(context.Context)) (bool, error) {
		switch asked.Add(1) {
		case 1:
			run(ctx)
			return true, nil
		case 2:
			return false, errors.New("lease: no table")
		}
		return false, nil
	})
	assert.Equal(t, int32(1), runs.Load())
	assert.Contains(t, log, `msg="schedule failed" function=f`)
	assert.Contains(t, log, "jobs_test.go:")
	assert.Contains(t, log, `msg="schedule lease failed" function=f`)
	assert.Contains(t, log, `msg="schedule skipped: another process has the lease" function=f`)
}

func TestEvents(t *testing.T) {
	logged(t)
	var records []string
	j, err := parse(program(func(s string) { records = append(records, s) }), "-events")
	require.NoError(t, err)
	handler := j.Events(func(ctx context.Context, f func(context.Context) error) error { return f(ctx) })
	binary := map[string]string{
		"Ce-Specversion": "1.0", "Ce-Id": "e1", "Ce-Source": "/shop", "Ce-Type": "order%20placed",
		"Ce-Time": "2026-01-31T03:00:00.123Z", "Content-Type": "application/json",
	}
	structured := map[string]string{"Content-Type": "application/cloudevents+json; charset=utf-8"}
	const s3 = `{"Records":[{"eventSource":"aws:s3","s3":{"object":{"key":"k"}}}]}`
	for name, test := range map[string]struct {
		function string
		header   map[string]string
		body     string
		status   int
		records  string
	}{
		"schedule": {"cleanup", binary, "", 204, "0 3 * * * 2026-01-31T03:00:00Z e1"},
		"queue":    {"orders", binary, `{"n":1}`, 204, "e1\ne1 {\"n\":1} 1 order placed"},
		"bus":      {"bus", binary, `{"n":1}`, 204, `e1 /shop order placed {"n":1}`},
		"topic":    {"topic", binary, "hello", 204, "e1 hello"},
		"s3":       {"thumbs", binary, s3, 204, "k"},
		"structured": {"bus", structured,
			`{"specversion":"1.0","id":"e2","source":"s","type":"t","sequence":3,"data":{"n":2}}`, 204, `e2 s t {"n":2}`},
		"structured text": {"orders", structured, `{"specversion":"1.0","id":"e2","source":"s","type":"t",` +
			`"datacontenttype":"text/plain","data":"hello"}`, 204, "e2\ne2 hello 1 t"},
		"structured JSON text": {"orders", structured, `{"specversion":"1.0","id":"e2","source":"s","type":"t",` +
			`"data":"hello"}`, 204, "e2\ne2 \"hello\" 1 t"},
		"structured base64": {"orders", structured,
			`{"specversion":"1.0","id":"e2","source":"s","type":"t","data_base64":"aGVsbG8="}`, 204, "e2\ne2 hello 1 t"},
		"failed":     {"orders", binary, "bad", 500, ""},
		"foreign":    {"thumbs", binary, `{"n":1}`, 400, ""},
		"no event":   {"orders", map[string]string{"Content-Type": "application/json"}, `{"n":1}`, 400, ""},
		"not JSON":   {"bus", structured, `{`, 400, ""},
		"not UTF-8":  {"orders", binary, "\xff", 400, ""},
		"too large":  {"orders", binary, strings.Repeat("x", maxEvent+1), 400, ""},
		"HTTP":       {"hook", binary, "", 404, ""},
		"unknown":    {"none", binary, "", 404, ""},
		"other path": {"orders/x", binary, "", 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			records = nil
			r := httptest.NewRequest(http.MethodPost, "/_events/"+test.function, strings.NewReader(test.body))
			for name, value := range test.header {
				r.Header.Set(name, value)
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			assert.Equal(t, test.status, w.Code, w.Body)
			assert.Equal(t, test.records, strings.Join(records, "\n"))
		})
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/_events/orders", nil))
	assert.Equal(t, 405, w.Code)

	off, err := parse(program(nil))
	require.NoError(t, err)
	assert.Nil(t, off.Events(nil))
}

// A Job that a person has created has a name of any form. It is due now.
func TestOfJob(t *testing.T) {
	for _, name := range []string{"manual", "cleanup-2", "cleanup-"} {
		due, id := ofJob(name)
		assert.WithinDuration(t, time.Now(), due, time.Minute)
		assert.Equal(t, name, id)
	}
}
