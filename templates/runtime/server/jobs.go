package server

import (
	"context"
	"errors"
	"flag"
	"net/http"
	"time"
)

// Jobs are the functions of a program that are not called over HTTP. Package
// jobs implements them, so that a program without such functions does not link
// what they need.
type Jobs interface {
	// Flags adds flags to those of the server, and Check returns an error if
	// their values are invalid.
	Flags(flags *flag.FlagSet)
	Check() error

	// Command returns what the program does instead of listening, or nil. Its
	// context ends when the drain timeout is exceeded after a signal.
	Command() func(ctx context.Context) error

	// Run runs functions while the server listens. It starts no more when stop
	// is closed, and returns when the last one has ended.
	Run(ctx context.Context, stop <-chan struct{})

	// Find returns a function that passes events to the function of that name
	// as AWS Lambda does, or nil if there is none. A panic becomes an error.
	Find(name string) func(ctx context.Context, event []byte) ([]byte, error)

	// Events returns the handler of requests below [EventsPath], or nil if there
	// is none. It starts functions through call, which limits their time.
	Events(call func(context.Context, func(context.Context) error) error) http.Handler

	// Hooks returns the shutdown functions by the names of their functions.
	Hooks() map[string]func(context.Context) error
}

// EventsPath is the path of the requests that [Jobs.Events] handles.
const EventsPath = "/_events/"

// noJobs are the Jobs of a program that has none.
type noJobs struct{}

func (noJobs) Flags(*flag.FlagSet)                                       {}
func (noJobs) Check() error                                              { return nil }
func (noJobs) Command() func(context.Context) error                      { return nil }
func (noJobs) Run(context.Context, <-chan struct{})                      {}
func (noJobs) Find(string) func(context.Context, []byte) ([]byte, error) { return nil }
func (noJobs) Events(func(context.Context, func(context.Context) error) error) http.Handler {
	return nil
}
func (noJobs) Hooks() map[string]func(context.Context) error { return nil }

// command runs a command instead of the server, and returns the exit status. A
// signal gives the command the drain timeout to end, a second one exits.
func (s *system) command(ctx context.Context, command func(context.Context) error, o options) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- command(ctx) }()
	var expired, abandoned <-chan time.Time
	signaled := false
	for {
		select {
		case err := <-done:
			shutdown(o.jobs.Hooks(), shutdownTimeout)
			if err != nil {
				return s.fail(err)
			}
			return 0
		case <-s.signals:
			if signaled {
				return 1
			}
			signaled, expired = true, time.After(o.drain)
		case <-expired:
			cancel()
			abandoned = time.After(shutdownTimeout)
		case <-abandoned:
			return s.fail(errors.New("drain timeout exceeded"))
		}
	}
}
