// Package devserver serves a project's functions during development. When a
// file is saved, it builds the functions, and the new code handles the next
// request.
//
// A dev server is a reverse proxy in front of a child process. The proxy keeps
// its ports and its connections; the child process is the server program that
// was built of the functions, and is replaced after each build. Requests wait
// from the first change event until the new process is listening.
package devserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/fngen/fngen/internal/delivery"
	"github.com/fngen/fngen/internal/devpage"
	"github.com/fngen/fngen/internal/fastbuild"
	"github.com/fngen/fngen/internal/overlay"
	"github.com/fngen/fngen/internal/tempdir"
	"github.com/fngen/fngen/internal/watch"
	"github.com/fngen/fngen/templates/runtime/route"
)

// Options configure a dev server.
type Options struct {
	Project   string // the absolute path of the project's directory
	Functions string // the absolute path of the functions directory
	Version   string // fngen's version

	Host      string   // the address to listen on; "localhost" is both 127.0.0.1 and ::1
	Port      int      // the port that serves /<name>; 0 is any free port
	WebPort   int      // the port that serves <APIURL>/<name> and the web side; 0 is any free port
	APIURL    string   // a path, such as /.redwood/functions
	WebTarget *url.URL // the web side's own server, or nil
	PublicURL string   // the functions' public URL, such as a tunnel's, or ""

	// AllowedHosts are names of this server besides localhost, Host and
	// PublicURL's host. Requests for other names are refused. A name such as
	// .example.com includes subdomains.
	AllowedHosts []string

	NoSchedules bool // do not run functions on their schedules

	AWSLimits bool // reject what AWS Lambda and API Gateway reject; ignored under a debugger
	DebugPort int  // run the functions under the debugger dlv, which listens on this port; 0 is without

	// Load returns the server program of the functions as they are now. It is
	// called before each build. Even if it returns an error, Overlay, Package
	// and Functions may be set.
	Load func() (Program, error)

	// Invoke sends a signed request to the functions' port, with sent in
	// the header SentHeader. The page's requests use it.
	Invoke func(ctx context.Context, port int, sent string, c devpage.Call) error

	Editor devpage.Editor // opens the files of errors

	Poll           time.Duration              // the interval of polling for changes; 0 is to rely on the system's events
	Stdout, Stderr io.Writer                  // a line per request, and everything else
	Note           func(message, hint string) // prints a note
}

// A Program describes a server program of the functions: how to build it, and
// which functions it serves.
type Program struct {
	Overlay   overlay.Overlay
	Package   string
	Functions []Function
	Environ   []string                   // the environment to run it in
	Describe  func() []devpage.Function  // describes the functions for the page; may be nil
	Notes     []string                   // notes on functions that are not in it, printed once
	Explain   func(output string) string // translates compiler errors to positions in the functions' files, or nil
}

// A Function is a function of a program.
type Function struct {
	route.Function

	Webhook bool // the function verifies webhooks: its requests are kept for replay

	// Event says what calls the function, such as "queue orders", if that is
	// not HTTP.
	Event    string
	Schedule string // when it runs, or ""
}

func (f Function) isHTTP() bool { return f.Event == "" }

// routes returns a line for each route of functions, and for each function that
// is not called over HTTP.
func routes(functions []Function) []string {
	var list []string
	for _, f := range functions {
		if f.isHTTP() {
			list = append(list, f.Patterns()...)
		} else {
			list = append(list, f.Name+"  "+f.Event)
		}
	}
	return list
}

const (
	firstQuiet   = 2 * time.Millisecond   // between a change event and the build
	quietPeriod  = 25 * time.Millisecond  // the same if more events follow
	queueTimeout = time.Minute            // how long a request waits for a build
	drainTimeout = 15 * time.Minute       // how long requests of a replaced process may take; Lambda's maximum
	exitTimeout  = 5 * time.Second        // how long a drained process may take to exit
	listDelay    = 300 * time.Millisecond // between a build and the listing of its source files
	startDelay   = 5 * time.Second        // after which it is noted that a program does not listen
	failureDelay = 300 * time.Millisecond // before a failed build is reported: a file may be half written

	deliveryCount = 100     // how many webhook deliveries are kept
	deliveryBytes = 1 << 20 // the largest body of a delivery that is kept
)

// server is a running dev server.
type server struct {
	Options
	debugger   string // the path of dlv, or ""
	binary     string // the path that the server program is built to
	builder    fastbuild.Builder
	gate       gate
	watcher    *watch.Watcher
	deliveries *delivery.Log
	page       *devpage.Page
	buffers    bufferPool // of the reverse proxy
	sent       sync.Map   // from a value of SentHeader to the number of the request's record

	sources atomic.Pointer[overlay.Sources] // the source files of the last build that they are known of, or nil
	isFresh atomic.Bool                     // sources are those of the running program

	noted  sync.Map       // notes that were printed
	drains sync.WaitGroup // replaced processes with requests in progress
}

// Run serves until ctx is done, then returns nil. It returns a *PortError if a
// port is in use, a *watch.LimitError if too many directories are to be
// watched, and exec.ErrNotFound if there is no go command.
func Run(ctx context.Context, o Options) (err error) {
	if public, err := url.Parse(o.PublicURL); err == nil && o.PublicURL != "" {
		o.AllowedHosts = append(slices.Clone(o.AllowedHosts), public.Hostname())
	}
	defer o.queueOutput()()
	s := &server{Options: o, deliveries: delivery.NewLog(deliveryCount, deliveryBytes)}
	s.page = s.newPage()
	if o.DebugPort != 0 {
		if s.debugger, err = findDebugger(); err != nil {
			return err
		}
	}
	tempdir.RemoveAbandoned()
	dir, err := tempdir.New("dev")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Remove()) }()
	s.binary = filepath.Join(dir.Path, "functions.exe") // Windows requires the extension, other systems ignore it
	s.builder = fastbuild.Builder{Out: s.binary, Dir: filepath.Join(dir.Path, "objects")}
	s.watcher, err = watch.New(watch.Options{
		Ignore: s.ignore, FirstQuiet: firstQuiet, Quiet: quietPeriod, Poll: o.Poll, OnEvent: s.gate.eventReceived, OnUnchanged: s.gate.nothingChanged,
		Cookie: filepath.Join(dir.Path, "cookie"),
	})
	if err != nil {
		return err
	}
	if err := s.watcher.Add(o.Project); err != nil {
		return errors.Join(err, s.watcher.Close())
	}
	s.gate.startBuild(0)
	listeners, err := s.listen()
	if err != nil {
		return errors.Join(err, s.watcher.Close())
	}
	s.printAddresses()

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	batches, failed := make(chan watch.Batch), make(chan error, 2)
	running.Go(func() {
		if err := s.watcher.Run(ctx, batches); err != nil {
			failed <- err
		}
	})
	running.Go(func() {
		if err := listeners.serve(); err != nil {
			failed <- err
		}
	})
	err = newLoop(s).run(ctx, batches, failed)
	cancel()
	listeners.close()
	running.Wait()
	s.drains.Wait()
	return err
}

// printReady prints that the first program is listening, and its routes.
func (s *server) printReady(took time.Duration, functions []Function) {
	if len(functions) == 0 {
		s.note("there are no functions yet", "fngen function NAME")
	}
	for _, route := range routes(functions) {
		s.print(s.Stdout, "  "+route+"\n")
	}
	s.print(s.Stdout, fmt.Sprintf("ready in %.2f s\n", took.Seconds()))
}

// printReloaded prints that a new program is listening, and which routes were
// removed and added.
func (s *server) printReloaded(took time.Duration, before, after []Function) {
	old, current := routes(before), routes(after)
	for _, route := range old {
		if !slices.Contains(current, route) {
			s.print(s.Stdout, "- "+route+"\n")
		}
	}
	for _, route := range current {
		if !slices.Contains(old, route) {
			s.print(s.Stdout, "+ "+route+"\n")
		}
	}
	s.print(s.Stdout, fmt.Sprintf("reloaded in %.2f s\n", took.Seconds()))
}

func (s *server) print(w io.Writer, text string) {
	_, _ = io.WriteString(w, text)
}

func (s *server) note(message, hint string) {
	s.Note(message, hint)
}

// noteOnce prints a note unless it was printed before.
func (s *server) noteOnce(message string) {
	if _, printed := s.noted.LoadOrStore(message, true); !printed {
		s.note(message, "")
	}
}

// A brokenError reports why no program of the current files is running.
type brokenError struct {
	title, detail string
	err           error
	problem       *devpage.Problem // what is known besides, or nil
}

func (e *brokenError) Error() string {
	return "fngen: " + e.title + ":\n" + strings.TrimSpace(e.detail)
}
func (e *brokenError) Unwrap() error { return e.err }
