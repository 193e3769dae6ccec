// Package jobs adds to a server the functions that are not called over HTTP.
//
// With the flag -run, the program runs one of them and exits. With -schedules,
// it runs those that have a schedule when they are due. With -events, it passes
// them CloudEvents that it receives over HTTP.
package jobs

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/fngen/fngen/templates/runtime/gateway"
	"github.com/fngen/fngen/templates/runtime/server"
	"github.com/fngen/fngen/templates/runtime/trigger"
)

// A Program has functions of which some are not called over HTTP.
type Program struct {
	HTTP     []server.Function
	Triggers []trigger.Function

	// Parse parses the schedules of functions. It is nil if none has one.
	Parse func(expression string) (Schedule, error)

	// Lease is nil if only one process of the program runs with -schedules.
	Lease Lease
}

// A Schedule says when a function runs.
type Schedule interface {
	// Next returns the first time after the given one, or the zero time if
	// there is none.
	Next(after time.Time) time.Time
}

// Parser returns parse with the result type that [Program] wants.
func Parser[S Schedule](parse func(string) (S, error)) func(string) (Schedule, error) {
	return func(expression string) (Schedule, error) { return parse(expression) }
}

// Main is [server.Main] for a program that has functions of all kinds.
func Main(p Program) int {
	return server.MainJobs(&jobs{Program: p, stdin: os.Stdin, stdout: os.Stdout}, p.HTTP...)
}

// jobs implements [server.Jobs].
type jobs struct {
	Program
	stdin  io.Reader
	stdout io.Writer

	runName, eventFile, at, id, job string
	runSchedules, takeEvents        bool

	schedules map[string]Schedule // by function, if runSchedules is set
}

// Flags implements server.Jobs.
func (j *jobs) Flags(flags *flag.FlagSet) {
	flags.StringVar(&j.runName, "run", "", "run the function `NAME` and exit, without listening")
	flags.StringVar(&j.eventFile, "event", "", "with -run: `FILE` with the event as AWS sends it; - for standard input")
	flags.StringVar(&j.at, "at", "", "with -run: `TIME` at which a schedule's run was due, as 2026-01-31T03:00:00Z")
	flags.StringVar(&j.id, "id", "", "with -run: `ID` of the schedule's run, the same for each attempt")
	flags.StringVar(&j.job, "job", "", "with -run: `NAME` of the Job of Kubernetes, from which come the time and the ID")
	flags.BoolVar(&j.runSchedules, "schedules", false, "run functions on their schedules")
	flags.BoolVar(&j.takeEvents, "events", false, "take CloudEvents at "+server.EventsPath+"NAME")
}

// Check implements server.Jobs.
func (j *jobs) Check() error {
	if j.runName == "" {
		for _, f := range []struct{ name, value string }{{"event", j.eventFile}, {"at", j.at}, {"id", j.id}, {"job", j.job}} {
			if f.value != "" {
				return fmt.Errorf("-%s requires -run", f.name)
			}
		}
		return j.parseSchedules()
	}
	if j.runSchedules || j.takeEvents {
		return errors.New("-run and -schedules or -events are mutually exclusive")
	}
	f, err := j.named(j.runName)
	switch {
	case err != nil:
		return err
	case j.job != "" && (f.Kind != trigger.Schedule || j.eventFile+j.at+j.id != ""):
		return errors.New("-job is for functions with a schedule, without -event, -at and -id")
	case j.eventFile != "" && (j.at != "" || j.id != ""):
		return errors.New("-event and -at or -id are mutually exclusive")
	case f.Kind != trigger.Schedule && (j.at != "" || j.id != ""):
		return fmt.Errorf("-at and -id are for functions with a schedule, but %s handles %s",
			f.Name, trigger.Handles(f.Kind))
	case f.Kind != trigger.Schedule && j.eventFile == "":
		return fmt.Errorf("%s handles %s: pass them with -event FILE, or - for standard input",
			f.Name, trigger.Handles(f.Kind))
	}
	if j.at != "" {
		if _, err := time.Parse(time.RFC3339, j.at); err != nil {
			return fmt.Errorf("invalid value %q for -at: must be a time such as 2026-01-31T03:00:00Z", j.at)
		}
	}
	return nil
}

// parseSchedules parses the schedules of all functions, if they are to run.
func (j *jobs) parseSchedules() error {
	if !j.runSchedules {
		return nil
	}
	j.schedules = map[string]Schedule{}
	for _, f := range j.Triggers {
		if f.Kind != trigger.Schedule {
			continue
		}
		schedule, err := j.Parse(f.Schedule)
		if err != nil {
			return fmt.Errorf("function %s: %w", f.Name, err)
		}
		j.schedules[f.Name] = schedule
	}
	if len(j.schedules) == 0 {
		return errors.New("-schedules: no function has a schedule")
	}
	return nil
}

// named returns the function of that name.
func (j *jobs) named(name string) (trigger.Function, error) {
	var names []string
	for _, f := range j.Triggers {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	for _, f := range j.HTTP {
		if f.Name == name {
			return trigger.Function{}, fmt.Errorf("%s handles HTTP requests: start the server and send it one", name)
		}
	}
	slices.Sort(names)
	return trigger.Function{}, fmt.Errorf("no function %q: the functions are %s", name, strings.Join(names, ", "))
}

// Find implements server.Jobs.
func (j *jobs) Find(name string) func(ctx context.Context, event []byte) ([]byte, error) {
	f, err := j.named(name)
	if err != nil {
		return nil
	}
	return func(ctx context.Context, event []byte) ([]byte, error) { return call(ctx, f, event) }
}

// Hooks implements server.Jobs.
func (j *jobs) Hooks() map[string]func(context.Context) error {
	hooks := map[string]func(context.Context) error{}
	for _, f := range j.Triggers {
		if f.Shutdown != nil {
			hooks[f.Name] = f.Shutdown
		}
	}
	return hooks
}

// call calls a function. If it panics, the error is a [*gateway.Panic].
func call(ctx context.Context, f trigger.Function, event []byte) (response []byte, err error) {
	err = gateway.Protect(func() (err error) {
		response, err = f.Invoke(ctx, event)
		return err
	})
	return response, err
}
