// Package instance runs server programs, which are made of a project's
// functions and package server of templates/runtime.
//
// An instance reports its port over a connection to the process that started
// it, and exits when that connection is closed. So no instance outlives fngen,
// even if fngen is killed.
package instance

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/fngen/fngen/internal/process"
)

// A Command describes how to start a server program.
type Command struct {
	Argv    []string // the program, or a debugger with its arguments that runs the program
	Args    []string // the arguments of package server
	Dir     string   // the working directory
	Environ []string // the environment
	Stdout  io.Writer
	Stderr  io.Writer
	Grace   time.Duration // between an interrupt and a kill; 0 is the default of package process
}

// An Instance is a running server program.
type Instance struct {
	Addr string // the host:port that the program listens on

	conn   net.Conn // the program's report connection
	cancel context.CancelFunc
	done   chan struct{}
	err    error // set before done is closed

	drain sync.Once
}

// An ExitError reports that a program failed, or exited before it listened. The
// program has printed the reason to its standard error.
type ExitError struct {
	Err      error // nil after exit status 0
	Listened bool
}

func (e *ExitError) Error() string {
	message := "the program exited"
	if !e.Listened {
		message += " before it listened on its port"
	}
	if e.Err != nil {
		message += ": " + e.Err.Error()
	}
	return message
}

func (e *ExitError) Unwrap() error { return e.Err }

// tokenVariable is the environment variable with the token that authenticates
// the program's report connection.
const tokenVariable = "FNGEN_REPORT_TOKEN"

// Start starts a program and waits until it listens. If the program exits
// first, Start returns an *ExitError. If ctx is done first, Start stops the
// program and returns the context's error. Later, ctx has no effect on the
// program.
func Start(ctx context.Context, c Command) (*Instance, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	token := rand.Text()

	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	i := &Instance{cancel: cancel, done: make(chan struct{})}
	cmd := c.command(running, listener.Addr().String(), token)
	go func() {
		defer close(i.done)
		if err := process.Run(running, cmd); !errors.Is(err, context.Canceled) {
			i.err = err
		}
	}()

	reports := make(chan report)
	go acceptReports(listener, token, reports, i.done)
	select {
	case r := <-reports:
		i.Addr, i.conn = fmt.Sprintf("127.0.0.1:%d", r.port), r.conn
		go func() {
			<-i.done
			_ = i.conn.Close()
		}()
		return i, nil
	case <-i.done:
		if i.err != nil && !errors.As(i.err, new(*exec.ExitError)) && !errors.Is(i.err, exec.ErrWaitDelay) {
			return nil, i.err // the program could not be started
		}
		return nil, &ExitError{Err: i.err}
	case <-ctx.Done():
		i.Kill()
		return nil, ctx.Err()
	}
}

// Run starts a program and waits until it exits. When ctx is done, Run drains
// the program and returns nil; SIGINT or SIGTERM then kills it. If the program
// fails, Run returns an *ExitError.
func Run(ctx context.Context, c Command) error {
	i, err := Start(ctx, c)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	}
	select {
	case <-i.Done():
	case <-ctx.Done():
		signaled, stop := signal.NotifyContext(context.WithoutCancel(ctx), os.Interrupt, syscall.SIGTERM)
		defer stop()
		_ = i.Stop(signaled) // the error is that of Err
	}
	if err := i.Err(); err != nil {
		return &ExitError{Err: err, Listened: true}
	}
	return nil
}

// command returns the process that reports its port to the address addr.
func (c Command) command(ctx context.Context, addr, token string) *exec.Cmd {
	args := slices.Concat(c.Argv[1:], c.Args, []string{"-report", addr})
	cmd := process.Command(ctx, c.Argv[0], args...)
	cmd.Dir, cmd.Env = c.Dir, append(slices.Clone(c.Environ), tokenVariable+"="+token)
	cmd.Stdout, cmd.Stderr = c.Stdout, c.Stderr
	if c.Grace > 0 {
		cmd.WaitDelay = c.Grace
	}
	return cmd
}

// A report is what a program sends when it listens.
type report struct {
	conn net.Conn
	port uint16
}

// acceptReports sends the report of the program that knows the token, until the
// listener is closed. It ignores other local processes that connect.
func acceptReports(listener net.Listener, token string, reports chan<- report, done <-chan struct{}) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			port, err := readReport(conn, token)
			if err != nil {
				_ = conn.Close()
				return
			}
			select {
			case reports <- report{conn, port}:
			case <-done:
				_ = conn.Close()
			}
		}()
	}
}

// readReport reads a line with the token and a port from conn.
func readReport(conn net.Conn, token string) (port uint16, err error) {
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	line, err := bufio.NewReader(io.LimitReader(conn, 256)).ReadString('\n')
	if err != nil {
		return 0, err
	}
	got, number, _ := strings.Cut(strings.TrimSpace(line), " ")
	if subtle.ConstantTimeCompare([]byte(got), []byte(token)) != 1 {
		return 0, errors.New("invalid token")
	}
	n, err := strconv.ParseUint(number, 10, 16)
	return uint16(n), err
}

// Done returns a channel that is closed when the program has exited.
func (i *Instance) Done() <-chan struct{} { return i.done }

// Err returns how a program that is done exited. It returns nil after exit
// status 0 and after [Instance.Kill].
func (i *Instance) Err() error { return i.err }

// Drain asks the program to exit when the requests in progress are complete.
func (i *Instance) Drain() {
	i.drain.Do(func() { _, _ = io.WriteString(i.conn, "drain\n") })
}

// Stop drains the program and waits until it has exited. If ctx is done first,
// Stop kills it.
func (i *Instance) Stop(ctx context.Context) error {
	i.Drain()
	select {
	case <-i.done:
	case <-ctx.Done():
		i.Kill()
	}
	return i.err
}

// Kill interrupts the program, kills it if it does not exit, and waits until
// the process and its children are gone.
func (i *Instance) Kill() {
	i.cancel()
	<-i.done
}
