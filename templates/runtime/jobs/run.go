package jobs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/fngen/fngen/templates/runtime/gateway"
	"github.com/fngen/fngen/templates/runtime/trigger"
)

// Command implements server.Jobs: with the flag -run, the program runs a function
// once.
func (j *jobs) Command() func(context.Context) error {
	if j.runName == "" {
		return nil
	}
	return j.run
}

// run runs the function of the flag -run and prints its response, if it has one.
func (j *jobs) run(ctx context.Context) error {
	f, err := j.named(j.runName)
	if err != nil {
		return err
	}
	event, err := j.event(f)
	if err != nil {
		return err
	}
	response, err := call(ctx, f, event)
	if panicked := (*gateway.Panic)(nil); errors.As(err, &panicked) {
		return fmt.Errorf("%s: %w\n\t%s", f.Name, err, strings.Join(panicked.Stack, "\n\t"))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	if string(response) != "null" {
		if _, err := fmt.Fprintf(j.stdout, "%s\n", response); err != nil {
			return fmt.Errorf("printing response: %w", err)
		}
	}
	return batchError(f.Name, response)
}

// event returns the event of the flags -event, -at, -id and -job.
func (j *jobs) event(f trigger.Function) ([]byte, error) {
	if j.job != "" {
		due, id := ofJob(j.job)
		return tick(f, due, id), nil
	}
	if j.eventFile == "" {
		at := time.Now()
		if j.at != "" {
			at, _ = time.Parse(time.RFC3339, j.at) // Check has parsed it
		}
		return tick(f, at, j.id), nil
	}
	var data []byte
	var err error
	if j.eventFile == "-" {
		data, err = io.ReadAll(j.stdin)
	} else {
		data, err = os.ReadFile(j.eventFile)
	}
	if err != nil {
		return nil, fmt.Errorf("reading event: %w", err)
	}
	return data, nil
}

// ofJob returns when a Job of Kubernetes was due. A CronJob names its Jobs after
// itself and the minutes since 1970. For any other, it is now, and the name is
// the id.
func ofJob(name string) (due time.Time, id string) {
	minutes, err := strconv.ParseInt(name[strings.LastIndexByte(name, '-')+1:], 10, 64)
	if err != nil || minutes < 10_000_000 { // 1989
		return time.Now(), name
	}
	return time.Unix(minutes*60, 0), ""
}

// tick returns the event for a run of a schedule. The default id is the time, so
// that all attempts have the same.
func tick(f trigger.Function, due time.Time, id string) []byte {
	moment := due.UTC().Format(time.RFC3339)
	event, err := json.Marshal(struct {
		Schedule string `json:"schedule"`
		Time     string `json:"time"`
		ID       string `json:"id"`
	}{f.Schedule, moment, cmp.Or(id, moment)})
	if err != nil {
		panic(err) // impossible: strings can be encoded
	}
	return event
}

// batchError returns an error if the response of a batch names messages that
// failed.
func batchError(name string, response []byte) error {
	if ids := trigger.Failed(response); len(ids) > 0 {
		return fmt.Errorf("%s: failed messages: %s", name, strings.Join(ids, ", "))
	}
	return nil
}
