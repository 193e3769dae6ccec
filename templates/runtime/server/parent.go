package server

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"time"
)

// A parentConn is the connection to the parent process. The zero parentConn
// means that there is no parent: its channels are nil and never ready.
type parentConn struct {
	conn   net.Conn
	drain  <-chan struct{} // closed when the parent asks the process to drain and exit
	closed <-chan struct{} // closed when the parent closes the connection or exits
}

// dialParent connects to the parent process and reports the port on which this
// process listens, as one line with the token and the port. The parent may send
// the line "drain" to start a graceful shutdown.
func dialParent(ctx context.Context, address, token string, port int) (*parentConn, error) {
	dialer := net.Dialer{Timeout: 10 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("reporting port to %s: %w", address, err)
	}
	if _, err := fmt.Fprintf(conn, "%s %d\n", token, port); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("reporting port to %s: %w", address, err)
	}
	drain, closed := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(closed)
		lines, drained := bufio.NewScanner(conn), false
		for lines.Scan() {
			if lines.Text() == "drain" && !drained {
				drained = true
				close(drain)
			}
		}
	}()
	return &parentConn{conn: conn, drain: drain, closed: closed}, nil
}

func (l *parentConn) close() { _ = l.conn.Close() }
