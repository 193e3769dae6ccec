// Package instance runs server programs: package server of templates/runtime, with a project's functions. An instance
// tells which port it listens on over a connection to whoever started it, and ends when that connection does, so
// that none is left when fngen is killed.
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
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/fngen/fngen/internal/process"
)

// A Command is a server program and how it is started.
type Command struct {
	Argv    []string // the program, or a debugger that runs it, with the arguments before the server's
	Args    []string // of package server
	Dir     string
	Environ []string
	Stdout  io.Writer
	Stderr  io.Writer
	Grace   time.Duration // what it gets to end in when it is interrupted
}

// An Instance is a program that runs and listens.
type Instance struct {
	Addr string // where it listens: host:port

	conn   net.Conn
	cancel context.CancelFunc
	done   chan struct{}
	err    error // of its end

	drain sync.Once
}

// An EndedError says that a program ended before it listened. What it said is on its streams.
type EndedError struct{ Err error }

func (e *EndedError) Error() string {
	if e.Err == nil {
		return "the program ended before it listened"
	}
	return "the program ended before it listened: " + e.Err.Error()
}

func (e *EndedError) Unwrap() error { return e.Err }

// tokenVariable is where the program finds what tells it from others that connect.
const tokenVariable = "FNGEN_REPORT_TOKEN"

// Start starts a program and waits until it listens. When the context ends before, it is ended. Errors:
// *EndedError, and those of starting a program.
func Start(ctx context.Context, c Command) (*Instance, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	token := rand.Text()

	alive, cancel := context.WithCancel(context.WithoutCancel(ctx))
	i := &Instance{cancel: cancel, done: make(chan struct{})}
	cmd := process.Command(alive, c.Argv[0], append(append(c.Argv[1:len(c.Argv):len(c.Argv)], c.Args...), "-report", listener.Addr().String())...)
	cmd.Dir, cmd.Env = c.Dir, append(c.Environ[:len(c.Environ):len(c.Environ)], tokenVariable+"="+token)
	cmd.Stdout, cmd.Stderr = c.Stdout, c.Stderr
	if c.Grace > 0 {
		cmd.WaitDelay = c.Grace
	}
	go func() {
		defer close(i.done)
		if err := process.Run(alive, cmd); !errors.Is(err, context.Canceled) {
			i.err = err
		}
	}()

	reports := make(chan net.Conn)
	go accept(listener, token, reports, i)
	select {
	case i.conn = <-reports:
		go func() {
			<-i.done
			i.conn.Close()
		}()
		return i, nil
	case <-i.done:
		if i.err != nil && !errors.As(i.err, new(*exec.ExitError)) && !errors.Is(i.err, exec.ErrWaitDelay) {
			return nil, i.err // it did not even start
		}
		return nil, &EndedError{i.err}
	case <-ctx.Done():
		i.Kill()
		return nil, ctx.Err()
	}
}

// accept hands over the connection of the program that knows the token, with its address noted. Other
// local programs may try.
func accept(listener net.Listener, token string, reports chan<- net.Conn, i *Instance) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return // the listener is closed: somebody has reported, or nobody will
		}
		go func() {
			_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
			line, err := bufio.NewReader(io.LimitReader(conn, 256)).ReadString('\n')
			got, port, ok := strings.Cut(strings.TrimSpace(line), " ")
			number, bad := strconv.ParseUint(port, 10, 16)
			if err != nil || !ok || bad != nil || subtle.ConstantTimeCompare([]byte(got), []byte(token)) != 1 {
				conn.Close()
				return
			}
			i.Addr = fmt.Sprintf("127.0.0.1:%d", number)
			select {
			case reports <- conn:
			case <-i.done:
				conn.Close()
			}
		}()
	}
}

// Done is closed when the program has ended.
func (i *Instance) Done() <-chan struct{} { return i.done }

// Err is how a program that is done ended: nil for exit code 0, and where it was killed by [Instance.Kill].
func (i *Instance) Err() error { return i.err }

// Drain asks the program to end when it has answered what it is asked already.
func (i *Instance) Drain() {
	i.drain.Do(func() { _, _ = io.WriteString(i.conn, "drain\n") })
}

// Stop drains the program, and when the context ends first, kills it. It returns when it has ended.
func (i *Instance) Stop(ctx context.Context) error {
	i.Drain()
	select {
	case <-i.done:
	case <-ctx.Done():
		i.Kill()
	}
	return i.err
}

// Kill interrupts the program, kills what does not heed it, and returns when nothing is left.
func (i *Instance) Kill() {
	i.cancel()
	<-i.done
}
