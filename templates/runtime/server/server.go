// Package server is the program that serves functions over HTTP: it reads flags and the environment, listens, leads
// requests to functions by package gateway, and ends without losing one. Its main package is made by fngen, and says
// no more than which functions there are:
//
//	func main() {
//		os.Exit(server.Main(server.Function{Name: "divide", Handler: divide.Handler}))
//	}
//
// fngen serve runs it as it is. fngen dev runs it behind its own proxy, as its child: see the flags -report and -dev.
package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/fngen/fngen/templates/runtime/gateway"
)

// A Function is what is served at / and its name, and at all paths below.
type Function struct {
	Name    string
	Handler gateway.Function

	// Shutdown is called once when the server ends, after the last request. It may be nil.
	Shutdown func(context.Context) error
}

// Main serves functions until the process is told to end, by SIGTERM, an interrupt or its parent. It returns the
// process's exit code: 0 when all is done, 1 when it could not be, 2 when the flags or the environment are wrong.
func Main(functions ...Function) int {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	_ = os.Setenv("FNGEN_RUNTIME", "server") // package db opens the database of DATABASE_URL only here
	w := world{args: os.Args[1:], lookup: os.LookupEnv, unset: os.Unsetenv, stderr: os.Stderr, signals: signals}
	return w.run(context.Background(), functions)
}

// A world is all that the server can reach besides the network.
type world struct {
	args    []string
	lookup  func(name string) (string, bool) // the environment's
	unset   func(name string) error
	stderr  io.Writer
	signals <-chan os.Signal // the first ends it in good order, the second at once
}

// Times that are nobody's choice.
const (
	headerTimeout = 10 * time.Second // for a client to send a request's header
	answerTimeout = time.Minute      // for a client to read an answer
	hookTimeout   = 5 * time.Second  // for a function's Shutdown
	grace         = 250 * time.Millisecond
)

// run serves until ctx is done, which is as good as a signal, and returns the exit code.
func (w *world) run(ctx context.Context, functions []Function) int {
	o, err := parse(w.args, w.lookup, w.stderr)
	if err == nil {
		err = check(functions, o)
	}
	if err != nil {
		return w.fail(err)
	}
	if o.report != "" {
		// No function, and no program that a function starts, needs to know it.
		if err := w.unset(tokenEnv); err != nil {
			return w.fail(fmt.Errorf("%s: %w", tokenEnv, err))
		}
	}

	listener, err := net.Listen("tcp", net.JoinHostPort(o.host, strconv.Itoa(o.port)))
	if err != nil {
		return w.fail(listenError(o, err))
	}
	defer listener.Close()
	parent := new(lifeline)
	if o.report != "" {
		if parent, err = report(ctx, o.report, o.token, port(listener)); err != nil {
			return w.fail(err)
		}
		defer parent.close()
	}
	if o.notice {
		w.say("listening on this machine only, as HOST is not set: to serve others, set HOST=0.0.0.0 or -host 0.0.0.0")
	}
	if !o.dev { // the parent says where it can be reached
		w.say("listening on http://" + net.JoinHostPort(o.host, strconv.Itoa(port(listener))))
	}

	s := newServer(o, functions)
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(listener) }()
	defer s.http.Close()

	select {
	case <-ctx.Done():
	case <-w.signals:
	case <-parent.drain:
	case <-parent.gone:
		return 1
	case err := <-served:
		return w.fail(fmt.Errorf("listening on %s: %w", listener.Addr(), err))
	}

	// What ends it now ends it at once, so the rest is done beside.
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = listener.Close()
		<-served // and so knows of every connection
		s.drain(o.drain)
		shutdown(functions, hookTimeout)
	}()
	select {
	case <-ended:
		return 0
	case <-w.signals:
	case <-parent.gone:
	}
	return 1
}

func (w *world) say(line string) { fmt.Fprintln(w.stderr, "fngen: "+line) }

// fail says what is wrong, and with what code to exit.
func (w *world) fail(err error) int {
	var usage usageError
	if errors.As(err, &usage) && usage.help {
		return 0
	}
	w.say(err.Error())
	var hinted hintError
	if errors.As(err, &hinted) {
		fmt.Fprintln(w.stderr, "hint: "+hinted.hint)
	}
	if errors.As(err, &usage) {
		return 2
	}
	return 1
}

// A hintError is an error and what to do about it.
type hintError struct {
	error
	hint string
}

func (e hintError) Unwrap() error { return e.error }

// listenError says why an address cannot be listened on, and who may know.
func listenError(o options, err error) error {
	address := net.JoinHostPort(o.host, strconv.Itoa(o.port))
	const inUseOnWindows = syscall.Errno(10048) // WSAEADDRINUSE, which syscall.EADDRINUSE is not
	var errno syscall.Errno
	if !errors.As(err, &errno) || errno != syscall.EADDRINUSE && errno != inUseOnWindows {
		return fmt.Errorf("listening on %s: %w", address, err)
	}
	who := fmt.Sprintf("lsof -i :%d", o.port)
	if runtime.GOOS == "windows" {
		who = "netstat -ano"
	}
	return hintError{fmt.Errorf("address %s is in use", address), who + " shows by whom; or choose another with --port"}
}

func port(l net.Listener) int {
	if addr, ok := l.Addr().(*net.TCPAddr); ok {
		return addr.Port
	}
	return 0
}

// check finds what cannot be served.
func check(functions []Function, o options) error {
	seen := make(map[string]bool, len(functions))
	for _, f := range functions {
		switch {
		case f.Name == "" || strings.Contains(f.Name, "/"):
			return fmt.Errorf("function %q: it cannot have this name", f.Name)
		case f.Handler == nil:
			return fmt.Errorf("function %s: its handler is nil", f.Name)
		case seen[f.Name]:
			return fmt.Errorf("function %s: there are two", f.Name)
		case o.healthz && f.Name == healthz:
			return usageError{error: fmt.Errorf("-healthz: there is a function of that name")}
		}
		seen[f.Name] = true
	}
	return nil
}

// A server answers the requests of all functions.
type server struct {
	http   *http.Server
	router *router
	open   atomic.Int64 // connections
	fresh  sync.Map     // net.Conn: those that have sent no request yet
}

func newServer(o options, functions []Function) *server {
	s := &server{router: newRouter(o, functions)}
	s.http = &http.Server{
		Handler:           s.router,
		ReadHeaderTimeout: min(headerTimeout, orForever(o.readTimeout)),
		IdleTimeout:       o.idleTimeout,
		WriteTimeout:      o.writeTimeout(),
		MaxHeaderBytes:    int(o.headerLimit),
		ConnState:         s.connState,
		ErrorLog:          log.New(errorLog{}, "", 0),
	}
	return s
}

// An errorLog hands what net/http has to say to the project's log, which may be set later.
type errorLog struct{}

func (errorLog) Write(p []byte) (int, error) {
	slog.Error("http server", "error", strings.TrimSpace(string(p)))
	return len(p), nil
}

func (s *server) connState(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		s.open.Add(1)
		s.fresh.Store(conn, nil)
	case http.StateActive:
		s.fresh.Delete(conn)
	case http.StateClosed:
		s.fresh.Delete(conn)
		s.open.Add(-1)
	}
}

// drain ends all connections, those with a request under way when it is answered. What is not done in time is cut.
//
// It is no call of Shutdown, which drops requests that it finds half read, and those that are on their way on a
// connection that has just become idle. Here, whoever sends one within the grace gets an answer, and is told to close.
func (s *server) drain(limit time.Duration) {
	end := time.Now().Add(limit)
	s.router.draining.Store(true)
	if !s.closedBy(time.Now().Add(min(grace, limit))) {
		s.http.SetKeepAlivesEnabled(false) // closes the idle ones, too
		s.fresh.Range(func(conn, _ any) bool {
			if _, still := s.fresh.LoadAndDelete(conn); still {
				_ = conn.(net.Conn).Close()
			}
			return true
		})
	}
	if !s.closedBy(end) {
		slog.Error("requests were cut: the time to end them was over", "limit", limit)
	}
	_ = s.http.Close()
}

// closedBy waits until no connection is open, and tells whether that is so by then.
func (s *server) closedBy(end time.Time) bool {
	ticks := time.NewTicker(5 * time.Millisecond)
	defer ticks.Stop()
	for s.open.Load() > 0 {
		if time.Now().After(end) {
			return false
		}
		<-ticks.C
	}
	return true
}

// shutdown calls the functions' hooks, all at once, and waits for each no longer than limit.
func shutdown(functions []Function, limit time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	type outcome struct {
		name string
		err  error
	}
	outcomes := make(chan outcome, len(functions))
	waiting := map[string]bool{}
	for _, f := range functions {
		if f.Shutdown == nil {
			continue
		}
		waiting[f.Name] = true
		go func() {
			err := errors.New("it called runtime.Goexit")
			defer func() {
				if value := recover(); value != nil {
					err = fmt.Errorf("panic: %v", value)
				}
				outcomes <- outcome{f.Name, err}
			}()
			err = f.Shutdown(ctx)
		}()
	}
	for len(waiting) > 0 {
		select {
		case o := <-outcomes:
			delete(waiting, o.name)
			if o.err != nil {
				slog.Error("function's shutdown failed", "function", o.name, "error", o.err)
			}
		case <-ctx.Done():
			for name := range waiting {
				slog.Error("function's shutdown took too long", "function", name, "limit", limit)
			}
			return
		}
	}
}
