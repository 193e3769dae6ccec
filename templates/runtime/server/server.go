// Package server is the HTTP server in which fngen serves functions. It reads
// flags and environment variables, routes requests to functions through package
// gateway, and shuts down gracefully. fngen generates a main package that lists
// the functions:
//
//	func main() {
//		os.Exit(server.Main(server.Function{Name: "divide", Handler: divide.Handler}))
//	}
//
// fngen serve runs this program as it is. fngen dev runs it as a child process
// behind its own reverse proxy, with the flags -report and -dev.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fngen/fngen/templates/runtime/gateway"
)

// A Function is served at its routes.
type Function struct {
	Name    string
	Handler gateway.Function
	Stream  gateway.StreamFunction // in place of Handler, for a function that streams

	// Routes and CORS say which requests the function answers, as in
	// [route.Function].
	Routes []string
	CORS   bool

	// Shutdown is called once when the server exits, after the last
	// request. It may be nil.
	Shutdown func(context.Context) error
}

// Main serves functions until the process receives SIGTERM or an interrupt, or
// until its parent process exits. It returns the exit status: 0 after a
// graceful shutdown, 1 after a failure, 2 for a usage error.
func Main(functions ...Function) int { return MainJobs(noJobs{}, functions...) }

// MainJobs is like [Main] for a program that also has functions that are not
// called over HTTP.
func MainJobs(jobs Jobs, functions ...Function) int {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	// Package db opens the database of DATABASE_URL only in servers.
	_ = os.Setenv("FNGEN_RUNTIME", "server")
	if limit := memoryLimit(os.DirFS("/"), os.Getenv("GOMEMLIMIT")); limit > 0 {
		debug.SetMemoryLimit(limit)
	}
	s := system{
		args: os.Args[1:], lookupEnv: os.LookupEnv, unsetEnv: os.Unsetenv, stderr: os.Stderr, signals: signals, jobs: jobs,
	}
	return s.run(context.Background(), functions)
}

// A system is the part of the operating system that the server uses, except for
// the network and the clock.
type system struct {
	args      []string
	lookupEnv func(name string) (string, bool)
	unsetEnv  func(name string) error
	stderr    io.Writer
	signals   <-chan os.Signal // the first starts a graceful shutdown, the second exits
	jobs      Jobs             // none if it is nil
}

// Timeouts without a flag.
const (
	headerTimeout   = 10 * time.Second // for a client to send a request header
	responseTimeout = time.Minute      // for a client to read a response
	shutdownTimeout = 5 * time.Second  // for the functions' Shutdown

	// keepAliveGrace is how long open connections may still be used for new
	// requests once the server shuts down. newConnGrace is how long the first
	// request of a connection may take after that: on a busy machine, it may
	// have arrived without the server having had the time to read it.
	keepAliveGrace = 250 * time.Millisecond
	newConnGrace   = 2 * time.Second
)

// run serves functions until a signal arrives or ctx is done, and returns the
// exit status.
func (s *system) run(ctx context.Context, functions []Function) int {
	o, err := parse(s.args, s.lookupEnv, s.stderr, s.jobs)
	if err == nil {
		err = checkFunctions(functions, o)
	}
	if err != nil {
		return s.fail(err)
	}
	if o.report != "" {
		// Keep the token from the functions and their subprocesses.
		if err := s.unsetEnv(tokenEnv); err != nil {
			return s.fail(fmt.Errorf("unsetting %s: %w", tokenEnv, err))
		}
	}
	if command := o.jobs.Command(); command != nil {
		return s.command(ctx, command, o)
	}

	listener, err := net.Listen("tcp", net.JoinHostPort(o.host, strconv.Itoa(o.port)))
	if err != nil {
		return s.fail(listenError(o, err))
	}
	defer listener.Close()
	parent := new(parentConn)
	if o.report != "" {
		if parent, err = dialParent(ctx, o.report, o.token, port(listener)); err != nil {
			return s.fail(err)
		}
		defer parent.close()
	}
	if o.loopbackByDefault {
		s.say("listening on the loopback interface only, because HOST is not set; " +
			"use HOST=0.0.0.0 or -host 0.0.0.0 to listen on all interfaces")
	}
	if !o.dev { // otherwise the parent process prints its own URL
		s.say("listening on http://" + net.JoinHostPort(o.host, strconv.Itoa(port(listener))))
	}

	srv := newServer(o, functions)
	served := make(chan error, 1)
	go func() { served <- srv.http.Serve(listener) }()
	defer srv.http.Close()
	jobsCtx, cancelJobs := context.WithCancel(ctx)
	defer cancelJobs()
	stopJobs, jobsDone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(jobsDone)
		o.jobs.Run(jobsCtx, stopJobs)
	}()

	select {
	case <-ctx.Done():
	case <-s.signals:
	case <-parent.drain:
	case <-parent.closed:
		return 1
	case err := <-served:
		return s.fail(fmt.Errorf("listening on %s: %w", listener.Addr(), err))
	}

	// Shut down on another goroutine, so that a second signal exits at once.
	done := make(chan struct{})
	go func() {
		defer close(done)
		drained := time.After(o.drain)
		close(stopJobs)
		srv.router.draining.Store(true) // before new connections are refused
		_ = listener.Close()
		<-served // no connection is accepted after this
		srv.drain(o.drain)
		select {
		case <-jobsDone:
		case <-drained:
			cancelJobs()
			slog.Error("drain timeout exceeded, schedules interrupted", "timeout", o.drain)
			select {
			case <-jobsDone:
			case <-time.After(shutdownTimeout): // a function may ignore its context
			}
		}
		shutdown(hooks(functions, o.jobs), shutdownTimeout)
	}()
	select {
	case <-done:
		return 0
	case <-s.signals:
	case <-parent.closed:
	}
	return 1
}

func (s *system) say(line string) { fmt.Fprintln(s.stderr, "fngen: "+line) }

// fail prints err, unless help was requested, and returns the exit status for
// it.
func (s *system) fail(err error) int {
	var usage usageError
	if errors.As(err, &usage) && usage.help {
		return 0
	}
	s.say(err.Error())
	var hinted hintError
	if errors.As(err, &hinted) {
		fmt.Fprintln(s.stderr, "hint: "+hinted.hint)
	}
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}

// A hintError is an error with advice on how to fix it.
type hintError struct {
	error
	hint string
}

func (e hintError) Unwrap() error { return e.error }

// listenError describes an error of net.Listen. If the port is in use, it adds
// a hint.
func listenError(o options, err error) error {
	address := net.JoinHostPort(o.host, strconv.Itoa(o.port))
	const inUseOnWindows = syscall.Errno(10048) // WSAEADDRINUSE, which syscall.EADDRINUSE is not
	var errno syscall.Errno
	if !errors.As(err, &errno) || errno != syscall.EADDRINUSE && errno != inUseOnWindows {
		return fmt.Errorf("listening on %s: %w", address, err)
	}
	command := fmt.Sprintf("lsof -i :%d", o.port)
	if runtime.GOOS == "windows" {
		command = "netstat -ano"
	}
	hint := "run " + command + " to see which process uses it, or choose another port with --port"
	return hintError{fmt.Errorf("address %s is in use", address), hint}
}

func port(l net.Listener) int {
	if addr, ok := l.Addr().(*net.TCPAddr); ok {
		return addr.Port
	}
	return 0
}

// checkFunctions returns an error for functions that cannot be served.
func checkFunctions(functions []Function, o options) error {
	seen := make(map[string]bool, len(functions))
	for _, f := range functions {
		switch {
		case f.Name == "" || strings.Count(f.Name, "/") > 1:
			return fmt.Errorf("function %q: invalid name", f.Name)
		case f.Handler == nil && f.Stream == nil:
			return fmt.Errorf("function %s: handler is nil", f.Name)
		case seen[f.Name]:
			return fmt.Errorf("duplicate function %s", f.Name)
		case o.healthz && f.hasRoute("/"+healthz):
			return usageError{error: errors.New("-healthz conflicts with the function " + f.Name)}
		}
		seen[f.Name] = true
	}
	return nil
}

// hasRoute reports whether the function answers requests for path by name.
func (f Function) hasRoute(path string) bool {
	return len(f.Routes) == 0 && "/"+f.Name == path || slices.ContainsFunc(f.Routes, func(pattern string) bool {
		_, rest, _ := strings.Cut(pattern, "/")
		return "/"+strings.TrimSpace(rest) == path
	})
}

// A server is an HTTP server for all functions, which tracks its connections.
type server struct {
	http     *http.Server
	router   *router
	open     atomic.Int64 // number of open connections
	newConns sync.Map     // keys are the net.Conns that have not sent a request yet
}

func newServer(o options, functions []Function) *server {
	s := &server{router: newRouter(o, functions)}
	s.http = &http.Server{
		Handler:           s.router,
		ReadHeaderTimeout: min(headerTimeout, orForever(o.readTimeout)),
		// For bodies that no function reads; the gateway has its own. If it is
		// equal to ReadHeaderTimeout, a request sets one deadline less.
		ReadTimeout:    min(headerTimeout, o.readTimeout),
		IdleTimeout:    orForever(o.idleTimeout),
		WriteTimeout:   o.writeTimeout(),
		MaxHeaderBytes: int(o.headerLimit),
		ConnState:      s.connState,
		ErrorLog:       log.New(errorLog{}, "", 0),
	}
	return s
}

// An errorLog passes messages of net/http to slog.Default(), which the project
// may replace after the server has started.
type errorLog struct{}

func (errorLog) Write(p []byte) (int, error) {
	slog.Error("http server", "error", strings.TrimSpace(string(p)))
	return len(p), nil
}

func (s *server) connState(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.open.Add(1)
		s.newConns.Store(conn, nil)
	case http.StateActive:
		s.newConns.Delete(conn)
	case http.StateClosed:
		s.newConns.Delete(conn)
		s.open.Add(-1)
	}
}

// drain closes all connections, each after its active request. It closes those
// that remain after limit.
//
// drain does not use http.Server.Shutdown, which drops requests that have been
// read partially and requests that arrive on a connection that has just become
// idle. Here, a client that sends a request during the grace period gets a
// response, with the header Connection: close.
func (s *server) drain(limit time.Duration) {
	deadline := time.Now().Add(limit)
	if !s.waitClosed(time.Now().Add(min(keepAliveGrace, limit))) {
		s.http.SetKeepAlivesEnabled(false) // also closes idle connections
	}
	if !s.waitClosed(time.Now().Add(min(newConnGrace, time.Until(deadline)))) {
		s.newConns.Range(func(conn, _ any) bool {
			if _, ok := s.newConns.LoadAndDelete(conn); ok {
				_ = conn.(net.Conn).Close()
			}
			return true
		})
	}
	if !s.waitClosed(deadline) {
		slog.Error("drain timeout exceeded, connections closed", "timeout", limit)
	}
	_ = s.http.Close()
}

// waitClosed waits until all connections are closed. It reports whether that
// happened before the deadline.
func (s *server) waitClosed(deadline time.Time) bool {
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	for s.open.Load() > 0 {
		if time.Now().After(deadline) {
			return false
		}
		<-ticks.C
	}
	return true
}

// hooks returns the shutdown functions of all functions, by their names.
func hooks(functions []Function, jobs Jobs) map[string]func(context.Context) error {
	all := map[string]func(context.Context) error{}
	maps.Copy(all, jobs.Hooks())
	for _, f := range functions {
		if f.Shutdown != nil {
			all[f.Name] = f.Shutdown
		}
	}
	return all
}

// shutdown calls shutdown functions concurrently, and returns when all have
// returned or the timeout has expired.
func shutdown(hooks map[string]func(context.Context) error, timeout time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	type outcome struct {
		name string
		err  error
	}
	outcomes := make(chan outcome, len(hooks))
	for name, hook := range hooks {
		go func() {
			err := errors.New("the function called runtime.Goexit")
			defer func() {
				if value := recover(); value != nil {
					err = fmt.Errorf("panic: %v", value)
				}
				outcomes <- outcome{name, err}
			}()
			err = hook(ctx)
		}()
	}
	waiting := maps.Clone(hooks)
	for len(waiting) > 0 {
		select {
		case o := <-outcomes:
			delete(waiting, o.name)
			if o.err != nil {
				slog.Error("function shutdown failed", "function", o.name, "error", o.err)
			}
		case <-ctx.Done():
			for name := range waiting {
				slog.Error("function shutdown timed out", "function", name, "timeout", timeout)
			}
			return
		}
	}
}
